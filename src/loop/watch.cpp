// SPDX-License-Identifier: MIT
#include "xsuperd/loop/watch.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/loop/slot.hpp"

namespace xsuperd::loop {

namespace {
/// Until the kernel is asked again whether it watches another descriptor.
constexpr std::chrono::milliseconds until_room{1000};
/// Until a handler that has thrown is called again: it may throw each time.
constexpr std::chrono::milliseconds breath{100};
}  // namespace

struct Watch::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, int number, std::function<void()> on_ready)
      : fd(number), descriptor(loop), again(loop, [this] { begin(); }), ready(std::move(on_ready)) {}

  void begin() noexcept {
    try {
      boost::system::error_code full;
      if (!descriptor.is_open()) descriptor.assign(fd, full);
      if (!full)
        return descriptor.async_wait(
            descriptor.wait_read,
            boost::asio::bind_allocator(InSlot<void>(slot), [self = shared_from_this(),
                                                             turn = turn](const boost::system::error_code& error) {
              self->woken(turn, error);
            }));
    } catch (const std::exception&) {
    }
    again.set(until_room);
  }

  void woken(std::uint64_t of_turn, const boost::system::error_code& error) {
    // A stop in between has made this wait void, even if it had ended already.
    if (of_turn != turn) return;
    if (error) {  // it could not be watched: from the start again
      (void)descriptor.release();
      return again.set(until_room);
    }
    waiting = false;
    try {
      ready();
    } catch (...) {
      if (of_turn == turn && !std::exchange(waiting, true)) again.set(breath);
      throw;
    }
  }

  int fd;
  boost::asio::posix::stream_descriptor descriptor;
  Alarm again;
  std::function<void()> ready;
  Slot slot;
  std::uint64_t turn = 0;
  bool waiting = false;
};

Watch::Watch(boost::asio::io_context& loop, int fd, std::function<void()> ready)
    : impl_(std::make_shared<Impl>(loop, fd, std::move(ready))) {}

Watch::~Watch() { stop(); }

void Watch::start(int fd) noexcept { impl_->fd = fd; }

void Watch::wait() noexcept {
  if (!std::exchange(impl_->waiting, true)) impl_->begin();
}

void Watch::wait_later() noexcept {
  if (!std::exchange(impl_->waiting, true)) impl_->again.set(until_room);
}

void Watch::stop() noexcept {
  ++impl_->turn;
  impl_->waiting = false;
  impl_->again.cancel();
  // release() takes the number out of epoll and leaves it open: it is its owner's.
  if (impl_->descriptor.is_open()) (void)impl_->descriptor.release();
}

int Watch::fd() const noexcept { return impl_->fd; }

}  // namespace xsuperd::loop
