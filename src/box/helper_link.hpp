// SPDX-License-Identifier: MIT
// The daemon's side of the helper: its process, and the socket to it. Internal to box; loop thread.
#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "box/messages.hpp"
#include "xsuperd/box/boxes.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::box {

/// Starts a helper when one is needed, hears what it answers, and notices its end.
class HelperLink : public std::enable_shared_from_this<HelperLink> {
 public:
  struct Callbacks {
    std::function<base::Result<BoxHelper>()> start;
    std::function<void(const Reply&, std::vector<base::Fd>)> on_reply;
    std::function<void()> on_replies;  ///< called behind several, when there are no more for now
    /// It is gone, or of no use: the reason, for the log. Not called from inside of start() and send().
    std::function<void(std::string)> on_lost;
  };
  HelperLink(boost::asio::io_context& loop, Callbacks callbacks) : socket_(loop), process_(loop), callbacks_(std::move(callbacks)) {}

  /// Can it be talked to?
  [[nodiscard]] bool open() const { return socket_.is_open(); }
  /// Is there a process, which may be on its way out?
  [[nodiscard]] bool lives() const { return process_.is_open(); }
  /// Starts one, unless one lives or was started less than a second ago. What went wrong, for the log; else empty.
  [[nodiscard]] std::string start();
  /// 0 or errno. Does not wait.
  [[nodiscard]] int send(const Request& request, std::string_view bytes = {});
  /// Takes what it has answered.
  void take_replies();
  /// Waits for an answer, at most so long. False when there is none.
  [[nodiscard]] bool wait(std::chrono::milliseconds most);
  /// Has nothing to do with it any more, and kills it.
  void give_up();
  /// The end of the daemon: waits for that of the helper, up to a second. With `politely` it is not killed before.
  void close(bool politely);
  [[nodiscard]] int pidfd();

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  void take_helper(BoxHelper helper);
  void await_replies();
  void await_end();
  void look_for_end();
  [[nodiscard]] bool ends_soon();
  void kill();

  Descriptor socket_;
  Descriptor process_;
  Callbacks callbacks_;
  std::optional<std::chrono::steady_clock::time_point> started_;
  bool closed_ = false;
};

}  // namespace xsuperd::box
