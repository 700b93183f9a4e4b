// SPDX-License-Identifier: MIT
#include "xsuperd/base/allowance.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::base;
using namespace std::chrono_literals;

TEST_CASE("an allowance lets so many happen at once, and then one at a time") {
  Allowance allowance(3, 100ms);
  const Moment start = Moment{} + 1h;
  for (int i = 0; i < 3; ++i) CHECK(allowance.take(start));
  CHECK_FALSE(allowance.take(start));
  CHECK_FALSE(allowance.take(start + 99ms));
  CHECK(allowance.take(start + 100ms));
  CHECK_FALSE(allowance.take(start + 100ms));
  for (int i = 0; i < 3; ++i) CHECK(allowance.take(start + 1h));
  CHECK_FALSE(allowance.take(start + 1h));
}
