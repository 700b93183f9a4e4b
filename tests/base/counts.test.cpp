// SPDX-License-Identifier: MIT
#include "xsuperd/base/counts.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string_view>

using namespace xsuperd::base;

TEST_CASE("each count has a name of its own, and is added to its own") {
  Counts sum, one;
  std::set<std::string_view> names;
  std::uint64_t value = 1;
  for (const Count& count : all_counts()) {
    names.insert(count.name);
    one.*count.member = value, value *= 10;
  }
  CHECK(names.size() == all_counts().size());
  CHECK(names.contains("accepted"));
  sum += one;
  CHECK(sum == one);
  sum += one;
  for (const Count& count : all_counts()) CHECK(sum.*count.member == 2 * (one.*count.member));
}
