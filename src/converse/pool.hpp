// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::converse {

/// 64 KiB for bytes on their way, in pages of its own: the heap would keep them for good after many clients
/// had stalled at a time.
struct Unmap {
  void operator()(char* block) const;
};
using Block = std::unique_ptr<char[], Unmap>;
inline constexpr std::size_t block_size = 64 * 1024;

/// Bytes on their way inside the kernel, as many as this: with smaller pipes several streams cost more CPU
/// time. Either both ends or none.
inline constexpr std::size_t pipe_size = 256 * 1024;
struct Pipe {
  base::Fd out;  ///< read from it
  base::Fd in;   ///< write to it
  explicit operator bool() const { return static_cast<bool>(out); }
};

/// Blocks and pipes for all conversations of a loop, so that an idle one holds neither. Keeps a few of those
/// given back: in steady state nothing is allocated.
class Pool {
 public:
  /// The block into which everybody reads. What is in it is gone when the next one reads, unless kept.
  [[nodiscard]] std::span<char> scratch();
  /// The scratch block with what is in it; the next reader gets another one.
  [[nodiscard]] Block keep_scratch() { return std::move(scratch_); }
  void give_back(Block block);

  /// How many pipes there may be at a time. The kernel allows each user a number of pages in pipes (pipe(7)),
  /// and gives those beyond it crippled ones: this is half of it.
  static constexpr std::size_t most_pipes = 128;
  /// Non-blocking and close-on-exec. None when there are too many, no descriptors left, or only crippled
  /// ones.
  [[nodiscard]] Pipe take_pipe();
  /// Only when it is empty: the next owner would get what is in it.
  void give_back(Pipe pipe);
  /// One that is not empty.
  void destroy(Pipe pipe);

 private:
  Block scratch_;
  std::vector<Block> blocks_;
  std::vector<Pipe> pipes_;
  std::size_t pipes_made_ = 0;  // that still exist
};

}  // namespace xsuperd::converse
