// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace xsuperd::loop {

/// Waits on the loop until a descriptor can be read: the one way in which the daemon waits for what it must never stop
/// hearing. Waiting cannot be lost:
///  - wait() does not fail. Where the kernel watches no more descriptors (epoll_ctl(2): ENOSPC, ENOMEM), or there is no
///    memory, it is tried again each second.
///  - When `ready` throws without having called wait() or stop(), it is called again after a short pause for what is
///    there then. The exception goes on to whoever runs the loop.
/// Does not own the descriptor, which stays open until stop(). Lives on the loop thread; `ready` is never called after
/// stop() or its end, nor from inside wait().
class Watch {
 public:
  /// `fd` may be -1: then start() tells it.
  Watch(boost::asio::io_context& loop, int fd, std::function<void()> ready);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Watches this descriptor from the next wait() on. Only when none is being watched.
  void start(int fd) noexcept;
  /// `ready` is called once, when there is something to read. No effect while it is waiting already.
  void wait() noexcept;
  /// The same after a second: for callers that could not take what is there, and should not be told again at once.
  void wait_later() noexcept;
  /// Waits no longer, and takes the descriptor off the loop's poll set.
  void stop() noexcept;
  [[nodiscard]] int fd() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::loop
