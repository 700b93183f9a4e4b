// SPDX-License-Identifier: MIT
#include "spawn/outcome_box.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

namespace xsuperd::spawn {

namespace {

int open_bell() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd == -1) throw std::system_error(errno, std::generic_category(), "eventfd of the spawner");
  return fd;
}

}  // namespace

OutcomeBox::OutcomeBox(boost::asio::io_context& loop)
    : bell_(loop, open_bell()), bell_number_(bell_.native_handle()) {
  wait();
}

void OutcomeBox::put(Launched launched) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = gathered_.empty();
    gathered_.push_back(std::move(launched));
  }
  if (first) ring();
}

void OutcomeBox::ring() const { ::eventfd_write(bell_number_, 1); }

std::vector<Launched> OutcomeBox::take_rest() {
  gather();
  return std::exchange(delivering_, {});
}

void OutcomeBox::wait() {
  bell_.async_wait(bell_.wait_read,
                   [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
                     if (alive.expired() || error) return;
                     wait();
                     deliver();
                   });
}

void OutcomeBox::gather() {
  const std::scoped_lock lock(mutex_);
  if (delivering_.empty()) return std::swap(gathered_, delivering_);
  std::move(gathered_.begin(), gathered_.end(), std::back_inserter(delivering_));
  gathered_.clear();
}

void OutcomeBox::deliver() {
  eventfd_t rings = 0;
  ::eventfd_read(bell_number_, &rings);  // before the box is emptied, or a ring could be lost
  gather();
  auto next = delivering_.begin();
  try {
    while (next != delivering_.end()) {
      Launched launched = std::move(*next++);
      handler_(std::move(launched));
    }
  } catch (...) {
    if (next != delivering_.end()) ring();
    delivering_.erase(delivering_.begin(), next);
    throw;
  }
  delivering_.clear();
}

}  // namespace xsuperd::spawn
