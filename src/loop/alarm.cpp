// SPDX-License-Identifier: MIT
#include "xsuperd/loop/alarm.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "xsuperd/loop/slot.hpp"

namespace xsuperd::loop {

struct Alarm::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& io, std::function<void()> on_due) : loop(io), timer(io), due(std::move(on_due)) {}

  void begin() noexcept {
    try {
      timer.async_wait(boost::asio::bind_allocator(
          InSlot<void>(slot), [self = shared_from_this(), turn = turn](const boost::system::error_code& error) {
            if (!error) self->over(turn);
          }));
    } catch (const std::exception&) {
      // No memory for Asio's list of timers: in the next turn of the loop, for which there is room.
      boost::asio::post(loop, boost::asio::bind_allocator(InSlot<void>(slot), [self = shared_from_this(), turn = turn] {
                          if (self->is_set && turn == self->turn) self->begin();
                        }));
    }
  }

  void over(std::uint64_t of_turn) {
    // A wait that ended before it was cancelled is still told.
    if (!is_set || of_turn != turn) return;
    is_set = false;
    due();
  }

  boost::asio::io_context& loop;
  boost::asio::steady_timer timer;
  std::function<void()> due;
  Slot slot;
  std::uint64_t turn = 0;
  bool is_set = false;
};

Alarm::Alarm(boost::asio::io_context& loop, std::function<void()> due)
    : impl_(std::make_shared<Impl>(loop, std::move(due))) {}

Alarm::~Alarm() { cancel(); }

void Alarm::set(std::chrono::milliseconds delay) noexcept {
  ++impl_->turn;
  impl_->is_set = true;
  impl_->timer.expires_after(delay);
  impl_->begin();
}

void Alarm::cancel() noexcept {
  ++impl_->turn;
  impl_->is_set = false;
  impl_->timer.cancel();
}

bool Alarm::is_set() const noexcept { return impl_->is_set; }

}  // namespace xsuperd::loop
