// SPDX-License-Identifier: MIT
#pragma once
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::base {

/// Descriptors that are watched together (epoll(7)), each with a number of its owner's, so that a loop has but one to
/// watch: that of the set, which is readable while there is something to take. Costs the loop no queued handler and no
/// system call for each event. One thread.
class PollSet {
 public:
  /// Throws std::system_error where the kernel has no memory or descriptor for it.
  PollSet();

  [[nodiscard]] int fd() const { return set_.get(); }

  /// From now on `fd` is watched for `events` (EPOLLIN and so on). 0, or an errno value where the kernel does not want it.
  /// It is watched until it is removed or closed everywhere: a duplicate in another process keeps it here, with its number.
  [[nodiscard]] int add(int fd, std::uint32_t events, std::uint64_t number) const {
    return control(EPOLL_CTL_ADD, fd, events, number);
  }
  /// The same for one that is watched already. What is so now of an edge-triggered one is told once more.
  int change(int fd, std::uint32_t events, std::uint64_t number) const { return control(EPOLL_CTL_MOD, fd, events, number); }
  void remove(int fd) const { ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr); }

  /// Calls `told(number, events)` for what has happened, `most` times at the most; returns how often. Waits for the
  /// first for `patience` milliseconds at the most, or until a signal comes. `told` may do anything to the set but end it.
  template <std::size_t most, typename Answered>
  std::size_t take(Answered told, int patience = 0) const {
    std::array<epoll_event, most> events;
    const int count = ::epoll_wait(set_.get(), events.data(), static_cast<int>(most), patience);
    for (int i = 0; i < count; ++i) {
      const epoll_event event = events[static_cast<std::size_t>(i)];
      told(event.data.u64, event.events);
    }
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }

 private:
  [[nodiscard]] int control(int what, int fd, std::uint32_t events, std::uint64_t number) const {
    epoll_event event{events, {.u64 = number}};
    return ::epoll_ctl(set_.get(), what, fd, &event) == 0 ? 0 : errno;
  }

  Fd set_;
};

}  // namespace xsuperd::base
