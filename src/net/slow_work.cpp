// SPDX-License-Identifier: MIT
#include "xsuperd/net/slow_work.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace xsuperd::net {

/// What the loop and the threads share. Lives until the last thread has ended, however late that is.
struct SlowWork::Shared {
  struct Piece {
    Id id = 0;
    std::function<Then()> work;
  };
  std::mutex mutex;
  std::condition_variable change;
  // All that follows is guarded by the mutex.
  std::deque<Piece> queue;
  std::vector<char> busy;  // one for each thread
  bool closed = false;
  boost::asio::io_context* loop = nullptr;  // not to be touched once closed
};

struct SlowWork::Threads {
  std::vector<std::thread> all;
  std::size_t most;
  std::size_t queue;
  Id last_id = 0;
};

namespace {

/// A piece that throws, for want of memory say, is lost; those who wait for it have a deadline.
template <typename Work>
SlowWork::Then result_of(const Work& work) {
  try {
    return work();
  } catch (const std::exception&) {
    return {};
  }
}

/// Whoever waits for the answer gets none in time, as if nobody had known one, when there is no memory to pass it on.
void pass_on(boost::asio::io_context& loop, SlowWork::Then then) {
  try {
    boost::asio::post(loop, std::move(then));
  } catch (const std::exception&) {
  }
}

std::thread start_thread(std::function<void()> code) {
  // Handlers of signals belong to the loop thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread(std::move(code));
  } catch (const std::system_error&) {  // too many threads: an empty one says so
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

/// The code of a thread.
template <typename Shared>
void serve(Shared& s, std::size_t number) {
  std::unique_lock lock(s.mutex);
  while (true) {
    s.change.wait(lock, [&s] { return s.closed || !s.queue.empty(); });
    if (s.closed) return;
    const auto work = std::move(s.queue.front().work);
    s.queue.pop_front();
    s.busy[number] = 1;
    lock.unlock();
    SlowWork::Then then = result_of(work);
    lock.lock();
    s.busy[number] = 0;
    if (s.closed) return;
    if (then) pass_on(*s.loop, std::move(then));
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
  std::deque<Shared::Piece> queue;
  std::vector<char> busy;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    busy = shared_->busy;
    queue.swap(shared_->queue);
  }
  shared_->change.notify_all();
  for (std::size_t i = 0; i < threads_->all.size(); ++i) {
    if (busy[i])
      threads_->all[i].detach();  // nobody knows when its work ends
    else
      threads_->all[i].join();
  }
}

SlowWork::Id SlowWork::run(std::function<Then()> work) {
  const Id id = ++threads_->last_id;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->queue.size() >= threads_->queue) return 0;
    const auto idle = std::count(shared_->busy.begin(), shared_->busy.end(), 0);
    if (shared_->queue.size() >= static_cast<std::size_t>(idle) && threads_->all.size() < threads_->most) {
      threads_->all.reserve(threads_->all.size() + 1);
      shared_->busy.push_back(0);
      std::thread thread =
          start_thread([shared = shared_, number = threads_->all.size()] { serve(*shared, number); });
      if (thread.joinable())
        threads_->all.push_back(std::move(thread));
      else
        shared_->busy.pop_back();
    }
    if (threads_->all.empty()) return 0;
    shared_->queue.push_back({id, std::move(work)});
  }
  shared_->change.notify_one();
  return id;
}

bool SlowWork::cancel(Id id) {
  std::function<Then()> work;  // goes without the lock
  const std::lock_guard lock(shared_->mutex);
  const auto piece = std::find_if(shared_->queue.begin(), shared_->queue.end(), [id](const auto& p) { return p.id == id; });
  if (piece == shared_->queue.end()) return false;
  work = std::move(piece->work);
  shared_->queue.erase(piece);
  return true;
}

bool SlowWork::busy() const {
  const std::lock_guard lock(shared_->mutex);
  return std::any_of(shared_->busy.begin(), shared_->busy.end(), [](char b) { return b != 0; });
}

}  // namespace xsuperd::net
