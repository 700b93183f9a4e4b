// SPDX-License-Identifier: MIT
#include "worker/heartbeat.hpp"

namespace xsuperd::worker {

void Heartbeat::start_anew() {
  last_sign_ = sign_;
  rest();
}

void Heartbeat::rest() {
  due_ = false;
  silent_ = 0;
}

Heartbeat::Next Heartbeat::beat() {
  if (due_) return silence();
  due_ = true;
  silent_ = 0;
  ++sign_;
  return Next::ask;
}

Heartbeat::Next Heartbeat::beat_unasked(bool stopped) {
  if (stopped) return silence();
  silent_ = 0;
  return Next::wait;
}

Heartbeat::Next Heartbeat::silence() { return ++silent_ < most_silent_ ? Next::wait : Next::dead; }

bool Heartbeat::answered(std::uint64_t token) {
  if (token <= last_sign_ || token > sign_) return false;
  last_sign_ = token;
  due_ = due_ && token != sign_;
  return true;
}

}  // namespace xsuperd::worker
