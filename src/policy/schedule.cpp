// SPDX-License-Identifier: MIT
#include <algorithm>

#include "xsuperd/policy/verdict.hpp"

namespace xsuperd::policy {

bool within(const std::vector<config::Interval>& intervals, const base::LocalTime& now) {
  const int minute = now.hour * 60 + now.minute;
  return std::any_of(intervals.begin(), intervals.end(), [minute](const config::Interval& i) {
    const bool crosses_midnight = i.start > i.end;
    return crosses_midnight ? minute >= i.start || minute <= i.end : minute >= i.start && minute <= i.end;
  });
}

}  // namespace xsuperd::policy
