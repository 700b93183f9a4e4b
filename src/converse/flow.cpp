// SPDX-License-Identifier: MIT
#include "converse/flow.hpp"

namespace xsuperd::converse {

namespace {
constexpr std::size_t worth_a_pipe = block_size / 4;
constexpr int rounds_per_turn = 4;  // of up to a pipe each, before others are served
}  // namespace

void Flow::begin() {
  begun_ = true;
  keep_urgent_data(from_.fd());
}

/// The first bytes always go out at once; a conversation of one answer is spared the call.
void Flow::hurry() {
  if (hurried_ || written_ == 0) return;
  hurried_ = true;
  converse::hurry(to_.fd());
}

Flow::State Flow::run(bool last) {
  last_ = last;
  if (!begun_) begin();
  if (state_ != State::open || !flush()) return state_;
  for (int round = 0; round < rounds_per_turn; ++round) {
    if (from_.readable()) fill();
    if (state_ != State::open || !flush()) return state_;
    if (!from_.readable()) {
      return_pipe();
      return state_;
    }
  }
  from_.again();
  return state_;
}

/// True when nothing is left to be written.
bool Flow::flush() {
  if (size_ > 0 || piped_ > 0) hurry();
  return flush_block() && flush_pipe();
}

bool Flow::flush_block() {
  while (size_ > 0) {
    std::size_t count = 0;
    const Moved moved = to_.writable() ? to_.send({block_.get() + begin_, size_}, count) : Moved::later;
    if (moved == Moved::failed) state_ = State::sink_failed;
    if (moved != Moved::some) return false;
    written_ += count;
    begin_ += static_cast<std::uint32_t>(count);
    size_ -= static_cast<std::uint32_t>(count);
  }
  if (block_) pool_.give_back(std::move(block_));
  return true;
}

bool Flow::flush_pipe() {
  while (piped_ > 0) {
    std::size_t count = 0;
    const Moved moved = to_.writable() ? to_.splice_from(pipe_, piped_, count) : Moved::later;
    if (moved == Moved::failed) state_ = State::sink_failed;
    if (moved != Moved::some) return false;
    written_ += count;
    piped_ -= static_cast<std::uint32_t>(count);
  }
  return true;
}

/// Reads once, when nothing is left to be written.
void Flow::fill() {
  if (streaming_ && !pipe_) pipe_ = pool_.take_pipe();
  if (pipe_ && fill_pipe()) return;
  const std::span<char> scratch = pool_.scratch();
  std::size_t count = 0;
  const Moved moved = from_.receive(scratch, count);
  if (moved != Moved::some) return finish_reading(moved);
  read_ += count;
  std::size_t sent = 0;
  // Most of the time everything can be written at once, and the block is free for the next flow.
  if (to_.writable()) {
    hurry();
    if (to_.send({scratch.data(), count}, sent) == Moved::failed) {
      state_ = State::sink_failed;
      return;
    }
    written_ += sent;
  }
  if (sent < count) {
    block_ = pool_.keep_scratch();
    begin_ = static_cast<std::uint32_t>(sent);
    size_ = static_cast<std::uint32_t>(count - sent);
  } else if (count == scratch.size()) {
    streaming_ = true;
  }
}

/// False when the pipe was given back, and it is for receive() to say why there was nothing.
bool Flow::fill_pipe() {
  std::size_t count = 0;
  const Moved moved = from_.splice_to(pipe_, pipe_size, count);
  if (moved == Moved::some) {
    read_ += count;
    piped_ = static_cast<std::uint32_t>(count);
    streaming_ = count >= worth_a_pipe;
    return true;
  }
  return_pipe();
  if (moved == Moved::failed) state_ = State::source_failed;
  return moved == Moved::failed || !from_.readable();
}

void Flow::finish_reading(Moved why) {
  if (why == Moved::later) return;
  return_pipe();
  state_ = why == Moved::end ? State::ended : State::source_failed;
  if (why == Moved::end && !last_) to_.end_writing();
}

void Flow::return_pipe() {
  if (pipe_) pool_.give_back(std::move(pipe_));
}

void Flow::drop() {
  if (state_ == State::open) state_ = State::sink_failed;
  if (block_) pool_.give_back(std::move(block_));
  if (piped_ > 0) {
    pool_.destroy(std::move(pipe_));
  } else {
    return_pipe();
  }
  size_ = piped_ = 0;
}

}  // namespace xsuperd::converse
