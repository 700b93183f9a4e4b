// SPDX-License-Identifier: MIT
#include "converse/pool.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace xsuperd::converse {

namespace {
constexpr std::size_t spare = 16;  // of each kind

template <typename Thing>
Thing take_last(std::vector<Thing>& things) {
  Thing last = std::move(things.back());
  things.pop_back();
  return last;
}
}  // namespace

std::span<char> Pool::scratch() {
  if (!scratch_)
    scratch_ = blocks_.empty() ? std::make_unique_for_overwrite<char[]>(block_size) : take_last(blocks_);
  return {scratch_.get(), block_size};
}

void Pool::give_back(Block block) {
  if (!scratch_) {
    scratch_ = std::move(block);
  } else if (blocks_.size() < spare) {
    blocks_.push_back(std::move(block));
  }
}

Pipe Pool::take_pipe() {
  if (!pipes_.empty()) return take_last(pipes_);
  int ends[2];
  if (pipes_made_ == most_pipes || ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return {};
  Pipe pipe{base::Fd(ends[0]), base::Fd(ends[1])};
  const bool large = ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(pipe_size)) >= 0;
  if (!large && ::fcntl(ends[1], F_GETPIPE_SZ) < static_cast<int>(block_size)) return {};
  ++pipes_made_;
  return pipe;
}

void Pool::give_back(Pipe pipe) {
  if (pipes_.size() < spare) return pipes_.push_back(std::move(pipe));
  destroy(std::move(pipe));
}

void Pool::destroy(Pipe pipe) {
  pipe = {};
  --pipes_made_;
}

}  // namespace xsuperd::converse
