// SPDX-License-Identifier: MIT
#pragma once
#include <limits>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::base {

/// The last descriptors of the process, kept for those in charge of it (signals, control socket, reload, upgrade):
/// sessions do not get them. Linux gives the lowest free number, so a number says how near the end is, and the usual
/// case costs one comparison. One object for all who accept; lives on the loop thread.
class DescriptorReserve {
 public:
  /// Keeps nothing.
  DescriptorReserve() = default;
  /// Keeps the last numbers below `limit`: an eighth, 24 at least and 128 at most, but never more than a quarter.
  explicit DescriptorReserve(unsigned long long limit) noexcept;
  /// For the present soft limit (RLIMIT_NOFILE).
  [[nodiscard]] static DescriptorReserve of_this_process() noexcept;

  /// May a session have another descriptor? Where the last one got a number near the reserve, a duplicate of `any_open`
  /// tells which number comes next. Where there is none at all the answer is yes: the call that wants one says why not.
  [[nodiscard]] bool has_room(int any_open) noexcept { return !near_ || looks_free(any_open); }
  /// To be called with the number that a session got.
  void session_has(int number) noexcept { near_ = number >= approach_; }
  /// The same open file by a number outside the reserve, if one is free by now; else `fd` itself.
  [[nodiscard]] Fd below(Fd fd) const noexcept;

 private:
  [[nodiscard]] bool looks_free(int any_open) const noexcept;

  int first_kept_ = std::numeric_limits<int>::max();
  int approach_ = std::numeric_limits<int>::max();  ///< from here on it is looked: numbers in between may be taken
  bool near_ = false;
};

}  // namespace xsuperd::base
