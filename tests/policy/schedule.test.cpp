// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "xsuperd/policy/verdict.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;

namespace {

constexpr int at(int hour, int minute) { return hour * 60 + minute; }

bool open_at(const std::vector<config::Interval>& intervals, int hour, int minute, int second = 0) {
  return within(intervals, {2024, 2, 29, hour, minute, second});
}

}  // namespace

TEST_CASE("both end minutes of an interval are inside, to their last second") {
  const std::vector<config::Interval> office{{at(8, 30), at(17, 0)}};
  CHECK_FALSE(open_at(office, 8, 29, 59));
  CHECK(open_at(office, 8, 30));
  CHECK(open_at(office, 17, 0, 59));
  CHECK_FALSE(open_at(office, 17, 1));
}

TEST_CASE("an interval whose start lies behind its end crosses midnight") {
  const std::vector<config::Interval> night{{at(22, 0), at(6, 0)}};
  CHECK_FALSE(open_at(night, 21, 59, 59));
  CHECK(open_at(night, 22, 0));
  CHECK(open_at(night, 23, 59, 59));
  CHECK(open_at(night, 0, 0));
  CHECK(open_at(night, 6, 0, 59));
  CHECK_FALSE(open_at(night, 6, 1));
}

TEST_CASE("24:00 ends the day") {
  CHECK(open_at({{at(20, 0), at(24, 0)}}, 23, 59, 59));
  CHECK_FALSE(open_at({{at(20, 0), at(24, 0)}}, 0, 0));
  CHECK(open_at({{at(24, 0), at(6, 0)}}, 0, 0));
  CHECK_FALSE(open_at({{at(24, 0), at(6, 0)}}, 23, 59));
}

TEST_CASE("an interval of one minute is one minute long") {
  CHECK(open_at({{at(12, 0), at(12, 0)}}, 12, 0, 30));
  CHECK_FALSE(open_at({{at(12, 0), at(12, 0)}}, 11, 59));
  CHECK_FALSE(open_at({{at(12, 0), at(12, 0)}}, 12, 1));
}

TEST_CASE("any of several intervals opens, and none never does") {
  const std::vector<config::Interval> two{{at(2, 0), at(8, 59)}, {at(12, 0), at(23, 59)}};
  CHECK(open_at(two, 8, 59));
  CHECK_FALSE(open_at(two, 9, 0));
  CHECK(open_at(two, 12, 0));
  CHECK_FALSE(open_at({}, 12, 0));
}
