// SPDX-License-Identifier: MIT
#include "converse/talk.hpp"

#include <sys/socket.h>

#include <utility>

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {
constexpr auto farewell_time = 1s;
constexpr std::uint64_t farewell_bytes = 64 * 1024;
constexpr int portions_per_turn = 4;
constexpr auto time_to_arrive = 2s;
constexpr auto between_looks = 20ms;
}  // namespace

Talk::Talk(Opening& opening)
    : poller_(opening.poller),
      peer_(opening.poller, *this),
      done_(std::move(opening.done)),
      deadline_(opening.poller, *this),
      idle_(opening.parameters.idle_deadline) {}

void Talk::begin(base::Fd peer) {
  last_ = std::chrono::steady_clock::now();
  if (open(std::move(peer)) != 0) {
    phase_ = Phase::failed;
    deadline_.set(last_);
  } else if (phase_ == Phase::talking) {
    idle_limit(idle_);
  }
}

void Talk::ready() {
  if (phase_ == Phase::breaking) return;
  last_ = poller_.now();
  if (phase_ == Phase::failed) return;
  if (phase_ == Phase::farewell) return see_off();
  step();
}

void Talk::expired() {
  switch (phase_) {
    case Phase::limited:
      return time_is_up();
    case Phase::talking:
      if (last_ + idle_ > poller_.now()) return deadline_.set(last_ + idle_);
      return finish();
    case Phase::breaking:
      return look_whether_arrived();
    case Phase::farewell:
    case Phase::failed:
      return finish();
  }
}

void Talk::finish() {
  const Traffic all = traffic();
  report_.in = all.in;
  report_.out = all.out;
  close();
  peer_.close();
  deadline_.clear();
  // The callback may destroy this conversation.
  const auto done = std::move(done_);
  done(std::move(report_));
}

void Talk::farewell() {
  limit(farewell_time);
  phase_ = Phase::farewell;
  read_before_farewell_ = report_.in;
  peer_.end_writing();
  see_off();
}

void Talk::see_off() {
  const Moved moved = throw_away();
  const bool enough = report_.in - read_before_farewell_ >= farewell_bytes;
  if (enough || moved == Moved::end || moved == Moved::failed) finish();
}

void Talk::break_off(Socket& other) {
  phase_ = Phase::breaking;
  breaking_ = &other;
  last_ = poller_.now();
  look_whether_arrived();
}

void Talk::look_whether_arrived() {
  const auto now = poller_.now();
  if (!breaking_->broken() && underway(breaking_->fd()) && now < last_ + time_to_arrive) return deadline_.set(now + between_looks);
  breaking_->reset();
  finish();
}

void Talk::limit(std::chrono::milliseconds time) {
  phase_ = Phase::limited;
  deadline_.set(std::chrono::steady_clock::now() + time);
}

void Talk::idle_limit(std::chrono::milliseconds time) {
  phase_ = Phase::talking;
  idle_ = time;
  last_ = std::chrono::steady_clock::now();
  if (idle_ > 0ms) {
    deadline_.set(last_ + idle_);
  } else {
    deadline_.clear();
  }
}

bool Talk::send(std::string_view& rest, bool more) {
  while (!rest.empty()) {
    std::size_t count = 0;
    const Moved moved = peer_.writable() ? peer_.send(rest, count, more ? MSG_MORE : 0) : Moved::later;
    if (moved == Moved::failed) finish();
    if (moved != Moved::some) return false;
    report_.out += count;
    rest.remove_prefix(count);
  }
  return true;
}

Moved Talk::throw_away() {
  for (int portion = 0; portion < portions_per_turn; ++portion) {
    if (!peer_.readable()) return Moved::later;
    std::size_t count = 0;
    // On TCP, MSG_TRUNC saves copying: the bytes are dropped in the kernel.
    const Moved moved = peer_.receive(poller_.pool().scratch(), count, MSG_TRUNC);
    if (moved != Moved::some) return moved;
    report_.in += count;
  }
  peer_.again();
  return Moved::some;
}

}  // namespace xsuperd::converse
