// SPDX-License-Identifier: MIT
#include "xsuperd/loop/deadlines.hpp"

#include <algorithm>
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
  Impl(boost::asio::io_context& loop, std::function<void(std::uint64_t)> on_due)
      : alarm(loop, [this] { over(); }), due(std::move(on_due)) {}

  /// An alarm that is too early finds nothing and is set again, which costs less than one for each that is cancelled.
  void arm() noexcept {
    const auto next = queue.next();
    if (!next || (armed && *armed <= *next)) return;
    armed = next;
    alarm.set(std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*next - Clock::now())));
  }

  void disarm() noexcept {
    alarm.cancel();
    armed.reset();
  }

  void over() {
    struct ArmedAgain {
      ~ArmedAgain() {
        if (!of->ended) of->arm();
      }
      std::shared_ptr<Impl> of;  // `due` may end the Deadlines
    };
    const ArmedAgain again{shared_from_this()};
    armed.reset();
    const auto now = Clock::now();
    while (!ended) {
      const auto number = queue.take_due(now);
      if (!number) return;
      due(*number);
    }
  }

  Queue queue;
  Alarm alarm;
  std::optional<Clock::time_point> armed;  ///< what the alarm is set for; nothing: it is not set
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
