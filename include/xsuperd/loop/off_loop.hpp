// SPDX-License-Identifier: MIT
#pragma once
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "xsuperd/base/error.hpp"
#include "xsuperd/loop/slot.hpp"

namespace xsuperd::loop {

/// What an exception says: for one that reports exhausted memory, or an errno value, an Error with that code. Call it
/// with std::current_exception().
[[nodiscard]] base::Error error_of(const std::exception_ptr& exception) noexcept;

template <typename T>
struct OffLoopResult {
  using type = base::Result<T>;
};
template <typename T>
struct OffLoopResult<base::Result<T>> {
  using type = base::Result<T>;
};

/// A piece of work that is on its way to a thread and back, with the memory for both ways.
template <typename Work, typename Then>
struct OffLoopTask {
  using Plain = std::invoke_result_t<Work&>;
  using Result = typename OffLoopResult<Plain>::type;

  OffLoopTask(Work what, Then afterwards) : work(std::move(what)), then(std::move(afterwards)) {}

  void run() noexcept {
    try {
      if constexpr (std::is_void_v<Plain>) {
        (*work)();
        result.emplace();
      } else if constexpr (std::is_same_v<Plain, Result>) {
        result.emplace((*work)());
      } else {
        result.emplace(boost::system::in_place_value, (*work)());
      }
    } catch (...) {
      result.emplace(boost::system::in_place_error, error_of(std::current_exception()));
    }
  }

  std::optional<Work> work;
  Then then;
  std::optional<Result> result;
  Slot way_there;
  Slot way_back;
};

/// Does `work` on `executor`, a thread pool or a strand of one, and then calls `then` on the loop with the outcome: a
/// base::Result of what `work` returns (if that is a Result already, the same). The gate for exceptions of all threads
/// that help the loop: one that leaves `work` is an Error in `then`. Throws bad_alloc, or nothing; when it does not
/// throw, `then` will be called, so a flag that `then` clears may be set right after. Both are destroyed on the loop
/// thread, or with it.
template <typename Executor, typename Work, typename Then>
void off_loop(Executor&& executor, boost::asio::io_context& loop, Work work, Then then) {
  using Task = OffLoopTask<Work, Then>;
  auto task = std::make_shared<Task>(std::move(work), std::move(then));
  Task& there = *task;
  boost::asio::post(std::forward<Executor>(executor),
                    boost::asio::bind_allocator(InSlot<void>(there.way_there), [task = std::move(task), &loop]() mutable {
                      task->run();
                      Task& back = *task;
                      boost::asio::post(loop, boost::asio::bind_allocator(InSlot<void>(back.way_back),
                                                                          [task = std::move(task)] {
                                                                            task->work.reset();
                                                                            task->then(*std::move(task->result));
                                                                          }));
                    }));
}

}  // namespace xsuperd::loop
