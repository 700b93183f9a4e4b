// SPDX-License-Identifier: MIT
#include "xsuperd/loop/alarm.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/set.hpp>
#include <optional>

#include "xsuperd/base/time.hpp"
#include "xsuperd/loop/slot.hpp"

namespace xsuperd::loop {

namespace {

class Alarms;

/// There are several alarms for each service, and hardly any of them is ever set: one is no more than its place in the queue.
struct Entry : std::enable_shared_from_this<Entry>, boost::intrusive::set_base_hook<> {
  Entry(Alarms& all, std::function<void()> on_due) : alarms(all), due(std::move(on_due)) {}
  bool operator<(const Entry& other) const { return when < other.when; }

  Alarms& alarms;
  std::function<void()> due;
  base::Moment when{};
};

/// The alarms of one loop that are set, in the order in which they are due, and the one timer for the first of them. Entering
/// one takes no memory. The timer is never waited for twice at a time: where it is to end sooner, the wait is cancelled, and
/// its handler begins the next. So its memory, which is reserved, is always free then.
class Alarms final : public boost::asio::execution_context::service {
 public:
  static boost::asio::execution_context::id id;
  explicit Alarms(boost::asio::execution_context& context)
      : service(context), loop_(static_cast<boost::asio::io_context&>(context)) {
    timer_.emplace(loop_);
  }

  void set(Entry& entry, base::Moment when) noexcept {
    unlink(entry);
    entry.when = when;
    queue_.insert(entry);
    if (!waiting_) return wait();
    if (timer_ && when < ends_) timer_->cancel();
  }

  /// While nothing is set nothing is waited for, and the loop may end.
  void cancel(Entry& entry) noexcept {
    unlink(entry);
    if (queue_.empty() && waiting_ && timer_) timer_->cancel();
  }

 private:
  using Queue = boost::intrusive::multiset<Entry>;

  void shutdown() override { timer_.reset(); }

  void unlink(Entry& entry) noexcept {
    if (entry.is_linked()) queue_.erase(queue_.iterator_to(entry));
  }

  void wait() noexcept {
    if (waiting_ || ringing_ || queue_.empty() || !timer_) return;
    waiting_ = true;
    ends_ = queue_.begin()->when;
    try {
      timer_->expires_at(ends_);
      timer_->async_wait(
          boost::asio::bind_allocator(InSlot<void>(slot_), [this](const boost::system::error_code&) { over(); }));
    } catch (const std::exception&) {
      // No memory for Asio's list of timers: in the next turn of the loop, for which there is room.
      boost::asio::post(loop_, boost::asio::bind_allocator(InSlot<void>(slot_), [this] { over(); }));
    }
  }

  /// Ended, or cancelled. What a handler throws keeps the others waiting for a turn of the loop, and no longer.
  void over() {
    waiting_ = false;
    ringing_ = true;
    const struct Guard {
      Alarms& alarms;
      ~Guard() {
        alarms.ringing_ = false;
        alarms.wait();
      }
    } guard{*this};
    const base::Moment now = std::chrono::steady_clock::now();
    while (!queue_.empty() && queue_.begin()->when <= now && !loop_.stopped()) {
      const auto entry = queue_.begin()->shared_from_this();  // it may go while it is called
      queue_.erase(queue_.begin());
      entry->due();
    }
  }

  boost::asio::io_context& loop_;
  std::optional<boost::asio::steady_timer> timer_;
  Slot slot_;
  Queue queue_;
  base::Moment ends_{};   // when the timer ends that is waited for
  bool waiting_ = false;
  bool ringing_ = false;  // the end of the handler sees to the next wait
};

boost::asio::execution_context::id Alarms::id;

}  // namespace

struct Alarm::Impl : Entry {
  using Entry::Entry;
};

Alarm::Alarm(boost::asio::io_context& loop, std::function<void()> due)
    : impl_(std::make_shared<Impl>(boost::asio::use_service<Alarms>(loop), std::move(due))) {}

Alarm::~Alarm() { cancel(); }

void Alarm::set(std::chrono::milliseconds delay) noexcept {
  impl_->alarms.set(*impl_, std::chrono::steady_clock::now() + delay);
}

void Alarm::cancel() noexcept { impl_->alarms.cancel(*impl_); }

bool Alarm::is_set() const noexcept { return impl_->is_linked(); }

}  // namespace xsuperd::loop
