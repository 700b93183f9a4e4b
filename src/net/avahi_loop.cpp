// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_AVAHI
#include <avahi-common/watch.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/time.h>

#include <algorithm>
#include <vector>

// The library leaves it to the owner of a loop what these are.
struct AvahiWatch {
  int fd;
  AvahiWatchEvent events;
  AvahiWatchCallback callback;
  void* userdata;
  AvahiWatchEvent happened{};
  bool dead = false;
};
struct AvahiTimeout {
  timeval at;
  bool set;
  AvahiTimeoutCallback callback;
  void* userdata;
  bool dead = false;
};

#include "net/avahi_loop.hpp"

namespace xsuperd::net {

namespace {

/// The library's times are those of the wall clock.
std::chrono::microseconds until(const timeval& at) {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  return std::chrono::seconds(at.tv_sec - now.tv_sec) + std::chrono::microseconds(at.tv_usec - now.tv_usec);
}

void set(AvahiTimeout& timeout, const timeval* at) {
  timeout.set = at != nullptr;
  if (at) timeout.at = *at;
}

}  // namespace

AvahiLoop::AvahiLoop(int wake) : wake_(wake) {
  api_.userdata = this;
  api_.watch_new = [](const AvahiPoll* api, int fd, AvahiWatchEvent events, AvahiWatchCallback callback,
                      void* userdata) {
    return &of(api).watches_.emplace_back(AvahiWatch{fd, events, callback, userdata});
  };
  api_.watch_update = [](AvahiWatch* watch, AvahiWatchEvent events) { watch->events = events; };
  api_.watch_get_events = [](AvahiWatch* watch) { return watch->happened; };
  api_.watch_free = [](AvahiWatch* watch) { watch->dead = true; };
  api_.timeout_new = [](const AvahiPoll* api, const timeval* at, AvahiTimeoutCallback callback, void* userdata) {
    AvahiTimeout& timeout = of(api).timeouts_.emplace_back(AvahiTimeout{{}, false, callback, userdata});
    set(timeout, at);
    return &timeout;
  };
  api_.timeout_update = [](AvahiTimeout* timeout, const timeval* at) { set(*timeout, at); };
  api_.timeout_free = [](AvahiTimeout* timeout) { timeout->dead = true; };
}

AvahiLoop::~AvahiLoop() = default;

void AvahiLoop::turn(std::optional<std::chrono::milliseconds> most) {
  sweep();
  std::vector<pollfd> fds{{wake_, POLLIN, 0}};
  std::vector<AvahiWatch*> watches;
  for (AvahiWatch& watch : watches_) {
    fds.push_back({watch.fd, static_cast<short>(watch.events), 0});
    watches.push_back(&watch);
  }
  if (::poll(fds.data(), fds.size(), milliseconds_left(most)) > 0) {
    eventfd_t ignored = 0;
    if (fds[0].revents != 0) ::eventfd_read(wake_, &ignored);
    for (std::size_t i = 0; i < watches.size(); ++i) {
      AvahiWatch& watch = *watches[i];
      if (fds[i + 1].revents == 0 || watch.dead) continue;
      watch.happened = static_cast<AvahiWatchEvent>(fds[i + 1].revents);
      watch.callback(&watch, watch.fd, watch.happened, watch.userdata);
      watch.happened = {};
    }
  }
  run_timeouts();
}

int AvahiLoop::milliseconds_left(std::optional<std::chrono::milliseconds> most) const {
  for (const AvahiTimeout& timeout : timeouts_) {
    if (!timeout.set) continue;
    // Rounded up, or the last millisecond would be spent turning.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until(timeout.at));
    most = std::min(most.value_or(left), left);
  }
  if (!most) return -1;
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(most->count(), 0, 60'000));
}

void AvahiLoop::run_timeouts() {
  std::vector<AvahiTimeout*> due;
  for (AvahiTimeout& timeout : timeouts_)
    if (timeout.set && !timeout.dead && until(timeout.at).count() <= 0) due.push_back(&timeout);
  for (AvahiTimeout* timeout : due) {
    if (timeout->dead || !timeout->set) continue;
    timeout->set = false;
    timeout->callback(timeout, timeout->userdata);
  }
}

void AvahiLoop::sweep() {
  watches_.remove_if([](const AvahiWatch& watch) { return watch.dead; });
  timeouts_.remove_if([](const AvahiTimeout& timeout) { return timeout.dead; });
}

}  // namespace xsuperd::net
#endif
