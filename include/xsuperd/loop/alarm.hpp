// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace xsuperd::loop {

/// Calls back once after a time. Setting it cannot fail, so a handler that sets its own alarm again before it does
/// anything else is called again whatever it throws. Lives on the loop thread; `due` is never called after cancel() or
/// its end, nor from inside set().
class Alarm {
 public:
  Alarm(boost::asio::io_context& loop, std::function<void()> due);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// `due` is called after `delay`; what was set before is forgotten.
  void set(std::chrono::milliseconds delay) noexcept;
  void cancel() noexcept;
  /// Is `due` still to be called? No longer while it runs, unless it has set the alarm again.
  [[nodiscard]] bool is_set() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::loop
