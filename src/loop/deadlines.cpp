// SPDX-License-Identifier: MIT
#include "xsuperd/loop/deadlines.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::loop {

namespace {
using Queue = base::DeadlineQueue<std::uint64_t>;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
}  // namespace

struct Deadlines::Impl : std::enable_shared_from_this<Impl> {
  /// What an alarm is set for; nothing: it is not set.
  using Armed = std::optional<Clock::time_point>;

  Impl(boost::asio::io_context& loop, std::function<void(std::uint64_t)> on_due)
      : alarms{Alarm(loop, [this] { over(0); }), Alarm(loop, [this] { over(1); })}, due(std::move(on_due)) {}

  /// An alarm that is too early finds nothing and is set again, which costs less than one for each that is cancelled.
  /// The second alarm is for a deadline before all others: to set one that is set already would take memory.
  void arm() noexcept {
    const auto next = queue.next();
    if (!next || (armed[0] && *armed[0] <= *next) || (armed[1] && *armed[1] <= *next)) return;
    const std::size_t which = !armed[0] ? 0 : !armed[1] ? 1 : *armed[0] < *armed[1] ? 1 : 0;
    armed[which] = next;
    alarms[which].set(std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*next - Clock::now())));
  }

  void disarm() noexcept {
    for (Alarm& alarm : alarms) alarm.cancel();
    armed = {};
  }

  void over(std::size_t which) {
    struct ArmedAgain {
      ~ArmedAgain() {
        if (!of->ended) of->arm();
      }
      std::shared_ptr<Impl> of;  // `due` may end the Deadlines
    };
    const ArmedAgain again{shared_from_this()};
    armed[which].reset();
    const auto now = Clock::now();
    while (!ended) {
      const auto number = queue.take_due(now);
      if (!number) return;
      due(*number);
    }
  }

  Queue queue;
  std::array<Alarm, 2> alarms;
  std::array<Armed, 2> armed;
  std::function<void(std::uint64_t)> due;
  bool ended = false;
};

Deadlines::Deadlines(boost::asio::io_context& loop, std::function<void(std::uint64_t)> due)
    : impl_(std::make_shared<Impl>(loop, std::move(due))) {}

Deadlines::~Deadlines() {
  impl_->ended = true;
  impl_->disarm();
}

Deadlines::Handle Deadlines::add(milliseconds delay, std::uint64_t number) {
  const Handle handle = impl_->queue.add(Clock::now() + delay, number);
  impl_->arm();
  return handle;
}

bool Deadlines::cancel(Handle handle) noexcept {
  const bool cancelled = impl_->queue.cancel(handle);
  if (impl_->queue.empty()) impl_->disarm();  // the loop may have nothing else to wait for
  return cancelled;
}

bool Deadlines::move(Handle handle, milliseconds delay) noexcept {
  if (!impl_->queue.move(handle, Clock::now() + delay)) return false;
  impl_->arm();
  return true;
}

std::size_t Deadlines::size() const noexcept { return impl_->queue.size(); }

}  // namespace xsuperd::loop
