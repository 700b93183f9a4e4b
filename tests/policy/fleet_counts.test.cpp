// SPDX-License-Identifier: MIT
#include "xsuperd/policy/fleet_counts.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "policy/networks.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;

namespace {

constexpr base::Moment start{1000h};

base::Address address(const char* text) { return *base::Address::parse(text); }

config::Service limited(std::uint32_t count = 10, std::uint32_t period = 60) {
  config::Service service;
  service.id = "web";
  service.settings.fleet_per_source = config::Limit{4};
  service.settings.fleet_rate = config::FleetRate{count, period};
  return service;
}

/// At the beginning of a bucket of an hour, and so of all shorter ones.
FleetCounts counts() {
  FleetCounts counts;
  counts.turn(true);
  counts.set_clock(std::chrono::milliseconds(1000h), start);
  return counts;
}

const FleetCounts::Key key{"web", address("192.0.2.1")};
std::int64_t bucket(const FleetCounts& counts, base::Moment now) { return bucket_at(counts.clock(now), FleetCounts::session_bucket); }

}  // namespace

TEST_CASE("without a store nothing is noted") {
  FleetCounts none;
  none.asked(limited(), network("192.0.2.1"), 1, 1, start);
  CHECK(none.size() == 0);
  FleetCounts some = counts();
  some.asked(limited(), network("192.0.2.1"), 1, 1, start);
  CHECK(some.size() == 1);
  some.turn(false);
  CHECK(some.size() == 0);
  CHECK_FALSE(some.any_changed());
}

TEST_CASE("a source that is not known has nothing elsewhere") {
  const auto known = counts().look(limited(), address("192.0.2.1"), start);
  CHECK(known.elsewhere == 0);
  CHECK_FALSE(known.rate_reached);
}

