// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <chrono>

#include "xsuperd/base/time.hpp"

namespace xsuperd::base {

/// How often something may happen: so many times at once, and after that once each `every`. A token bucket, kept as the
/// moment at which it is full again. Pure.
class Allowance {
 public:
  constexpr Allowance(unsigned at_once, std::chrono::nanoseconds every) : every_(every), whole_(every * at_once) {}

  /// May it happen now? Then it counts. Moments never go back.
  [[nodiscard]] bool take(Moment now) {
    const Moment full = std::max(full_, now) + every_;
    if (full > now + whole_) return false;
    full_ = full;
    return true;
  }

 private:
  std::chrono::nanoseconds every_;
  std::chrono::nanoseconds whole_;
  Moment full_{};
};

}  // namespace xsuperd::base
