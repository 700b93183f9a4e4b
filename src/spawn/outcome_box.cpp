// SPDX-License-Identifier: MIT
#include "spawn/outcome_box.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

namespace xsuperd::spawn {

namespace {

base::Fd open_bell() {
  base::Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw std::system_error(errno, std::generic_category(), "eventfd of the spawner");
  return fd;
}

}  // namespace

OutcomeBox::OutcomeBox(boost::asio::io_context& loop)
    : bell_(open_bell()), watch_(loop, bell_.get(), [this] {
        watch_.wait();
        deliver();
      }) {
  watch_.wait();
}

void OutcomeBox::put(Launched&& launched) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    gathered_.push_back(std::move(launched));
    first = gathered_.size() == 1;
  }
  if (first) ring();
}

/// Only the first outcome in an empty box rings: a ring that got lost would leave all that follow in it.
void OutcomeBox::ring() const {
  constexpr int tries = 3;
  for (int i = 0; i < tries && ::eventfd_write(bell_.get(), 1) != 0; ++i) {
  }
}

std::vector<Launched> OutcomeBox::take_rest() {
  gather();
  return std::exchange(delivering_, {});
}

void OutcomeBox::gather() {
  const std::scoped_lock lock(mutex_);
  if (delivering_.empty()) return std::swap(gathered_, delivering_);
  std::move(gathered_.begin(), gathered_.end(), std::back_inserter(delivering_));
  gathered_.clear();
}

void OutcomeBox::deliver() {
  eventfd_t rings = 0;
  ::eventfd_read(bell_.get(), &rings);  // before the box is emptied, or a ring could be lost
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
