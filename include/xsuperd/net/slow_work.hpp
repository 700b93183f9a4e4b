// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace xsuperd::net {

/// Threads for work that may hang as long as a network does, name look-ups above all, and that cannot be cancelled.
/// Nothing waits for them: what still hangs at the end is abandoned. Lives on the loop thread.
///
/// Threads are started when they are needed, with all signals blocked.
class SlowWork {
 public:
  struct Options {
    std::size_t threads = 2;   ///< at most
    std::size_t queue = 1024;  ///< pieces of work that may wait for a thread
  };
  /// Thrown by work that has left its thread in a state in which no other may be done on it. The thread ends, and has no
  /// successor; what is to be done afterwards is done.
  struct Unfit : std::exception {};
  /// Names a piece of work; 0: none.
  using Id = std::uint64_t;
  /// What is to be done on the loop thread afterwards.
  using Then = std::function<void()>;

  /// The loop must outlive the object, not its threads.
  SlowWork(boost::asio::io_context& loop, Options options);
  /// Does not block. Work that has not begun is dropped, and no Then is called any more.
  ~SlowWork();
  SlowWork(const SlowWork&) = delete;
  SlowWork& operator=(const SlowWork&) = delete;

  /// Does `work` on one of the threads, in the order of the calls, and then on the loop thread what it returns. It must
  /// own all it uses, or be sure of it however long it takes (see busy()). Nothing is returned of what throws. 0, and
  /// nothing happens, when the queue is full or no thread can be started.
  Id run(std::function<Then()> work);
  /// The same for work that reports its outcome in its own way. When this does not return 0, `then` will be called on
  /// the loop thread, also when `work` has thrown, and that takes no memory: a flag that it clears may be set now.
  Id run(std::function<void()> work, Then then);
  /// Withdraws work that no thread has begun. False when one has.
  bool cancel(Id id);
  /// Is a thread at work, or has one ended as Unfit?
  [[nodiscard]] bool busy() const;

 private:
  struct Return;
  struct Shared;
  std::shared_ptr<Shared> shared_;
  struct Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace xsuperd::net
