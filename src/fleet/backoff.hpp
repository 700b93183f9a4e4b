// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace xsuperd::fleet {

/// How long to wait until something is tried again: twice as long each time, from the first value to the last, and up to a
/// quarter more or less, so that the hosts of a fleet do not all come at once. Pure but for its own chance.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest, std::uint64_t chance)
      : first_(first), longest_(longest), next_(first), chance_(static_cast<std::minstd_rand::result_type>(chance ^ (chance >> 32))) {}

  [[nodiscard]] std::chrono::milliseconds next() {
    const std::chrono::milliseconds middle = next_;
    next_ = std::min(2 * next_, longest_);
    const auto quarter = middle.count() / 4;
    return middle + std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(-quarter, quarter)(chance_));
  }
  /// It has worked.
  void start_anew() { next_ = first_; }

 private:
  const std::chrono::milliseconds first_, longest_;
  std::chrono::milliseconds next_;
  std::minstd_rand chance_;
};

}  // namespace xsuperd::fleet
