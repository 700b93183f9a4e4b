// SPDX-License-Identifier: MIT
#include "spawn/pending.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <iterator>
#include <thread>
#include <utility>

namespace xsuperd::spawn {

namespace {

using namespace std::chrono_literals;

constexpr auto shortest_pause = 10ms;
constexpr auto longest_pause = 100ms;
constexpr auto last_patience = 200ms;

/// The child may come back to this memory whenever its file system answers.
void keep_for_ever(std::unique_ptr<Launch> launch) {
  static std::vector<Launch*>& kept = *new std::vector<Launch*>;  // so that a leak checker sees them
  kept.push_back(launch.release());
}

}  // namespace

PendingLaunches::PendingLaunches(boost::asio::io_context& loop, SlowPrograms& slow) : timer_(loop), slow_(slow) {}

PendingLaunches::~PendingLaunches() {
  take_through();
  for (Pending& one : through_) (void)end_of(one);  // those that run live on
  for (const Pending& one : pending_) one.launch->kill();
  const auto end = std::chrono::steady_clock::now() + last_patience;
  const auto gone = [](Pending& one) { return one.launch->reap_now() && one.launch->through(); };
  while (std::erase_if(pending_, gone), !pending_.empty() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(1ms);
  for (Pending& one : pending_) keep_for_ever(std::move(one.launch));
}

void PendingLaunches::add(std::unique_ptr<Launch> launch, bool owed) {
  pending_.push_back({std::move(launch), owed});
  pause_ = shortest_pause;
  // Never later than it would have been: many that come one after the other shall not put it off.
  if (!look_is_due_ || timer_.expiry() > std::chrono::steady_clock::now() + shortest_pause) look_later();
}

void PendingLaunches::presume() {
  // By index: the handler may add others.
  for (std::size_t i = 0; i < pending_.size(); ++i)
    if (std::exchange(pending_[i].owed, false)) handler_(pending_[i].launch->presume());
}

void PendingLaunches::look_later() {
  timer_.expires_after(pause_);
  look_is_due_ = true;
  pause_ = std::min(2 * pause_, std::chrono::milliseconds(longest_pause));
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) look();
  });
}

void PendingLaunches::look() {
  look_is_due_ = false;
  take_through();
  count_slow();
  if (size() > 0) look_later();  // the handler may throw
  while (!through_.empty()) {
    Pending one = std::move(through_.front());
    through_.pop_front();
    deliver(std::move(one));
  }
  if (size() > 0) return;
  timer_.cancel();
  look_is_due_ = false;
}

void PendingLaunches::take_through() {
  const auto first = std::stable_partition(pending_.begin(), pending_.end(),
                                           [](const Pending& one) { return !one.launch->through(); });
  std::move(first, pending_.end(), std::back_inserter(through_));
  pending_.erase(first, pending_.end());
}

void PendingLaunches::count_slow() {
  for (const Pending& one : pending_)
    if (!std::exchange(one.launch->counted_slow, true)) slow_.add(one.launch->program());
}

void PendingLaunches::deliver(Pending one) {
  if (one.launch->counted_slow) slow_.remove(one.launch->program(), std::chrono::steady_clock::now());
  if (std::optional<Outcome> outcome = end_of(one)) handler_(*std::move(outcome));
}

std::optional<Outcome> PendingLaunches::end_of(Pending& one) {
  if (one.owed) return one.launch->finish();
  one.launch->dispose();
  return std::nullopt;
}

}  // namespace xsuperd::spawn
