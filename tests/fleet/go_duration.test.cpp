// SPDX-License-Identifier: MIT
#include "fleet/go_duration.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "xsuperd/fleet/words.hpp"

using namespace xsuperd::fleet;

TEST_CASE("a duration of Go counts in whole seconds, and what has begun counts") {
  CHECK(read_go_duration("3h59m12.345678901s") == 4 * 3600 - 47);
  CHECK(read_go_duration("4h") == 14'400);
  CHECK(read_go_duration("4h0m0s") == 14'400);
  CHECK(read_go_duration("1.5h") == 5400);
  CHECK(read_go_duration(".5m") == 30);
  CHECK(read_go_duration("1.m") == 60);
  CHECK(read_go_duration("999ms") == 1);
  CHECK(read_go_duration("1000ms") == 1);
  CHECK(read_go_duration("1us") == 1);
  CHECK(read_go_duration("1\u00b5s") == 1);
  CHECK(read_go_duration("1\u03bcs") == 1);
  CHECK(read_go_duration("1ns") == 1);
  CHECK(read_go_duration("+2m") == 120);
  CHECK(read_go_duration("0") == 0);
  CHECK(read_go_duration("0s") == 0);
}

TEST_CASE("a duration of Go that is over is none, and one that is too long is known as that") {
  CHECK(read_go_duration("-1m2.5s") == 0);
  CHECK(read_go_duration("-0") == 0);
  CHECK(read_go_duration("87600h") == std::uint64_t{87'600} * 3600);
  for (const std::string text : {"9999999h", "99999999999999999999999999999s", "867240h1s", "867240h0.1s", "867240h867240h"}) {
    INFO(text);
    CHECK(read_go_duration(text) == most_seconds + 1);
  }
  CHECK(read_go_duration("867240h") == most_seconds);
}

TEST_CASE("what is no duration of Go is none") {
  for (const std::string text : {"", "-", "+", "3", "h", ".h", ".", "3 h", "3h ", "3d", "--1s", "1h-2m", "1e3s", "0x1s", "1..5s", "1s2", "\xc2s", "1h1h1h1h1h1h1h1h1h"}) {
    INFO(text);
    CHECK_FALSE(read_go_duration(text).has_value());
  }
}
