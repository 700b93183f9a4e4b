// SPDX-License-Identifier: MIT
// Tells peers the end of connections in which the kernel speaks TLS. Internal to service.
#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/tls/kernel.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::service {

/// Has a thread do it, which a server's child that still writes to its connection may hold up for as long as its peer likes: the
/// loop goes on, and so does the end of the daemon. Meanwhile only so many wait, and others are not told. Loop thread only.
class CloseNotifier {
 public:
  explicit CloseNotifier(boost::asio::io_context& loop);
  ~CloseNotifier();
  CloseNotifier(const CloseNotifier&) = delete;
  CloseNotifier& operator=(const CloseNotifier&) = delete;

  using Then = std::function<void(tls::Told)>;
  /// `then` is called once, on the loop thread and never from inside this call, unless this object is destroyed before.
  void tell(base::Fd connection, Then then);

 private:
  struct Shared;
  void begin();
  void wait();
  void collect();

  boost::asio::io_context& loop_;
  std::shared_ptr<Shared> shared_;  // null as long as nobody has been told anything
  boost::asio::posix::stream_descriptor done_;
  std::unordered_map<std::uint64_t, Then> waiting_;
  std::uint64_t last_ = 0;
};

}  // namespace xsuperd::service
