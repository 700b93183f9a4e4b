// SPDX-License-Identifier: MIT
#include "ctl/values.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::ctl;

TEST_CASE("A number that is no date is shown as none") {
  CHECK_THAT(date_text(1'700'000'000.25), Catch::StartsWith("2023-11-1"));
  for (const double none : {1e300, -1e300}) CHECK(date_text(none) == "-");
  CHECK(date_text({}) == "-");
}
