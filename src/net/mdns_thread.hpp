// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/net/mdns.hpp"

namespace xsuperd::net {

/// The thread that talks with avahi-daemon, because libavahi-client waits for answers of D-Bus. It is told what
/// is to be announced, never how to get there. Any thread may call it; to be held by a shared_ptr, because a
/// thread that hangs in D-Bus may outlive its owner.
class MdnsThread : public std::enable_shared_from_this<MdnsThread> {
 public:
  using Services = std::set<MdnsService>;
  /// `tell` gets sentences for the log; it is called on the thread.
  explicit MdnsThread(std::function<void(std::string)> tell);

  /// All that is to be announced from now on. The thread begins when there is something, and ends when there is
  /// nothing. Throws std::system_error when no thread or descriptor is available.
  void want(Services services);
  /// Withdraws everything, waits so long for it, and says nothing more.
  void end(std::chrono::milliseconds patience);

 private:
  void start();
  void run();
  void give_up(const std::string& why);
  [[nodiscard]] bool take(Services& services, bool connected);
  void tell(const std::string& sentence);

  std::mutex mutex_;  ///< held for moments only, over what follows
  std::condition_variable ended_;
  std::function<void(std::string)> tell_;
  Services wanted_;
  bool running_ = false;
  base::Fd wake_;  ///< eventfd, made with the first thread
};

}  // namespace xsuperd::net
