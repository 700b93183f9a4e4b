// SPDX-License-Identifier: MIT
#include "xsuperd/policy/source_times.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>

using namespace xsuperd;
using namespace std::chrono_literals;
using policy::SourceTimes;

namespace {
base::Moment at(std::chrono::seconds time) { return base::Moment{} + time; }
base::Address source(std::uint32_t number) { return base::Address::ipv4(0x0a000000U + number); }
}  // namespace

TEST_CASE("a source has its moment until it is over") {
  SourceTimes times;
  times.set({source(1), at(10s), true}, at(0s));
  REQUIRE(times.find(source(1), at(9s)));
  CHECK(times.find(source(1), at(9s))->active);
  CHECK_FALSE(times.find(source(1), at(10s)));
  CHECK_FALSE(times.find(source(2), at(0s)));
  times.set({{}, at(10s), true}, at(0s));
  CHECK(times.size() == 1);
}

TEST_CASE("what is over is forgotten, and what has been put off is not") {
  SourceTimes times;
  times.set({source(1), at(10s), false}, at(0s));
  times.set({source(2), at(11s), false}, at(0s));
  times.set({source(1), at(30s), false}, at(5s));
  times.set({source(3), at(40s), false}, at(20s));
  CHECK(times.size() == 2);
  CHECK(times.find(source(1), at(29s)));
  times.set({source(4), at(60s), false}, at(50s));
  CHECK(times.size() == 1);
}

TEST_CASE("a moment is put off from where it is, or from now") {
  SourceTimes times;
  const auto a_minute_more = [](base::Moment end) { return end + 60s; };
  times.put_off(source(1), at(5s), a_minute_more);
  CHECK(times.find(source(1), at(64s)));
  CHECK_FALSE(times.find(source(1), at(65s)));
  times.put_off(source(1), at(6s), a_minute_more);
  CHECK(times.find(source(1), at(124s)));
  times.put_off({}, at(6s), a_minute_more);
  CHECK(times.size() == 1);
}

TEST_CASE("of too many sources the one whose moment comes first is forgotten") {
  SourceTimes times;
  for (std::uint32_t i = 0; i < SourceTimes::most; ++i) times.set({source(i), at(std::chrono::seconds(100 + i)), false}, at(0s));
  times.set({source(0), at(1'000'000s), false}, at(1s));  // no longer the first
  times.set({source(SourceTimes::most), at(5000s), false}, at(2s));
  CHECK(times.size() == SourceTimes::most);
  CHECK(times.find(source(0), at(3s)));
  CHECK_FALSE(times.find(source(1), at(3s)));
  CHECK(times.find(source(2), at(3s)));
}

TEST_CASE("a snapshot is in the order of the moments, and is taken over whole") {
  SourceTimes times;
  times.set({source(1), at(30s), false}, at(0s));
  times.set({source(2), at(10s), true}, at(0s));
  times.set({source(3), at(20s), false}, at(0s));
  const auto all = times.snapshot();
  REQUIRE(all.size() == 3);
  CHECK((all[0].source == source(2) && all[1].source == source(3) && all[2].source == source(1)));
  SourceTimes next;
  next.set({source(9), at(5s), false}, at(0s));
  next.restore(all);
  CHECK(next.snapshot() == all);
  next.set({source(4), at(90s), false}, at(15s));
  CHECK(next.size() == 3);  // the one of 10 s is over
}

TEST_CASE("a long random life does what a plain map does") {
  SourceTimes times;
  std::map<std::uint32_t, base::Moment> plain;
  std::mt19937 random(3);
  for (int step = 1; step <= 20'000; ++step) {
    const base::Moment now = at(std::chrono::seconds(step));
    const std::uint32_t number = random() % 500;
    const auto end = now + std::chrono::seconds(1 + random() % 300);
    if (random() % 3 == 0) times.set({source(number), end, false}, now), plain[number] = end;
    const std::uint32_t asked = random() % 500;
    const auto* entry = times.find(source(asked), now);
    const auto known = plain.find(asked);
    const bool there = known != plain.end() && known->second > now;
    REQUIRE((entry != nullptr) == there);
    if (entry) REQUIRE(entry->end == known->second);
  }
}
