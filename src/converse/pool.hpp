// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::converse {

/// 64 KiB for bytes on their way.
using Block = std::unique_ptr<char[]>;
inline constexpr std::size_t block_size = 64 * 1024;

/// Bytes on their way inside the kernel. Either both ends or none.
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

  /// Non-blocking and close-on-exec. None when there are no descriptors left.
  [[nodiscard]] Pipe take_pipe();
  /// Only when it is empty: the next owner would get what is in it.
  void give_back(Pipe pipe);

 private:
  Block scratch_;
  std::vector<Block> blocks_;
  std::vector<Pipe> pipes_;
};

}  // namespace xsuperd::converse
