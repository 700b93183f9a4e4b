// SPDX-License-Identifier: MIT
#include "xsuperd/net/slow_work.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "xsuperd/base/signals_blocked.hpp"
#include "xsuperd/loop/slot.hpp"

namespace xsuperd::net {

/// The way back to the loop, with the memory for it: it can be taken whatever happens.
struct SlowWork::Return {
  explicit Return(Then what) : then(std::move(what)) {}
  Then then;
  loop::Slot room;
};

/// What the loop and the threads share. Lives until the last thread has ended, however late that is.
struct SlowWork::Shared {
  struct Piece {
    Id id = 0;
    std::function<void()> work;
    std::shared_ptr<Return> back;
  };
  std::mutex mutex;
  std::condition_variable change;
  // All that follows is guarded by the mutex.
  std::deque<Piece> queue;
  std::vector<std::shared_ptr<Return>> at_work;  // for each thread what it is at; null: nothing
  bool closed = false;
  boost::asio::io_context* loop = nullptr;  // not to be touched once closed
};

struct SlowWork::Threads {
  std::vector<pthread_t> all;
  std::size_t most;
  std::size_t queue;
  Id last_id = 0;
};

namespace {

/// Name services need little; what is mapped for a thread counts where the address space is limited.
constexpr std::size_t stack_size = 1U << 20;

/// False when no thread can be started.
bool start_thread(pthread_t& thread, std::function<void()> code) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, stack_size);
  const base::SignalsBlocked blocked;
  auto owned = std::make_unique<std::function<void()>>(std::move(code));
  const auto run = [](void* argument) -> void* {
    const std::unique_ptr<std::function<void()>> mine(static_cast<std::function<void()>*>(argument));
    (*mine)();
    return nullptr;
  };
  const int error = pthread_create(&thread, &attributes, run, owned.get());
  if (error == 0) (void)owned.release();
  pthread_attr_destroy(&attributes);
  return error == 0;
}

/// The code of a thread.
template <typename Shared>
void serve(Shared& s, std::size_t number) {
  std::unique_lock lock(s.mutex);
  while (true) {
    s.change.wait(lock, [&s] { return s.closed || !s.queue.empty(); });
    if (s.closed) return;
    auto piece = std::move(s.queue.front());
    s.queue.pop_front();
    s.at_work[number] = piece.back;
    lock.unlock();
    bool unfit = false;
    try {
      piece.work();
    } catch (const SlowWork::Unfit&) {
      unfit = true;
    } catch (const std::exception&) {  // `then` finds out how it went
    }
    lock.lock();
    if (!unfit) s.at_work[number].reset();  // else nobody takes it for one that has time
    if (s.closed) return;
    loop::Slot& room = piece.back->room;
    boost::asio::post(*s.loop, boost::asio::bind_allocator(loop::InSlot<void>(room), [back = std::move(piece.back)] {
                        std::exchange(back->then, {})();
                      }));
    if (unfit) return;
  }
}

}  // namespace

SlowWork::SlowWork(boost::asio::io_context& loop, Options options)
    : shared_(std::make_shared<Shared>()), threads_(std::make_unique<Threads>()) {
  shared_->loop = &loop;
  threads_->most = options.threads;
  threads_->queue = options.queue;
}

SlowWork::~SlowWork() {
  // Both go here: what a Then holds is the loop thread's, and a thread that hangs may end at any time.
  std::deque<Shared::Piece> queue;
  std::deque<Then> never_called;
  std::vector<char> busy;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    queue.swap(shared_->queue);
    for (const auto& piece : shared_->at_work) {
      busy.push_back(piece != nullptr);
      if (piece) never_called.push_back(std::exchange(piece->then, {}));
    }
  }
  shared_->change.notify_all();
  for (std::size_t i = 0; i < threads_->all.size(); ++i) {
    if (busy[i])
      pthread_detach(threads_->all[i]);  // nobody knows when its work ends
    else
      pthread_join(threads_->all[i], nullptr);
  }
}

SlowWork::Id SlowWork::run(std::function<Then()> work) {
  const auto result = std::make_shared<Then>();
  return run([work = std::move(work), result] { *result = work(); },
             [result] {
               if (*result) (*result)();
             });
}

SlowWork::Id SlowWork::run(std::function<void()> work, Then then) {
  auto back = std::make_shared<Return>(std::move(then));
  const Id id = ++threads_->last_id;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->queue.size() >= threads_->queue) return 0;
    const auto idle = std::count(shared_->at_work.begin(), shared_->at_work.end(), nullptr);
    if (shared_->queue.size() >= static_cast<std::size_t>(idle) && threads_->all.size() < threads_->most) {
      threads_->all.reserve(threads_->all.size() + 1);
      shared_->at_work.push_back(nullptr);
      pthread_t thread{};
      if (start_thread(thread, [shared = shared_, number = threads_->all.size()] { serve(*shared, number); }))
        threads_->all.push_back(thread);
      else
        shared_->at_work.pop_back();
    }
    if (threads_->all.empty()) return 0;
    shared_->queue.push_back({id, std::move(work), std::move(back)});
  }
  shared_->change.notify_one();
  return id;
}

bool SlowWork::cancel(Id id) {
  Shared::Piece cancelled;  // goes without the lock
  const std::lock_guard lock(shared_->mutex);
  const auto piece = std::find_if(shared_->queue.begin(), shared_->queue.end(), [id](const auto& p) { return p.id == id; });
  if (piece == shared_->queue.end()) return false;
  cancelled = std::move(*piece);
  shared_->queue.erase(piece);
  return true;
}

bool SlowWork::busy() const {
  const std::lock_guard lock(shared_->mutex);
  return std::any_of(shared_->at_work.begin(), shared_->at_work.end(), [](const auto& piece) { return piece != nullptr; });
}

}  // namespace xsuperd::net
