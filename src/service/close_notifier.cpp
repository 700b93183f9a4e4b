// SPDX-License-Identifier: MIT
#include "service/close_notifier.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "xsuperd/base/signals_blocked.hpp"

namespace xsuperd::service {

namespace {

constexpr std::size_t most_waiting = 256;

}  // namespace

/// Of the loop and the thread, whichever lives longer.
struct CloseNotifier::Shared {
  struct Job {
    std::uint64_t number;
    base::Fd connection;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  std::vector<std::pair<std::uint64_t, tls::Told>> done;
  base::Fd alarm{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  bool over = false;

  void run() {
    for (std::unique_lock lock(mutex);;) {
      changed.wait(lock, [this] { return over || !jobs.empty(); });
      if (over) return;
      Job job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      const tls::Told told = tls::close_notify(job.connection.get());
      job.connection.reset();
      lock.lock();
      done.emplace_back(job.number, told);
      ring();
    }
  }
  void ring() const {
    const std::uint64_t one = 1;
    (void)!::write(alarm.get(), &one, sizeof one);
  }
};

CloseNotifier::CloseNotifier(boost::asio::io_context& loop) : loop_(loop), done_(loop) {}

/// The thread is not waited for: it may be held up.
CloseNotifier::~CloseNotifier() {
  if (done_.is_open()) (void)done_.release();  // the descriptor is shared
  if (!shared_) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->over = true;
  shared_->changed.notify_one();
}

/// Signals are for the loop's thread.
void CloseNotifier::begin() {
  auto shared = std::make_shared<Shared>();
  done_.assign(shared->alarm.get());
  try {
    const base::SignalsBlocked blocked;
    std::thread([shared] { shared->run(); }).detach();
  } catch (const std::exception&) {
    (void)done_.release();
    throw;
  }
  shared_ = std::move(shared);
  wait();
}

void CloseNotifier::tell(base::Fd connection, Then then) {
  const std::uint64_t number = ++last_;
  try {
    if (!shared_) begin();
    if (waiting_.size() < most_waiting) {
      waiting_.emplace(number, then);
      const std::lock_guard lock(shared_->mutex);
      shared_->jobs.push_back({number, std::move(connection)});
      return shared_->changed.notify_one();
    }
  } catch (const std::exception&) {  // no memory, no thread, no descriptor
    waiting_.erase(number);
  }
  boost::asio::post(loop_, [then = std::move(then)] { then(tls::Told::no); });
}

void CloseNotifier::wait() {
  done_.async_wait(done_.wait_read, [this](boost::system::error_code error) {
    if (!error) collect();
  });
}

void CloseNotifier::collect() {
  std::uint64_t count = 0;
  (void)!::read(shared_->alarm.get(), &count, sizeof count);
  std::vector<std::pair<std::uint64_t, tls::Told>> done;
  {
    const std::lock_guard lock(shared_->mutex);
    done.swap(shared_->done);
  }
  wait();
  for (const auto& [number, told] : done)
    if (auto found = waiting_.extract(number)) found.mapped()(told);
}

}  // namespace xsuperd::service
