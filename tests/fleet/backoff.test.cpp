// SPDX-License-Identifier: MIT
#include "fleet/backoff.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::fleet;
using namespace std::chrono_literals;

TEST_CASE("pauses double up to the longest, a quarter more or less, and begin anew") {
  Backoff pauses(100ms, 30s, 42);
  std::chrono::milliseconds middle = 100ms;
  for (int i = 0; i < 20; ++i) {
    const auto pause = pauses.next();
    CHECK(pause >= middle * 3 / 4);
    CHECK(pause <= middle * 5 / 4);
    middle = std::min<std::chrono::milliseconds>(2 * middle, 30s);
  }
  pauses.start_anew();
  CHECK(pauses.next() <= 125ms);
}

TEST_CASE("two hosts do not come at the same time") {
  Backoff one(100ms, 30s, 1), other(100ms, 30s, 2);
  int different = 0;
  for (int i = 0; i < 20; ++i) different += one.next() != other.next() ? 1 : 0;
  CHECK(different > 10);
}
