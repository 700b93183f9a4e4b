// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "xsuperd/base/deadline_queue.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::loop {

/// The deadlines of many things that are alike, each told by a number of its owner's, with one alarm for all of them:
/// what comes and goes takes nothing from the heap once there were as many at a time. When `due` throws, the deadlines
/// that have passed meanwhile are reported in a later turn of the loop. Lives on the loop thread; `due` is never called
/// after this has ended, nor from inside add().
class Deadlines {
 public:
  using Handle = base::DeadlineQueue<std::uint64_t>::Handle;

  /// `due` may add, cancel, move and end this.
  Deadlines(boost::asio::io_context& loop, std::function<void(std::uint64_t)> due);
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  /// `due` is called with `number` after `delay`. Throws bad_alloc, and has changed nothing then.
  Handle add(std::chrono::milliseconds delay, std::uint64_t number);
  /// False when the handle names none: it was reported, or cancelled before.
  bool cancel(Handle handle) noexcept;
  /// From now on `delay` counts instead of the previous one. False as above.
  bool move(Handle handle, std::chrono::milliseconds delay) noexcept;
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::loop
