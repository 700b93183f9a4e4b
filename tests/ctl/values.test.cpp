// SPDX-License-Identifier: MIT
#include "ctl/values.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::ctl;

TEST_CASE("A number that is no date is shown as none") {
  const auto date = [](json::value seconds) { return date_at({{"at", std::move(seconds)}}, "at"); };
  CHECK_THAT(date(1'700'000'000.25), Catch::StartsWith("2023-11-1"));
  for (const json::value& none : {json::value(1e300), json::value(-1e300), json::value("x"), json::value()})
    CHECK(date(none) == "-");
  CHECK(date_at({}, "at") == "-");
}