TEST_CASE("what others have counts until the bucket after it is over") {
  FleetCounts all = counts();
  all.asked(limited(), network("192.0.2.1"), 1, 1, start);
  all.tell_sessions(key, bucket(all, start), 3);
  CHECK(all.look(limited(), key.source, start).elsewhere == 3);
  CHECK(all.look(limited(), key.source, start + 19'999ms).elsewhere == 3);
  CHECK(all.look(limited(), key.source, start + 20s).elsewhere == 0);
}

TEST_CASE("what was told by a clock that was far ahead does not count when the clock is right again") {
  FleetCounts all = counts();
  all.asked(limited(), network("192.0.2.1"), 1, 0, start);
  all.set_clock(std::chrono::milliseconds(2000h), start);
  all.tell_sessions(key, bucket(all, start), 3);
  CHECK(all.look(limited(), key.source, start).elsewhere == 3);
  all.set_clock(std::chrono::milliseconds(1000h), start);
  CHECK(all.look(limited(), key.source, start).elsewhere == 0);
}

TEST_CASE("what was admitted in the bucket before counts by the part of it that is within a period") {
  FleetCounts all = counts();
  for (int i = 0; i < 6; ++i) all.asked(limited(), network("192.0.2.1"), 0, 1, start);
  all.tell_admitted(key, {bucket_at(all.clock(start), 60s), 3, 0});
  CHECK(all.look(limited(), key.source, start).admitted == 9);
  CHECK_FALSE(all.look(limited(), key.source, start).rate_reached);
  all.asked(limited(), network("192.0.2.1"), 0, 1, start);
  CHECK(all.look(limited(), key.source, start).rate_reached);
  CHECK(all.look(limited(), key.source, start + 65s).rate_reached);        // 10 * 55 / 60, and one more
  CHECK(all.look(limited(), key.source, start + 66s).admitted == 9);
  CHECK_FALSE(all.look(limited(), key.source, start + 66s).rate_reached);
  CHECK(all.look(limited(), key.source, start + 90s).admitted == 5);
  CHECK(all.look(limited(), key.source, start + 120s).admitted == 0);
}

TEST_CASE("one that has been refused after all is given back") {
  FleetCounts all = counts();
  all.asked(limited(1), network("192.0.2.1"), 1, 1, start);
  CHECK(all.look(limited(1), key.source, start).rate_reached);
  all.asked(limited(1), network("192.0.2.1"), 0, -1, start);
  CHECK_FALSE(all.look(limited(1), key.source, start).rate_reached);
}

TEST_CASE("the greatest numbers do not wrap") {
  FleetCounts all = counts();
  const config::Service day = limited(1'000'000, 86'400);
  all.asked(day, network("192.0.2.1"), 0, 1, start);
  all.tell_admitted(key, {bucket_at(all.clock(start), 86'400s), 1'000'000'000, 1'000'000'000});
  CHECK(all.look(day, key.source, start).rate_reached);
}

TEST_CASE("only sources with IP addresses that others can have are counted") {
  FleetCounts all = counts();
  for (const char* peer : {"unix:uid=7", "vsock:3"})
    if (const auto other = Network::parse(peer)) all.asked(limited(), *other, 1, 1, start);
  all.asked(limited(), Network{}, 1, 1, start);
  CHECK(all.size() == 0);
}

TEST_CASE("each change is told once, and so is the end of a session that is counted") {
  FleetCounts all = counts();
  all.asked(limited(), network("192.0.2.1"), 1, 1, start);
  all.asked(limited(), network("192.0.2.1"), 2, 1, start);
  CHECK(all.take_changed() == std::vector{key});
  CHECK_FALSE(all.any_changed());
  all.ended("web", key.source, 1);
  CHECK(all.take_changed() == std::vector{key});
  all.ended("web", key.source, 1);
  all.ended("other", key.source, 0);
  CHECK_FALSE(all.any_changed());
  CHECK(all.running() == std::vector{key});
}

TEST_CASE("who has nothing here and has not come for two buckets is forgotten, and others are not") {
  FleetCounts all = counts();
  config::Service only_sessions = limited();
  only_sessions.settings.fleet_rate.reset();
  all.asked(only_sessions, network("192.0.2.1"), 1, 1, start);
  all.asked(only_sessions, network("192.0.2.2"), 0, 0, start);
  all.asked(limited(), network("192.0.2.3"), 0, 1, start);  // its minute is not over
  (void)all.take_changed();
  all.expire(start + 19s);
  CHECK(all.size() == 3);
  all.expire(start + 20s);
  CHECK(all.size() == 2);
  all.expire(start + 120s);
  CHECK(all.size() == 1);
  CHECK(all.find(key) != nullptr);
}

TEST_CASE("beyond the bound new sources are not counted, and old ones are") {
  FleetCounts all = counts();
  for (std::uint32_t i = 0; i < FleetCounts::most; ++i) all.asked(limited(), Network::of(base::Address::ipv4(0x0a000000 + i)), 1, 1, start);
  CHECK(all.left_out() == 0);
  all.asked(limited(), network("192.0.2.1"), 1, 1, start);
  CHECK(all.size() == FleetCounts::most);
  CHECK(all.left_out() == 1);
  all.asked(limited(), network("10.0.0.1"), 2, 1, start);
  CHECK(all.left_out() == 1);
}

TEST_CASE("a source of as many addresses as another prefix makes counts anew") {
  FleetCounts all = counts();
  all.asked(limited(), network("192.0.2.0/24"), 1, 1, start);
  const FleetCounts::Key same{"web", address("192.0.2.0")};
  const std::uint64_t number = all.find(same)->number;
  all.asked(limited(), network("192.0.2.0/25"), 1, 1, start);
  CHECK(all.find(same)->source.text() == "192.0.2.0/25");
  CHECK(all.find(same)->number != number);
}

TEST_CASE("a service without such limits any more is forgotten, and another period counts anew") {
  FleetCounts all = counts();
  all.asked(limited(), network("192.0.2.1"), 1, 1, start);
  const std::uint64_t number = all.find(key)->number;
  all.asked(limited(10, 3600), network("192.0.2.1"), 1, 1, start);
  CHECK(all.find(key)->number != number);
  CHECK(all.find(key)->ours.now == 1);
  all.forget("web");
  CHECK(all.size() == 0);
  CHECK_FALSE(all.any_changed());
}

TEST_CASE("a window goes on, and a clock that goes back a little at an edge changes nothing") {
  FleetWindow window{5, 3, 2};
  window.shift(4);
  CHECK(window == FleetWindow{5, 3, 2});
  window.shift(6);
  CHECK(window == FleetWindow{6, 0, 3});
  window.shift(8);
  CHECK(window == FleetWindow{8, 0, 0});
  window.now = 1;
  window.shift(2);
  CHECK(window == FleetWindow{2, 0, 0});
}
