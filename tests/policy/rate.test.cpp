// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "xsuperd/policy/verdict.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;
using namespace std::chrono_literals;

namespace {

constexpr base::Moment start{1000h};

/// Counts requests that come at once; the number of the first that trips, or 0.
int first_trip(RateWindow& window, const config::Rate& rate, base::Moment now, int most) {
  for (int n = 1; n <= most; ++n)
    if (window.trips(rate, now)) return n;
  return 0;
}

}  // namespace

TEST_CASE("within the first second the request after the limit trips") {
  for (const std::uint32_t limit : {1u, 3u, 50u}) {
    RateWindow window;
    CHECK(first_trip(window, {limit, 10}, start, 100) == static_cast<int>(limit) + 1);
  }
}

TEST_CASE("requests are divided by whole seconds, and none counts as one") {
  struct Row {
    base::Moment::duration after;
    int trips_at;  ///< counting the first request of the window
  };
  // n / t in whole numbers must exceed 3: 4 of 1, 8 of 2.
  for (const Row row :
       {Row{0s, 4}, Row{999'999'999ns, 4}, Row{1s, 4}, Row{1999ms, 4}, Row{2s, 8}, Row{2999ms, 8}}) {
    RateWindow window;
    REQUIRE_FALSE(window.trips({3, 10}, start));
    INFO(row.after.count() << " ns");
    CHECK(first_trip(window, {3, 10}, start + row.after, 100) + 1 == row.trips_at);
  }
}

TEST_CASE("the window is as many seconds long as the limit is high and then starts anew") {
  const config::Rate rate{3, 10};
  RateWindow window;
  for (int i = 0; i < 3; ++i) REQUIRE_FALSE(window.trips(rate, start));
  SECTION("a request just before its end still belongs to it") {
    for (int n = 4; n <= 7; ++n) CHECK_FALSE(window.trips(rate, start + 3s - 1ns));
    CHECK(window.trips(rate, start + 3s - 1ns));
  }
  SECTION("a request at its end is the first of the next") {
    CHECK_FALSE(window.trips(rate, start + 3s));
    CHECK(first_trip(window, rate, start + 3s, 10) == 3);
  }
  SECTION("the next window starts with the request, not with the end of the last") {
    CHECK_FALSE(window.trips(rate, start + 100s + 700ms));
    CHECK_FALSE(window.trips(rate, start + 102s + 600ms));
    CHECK_FALSE(window.trips(rate, start + 102s + 600ms));
    CHECK(window.trips(rate, start + 102s + 600ms));
  }
}

TEST_CASE("requests that tripped count on") {
  RateWindow window;
  const config::Rate rate{1, 10};
  CHECK_FALSE(window.trips(rate, start));
  CHECK(window.trips(rate, start));
  CHECK(window.trips(rate, start + 999ms));
  CHECK_FALSE(window.trips(rate, start + 1s));
}

TEST_CASE("a reset window starts with the next request") {
  RateWindow window;
  const config::Rate rate{2, 10};
  REQUIRE(first_trip(window, rate, start, 10) == 3);
  window.reset();
  CHECK(first_trip(window, rate, start + 1s, 10) == 3);
}

TEST_CASE("a limit of 0 never trips") {
  RateWindow window;
  CHECK(first_trip(window, {0, 10}, start, 10'000) == 0);
}

TEST_CASE("a clock that begins at zero is no special case") {
  RateWindow window;
  CHECK(first_trip(window, {2, 10}, base::Moment{}, 10) == 3);
}

TEST_CASE("with a window of its own the limit is a number of connections in that time") {
  const config::Rate rate{3, 10, 60};
  RateWindow window;
  CHECK_FALSE(window.trips(rate, start));
  CHECK_FALSE(window.trips(rate, start + 30s));
  CHECK_FALSE(window.trips(rate, start + 59s));
  SECTION("one more before its end trips") { CHECK(window.trips(rate, start + 60s - 1ns)); }
  SECTION("one at its end is the first of the next") {
    CHECK(first_trip(window, rate, start + 60s, 10) == 4);
  }
}

TEST_CASE("a limit of 0 never trips, with a window too") {
  RateWindow window;
  CHECK(first_trip(window, {0, 10, 60}, start, 1000) == 0);
}

TEST_CASE("each address may connect so many times in the time that begins with its first") {
  const config::SourceRate rate{2, 60};
  const base::Address one = base::Address::ipv4(1), other = base::Address::ipv4(2);
  SourceRates rates;
  CHECK_FALSE(rates.trips(rate, one, start));
  CHECK_FALSE(rates.trips(rate, one, start + 59s));
  CHECK(rates.trips(rate, one, start + 59s));
  CHECK_FALSE(rates.trips(rate, other, start + 59s));
  CHECK(rates.trips(rate, one, start + 60s - 1ns));
  CHECK_FALSE(rates.trips(rate, one, start + 60s));
  CHECK(rates.size() == 2);
  CHECK_FALSE(rates.trips(rate, one, start + 60s));
  CHECK(rates.trips(rate, one, start + 60s));
  rates.reset();
  CHECK_FALSE(rates.trips(rate, one, start + 60s));
}

TEST_CASE("an address counts in its IPv4 form, and one that is not known does not count") {
  const config::SourceRate rate{1, 60};
  SourceRates rates;
  CHECK_FALSE(rates.trips(rate, *base::Address::parse("192.0.2.1"), start));
  CHECK(rates.trips(rate, *base::Address::parse("::ffff:192.0.2.1"), start));
  for (int i = 0; i < 3; ++i) CHECK_FALSE(rates.trips(rate, {}, start));
  CHECK(rates.size() == 1);
  CHECK_FALSE(rates.trips({0, 60}, *base::Address::parse("192.0.2.1"), start));
}

TEST_CASE("beyond the addresses that are remembered the first one is forgotten") {
  const config::SourceRate rate{1, 60};
  SourceRates rates;
  for (std::uint32_t n = 1; n <= SourceRates::most + 1; ++n) REQUIRE_FALSE(rates.trips(rate, base::Address::ipv4(n), start));
  CHECK(rates.size() == SourceRates::most);
  CHECK(rates.trips(rate, base::Address::ipv4(2), start));
  CHECK_FALSE(rates.trips(rate, base::Address::ipv4(1), start));
  CHECK(rates.size() == SourceRates::most);
}

TEST_CASE("a window goes on from what another one counted") {
  const config::Rate rate{3, 10};
  RateWindow before;
  for (int n = 0; n < 3; ++n) REQUIRE_FALSE(before.trips(rate, start));
  RateWindow after;
  after.restore(before.snapshot());
  CHECK(after.snapshot() == before.snapshot());
  CHECK(after.trips(rate, start + 500ms));
  RateWindow late;
  late.restore(before.snapshot());
  CHECK_FALSE(late.trips(rate, start + 3s));  // the old window is over
}
