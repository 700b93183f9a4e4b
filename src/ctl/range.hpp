// SPDX-License-Identifier: MIT
// Ranges in which a number is good. Internal to ctl; pure.
#pragma once
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace xsuperd::ctl {

/// As monitoring plug-ins take them: "80" is from 0 to 80, "10:" from 10 on, "~:5" up to 5, "10:20" between, and "@" in
/// front turns it round. The ends are in it (Monitoring Plugins Development Guidelines, Threshold and Ranges).
struct Range {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  bool turned = false;
  std::string text;  ///< as it was written

  /// Is this to be reported?
  [[nodiscard]] bool alarms(double value) const { return (value >= low && value <= high) == turned; }
};
/// Nothing when it is not a range.
[[nodiscard]] std::optional<Range> range_of(std::string_view text);

}  // namespace xsuperd::ctl
