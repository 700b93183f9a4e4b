// SPDX-License-Identifier: MIT
#include "converse/pool.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace xsuperd::converse {

namespace {
constexpr std::size_t spare_blocks = 16;
constexpr std::size_t spare_pipes = 32;

Block new_block() {
  void* pages = ::mmap(nullptr, block_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  return Block(static_cast<char*>(pages));
}

template <typename Thing>
Thing take_last(std::vector<Thing>& things) {
  Thing last = std::move(things.back());
  things.pop_back();
  return last;
}
}  // namespace

void Unmap::operator()(char* block) const { ::munmap(block, block_size); }

std::span<char> Pool::scratch() {
  if (!scratch_) scratch_ = blocks_.empty() ? new_block() : take_last(blocks_);
  return {scratch_.get(), block_size};
}

void Pool::give_back(Block block) {
  if (!scratch_) {
    scratch_ = std::move(block);
  } else if (blocks_.size() < spare_blocks) {
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
  if (pipes_.size() < spare_pipes) return pipes_.push_back(std::move(pipe));
  destroy(std::move(pipe));
}

void Pool::destroy(Pipe pipe) {
  pipe = {};
  --pipes_made_;
}

}  // namespace xsuperd::converse
