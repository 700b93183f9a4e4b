// SPDX-License-Identifier: MIT
#include "xsuperd/log/writer.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "log/batch.hpp"
#include "log/delivery.hpp"
#include "xsuperd/base/signals_blocked.hpp"

namespace xsuperd::log {

namespace {

constexpr std::chrono::seconds longest_farewell{2};
constexpr std::chrono::milliseconds farewell_pause{100};
constexpr int farewell_attempts = 3;
/// After a round that had something to do, the thread rests for so long and need not be woken: that costs as much as a refusal,
/// and many lines are no more work than one. A line that comes alone does not wait.
constexpr std::chrono::milliseconds rest_after_work{5};

Delivery::Now now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

/// A broken pipe, and a file that grows too large, are error codes there.
template <typename Function>
std::thread thread_without_signals(Function function) {
  const base::SignalsBlocked blocked;
  return std::thread(std::move(function));
}

}  // namespace

/// What the two sides share, and the thread's code. The first half is guarded by the mutex, the second
/// belongs to the thread.
struct Writer::State {
  State(std::shared_ptr<Output> log, Sizes bounds)
      : sizes(bounds), daemon_log(std::move(log)), delivery(bounds.keep_bytes, now) {}

  void run();
  template <typename Function>
  void guarded(Function function);
  bool next_round();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  void deliver_batch();
  void say_farewell();

  const Sizes sizes;
  std::atomic<bool> abandoned = false;

  std::mutex mutex;
  std::condition_variable work;      ///< something to do for the thread
  std::condition_variable progress;  ///< `settled` has grown, or the thread has ended
  Batch incoming;
  std::uint64_t accepted = 0;  ///< lines that went into `incoming`, ever
  std::uint64_t settled = 0;   ///< how many of them are done with
  std::uint64_t not_taken = 0;     ///< lines for which there was no room, ever
  std::uint64_t not_delivered = 0;  ///< lines that their output did not take in time, ever
  std::uint64_t dropped = 0;   ///< lines for which there was no room, since the thread last looked
  std::shared_ptr<Output> daemon_log;
  bool urgent = false;  ///< somebody waits in flush()
  bool resting = false;  ///< the thread will look by itself
  bool stopping = false;
  bool ended = false;

  Delivery delivery;
  Batch batch;  ///< empty between two rounds
  std::uint64_t missed = 0;
  std::uint64_t failed = 0;  ///< lines that there was no memory to keep, ever
  bool everywhere = false;
  bool worked = false;  ///< in the last round
};

void Writer::State::run() {
  while (!abandoned && next_round()) {
    deliver_batch();
    guarded([this] {
      if (missed != 0) delivery.report_lost(std::exchange(missed, 0));
      delivery.retry(everywhere);
    });
  }
  guarded([this] { say_farewell(); });
  const std::lock_guard lock(mutex);
  settled = delivery.settled();
  ended = true;
  progress.notify_all();
}

/// The gate for exceptions: when there is no memory to keep a line, that line is lost and counted, not the
/// daemon.
template <typename Function>
void Writer::State::guarded(Function function) {
  try {
    function();
  } catch (const std::exception&) {
    ++missed;
    ++failed;
  }
}

/// Publishes how far we are, waits for work and takes it. False when the end has come and the queue is empty.
bool Writer::State::next_round() {
  std::unique_lock lock(mutex);
  settled = delivery.settled();
  not_delivered = delivery.lost() + failed;
  progress.notify_all();
  wait_for_work(lock);
  std::swap(incoming, batch);
  missed += std::exchange(dropped, 0);
  everywhere = std::exchange(urgent, false);
  const bool more = !stopping || !batch.empty() || missed != 0;
  std::shared_ptr<Output> current_log = daemon_log;
  lock.unlock();  // the replaced log may be closed now, which may take its time
  delivery.set_daemon_log(std::move(current_log));
  return more;
}

void Writer::State::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto hurried = [this] { return urgent || stopping; };
  if (std::exchange(worked, false)) {
    resting = true;
    work.wait_for(lock, rest_after_work, hurried);
    resting = false;
  }
  const auto some = [&] { return !incoming.empty() || dropped != 0 || hurried(); };
  if (const auto due = delivery.next_retry())
    work.wait_until(lock, *due, some);
  else
    work.wait(lock, some);
  worked = !incoming.empty();
}

void Writer::State::deliver_batch() {
  for (const Batch::Entry& entry : batch.entries()) {
    if (abandoned) break;
    guarded([&] { delivery.deliver(entry.to, batch.line(entry)); });
  }
  batch.clear();
}

/// A daemon without syslog should not take seconds to exit, and one whose syslog was busy should not lose its
/// last words.
void Writer::State::say_farewell() {
  for (int i = 0; i < farewell_attempts && delivery.keeps_lines() && !abandoned; ++i) {
    if (i != 0) std::this_thread::sleep_for(farewell_pause);
    delivery.retry(true);
  }
}

Writer::Writer(std::shared_ptr<Output> daemon_log, Sizes sizes)
    : state_(std::make_shared<State>(std::move(daemon_log), sizes)),
      thread_(thread_without_signals([state = state_] { state->run(); })) {}

Writer::~Writer() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->work.notify_one();
  const bool ended = state_->progress.wait_for(lock, longest_farewell, [this] { return state_->ended; });
  lock.unlock();
  if (ended) {
    thread_.join();
    return;
  }
  // It hangs in a write(2), and nothing that we could do would end that. It keeps its half of the state.
  state_->abandoned = true;
  thread_.detach();
}

void Writer::write(const std::shared_ptr<Output>& to, Level level, base::WallTime when, const Event& event) {
  if (!to) return;
  State& state = *state_;
  bool wake = false;
  {
    const std::lock_guard lock(state.mutex);
    wake = state.incoming.empty() && !state.resting;  // if not empty, the thread has been woken already and has not looked yet
    if (state.incoming.bytes() + Batch::cost(text_size(event)) > state.sizes.queue_bytes) {
      ++state.dropped;
      ++state.not_taken;
    } else {
      state.incoming.add(to, level, when, event);
      ++state.accepted;
    }
  }
  if (wake) state.work.notify_one();
}

void Writer::set_daemon_log(std::shared_ptr<Output> daemon_log) {
  const std::lock_guard lock(state_->mutex);
  state_->daemon_log.swap(daemon_log);
}

bool Writer::flush(std::chrono::milliseconds deadline) {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t all = state_->accepted;
  state_->urgent = true;
  state_->work.notify_one();
  return state_->progress.wait_for(lock, deadline, [&] { return state_->settled >= all; });
}

std::uint64_t Writer::lost() const {
  const std::lock_guard lock(state_->mutex);
  return state_->not_taken + state_->not_delivered;
}

}  // namespace xsuperd::log
