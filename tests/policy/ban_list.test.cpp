// SPDX-License-Identifier: MIT
#include "xsuperd/policy/ban_list.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd;
using namespace std::chrono_literals;
using policy::BanList;

namespace {
const base::Moment start{};
base::Address address(const char* text) { return *base::Address::parse(text); }
}  // namespace

TEST_CASE("a banned peer stays out until its time is over and not longer") {
  BanList bans;
  bans.add(address("10.0.0.1"), 5, start);
  CHECK(bans.banned(address("10.0.0.1"), start));
  CHECK(bans.banned(address("10.0.0.1"), start + 5min - 1ns));
  CHECK_FALSE(bans.banned(address("10.0.0.1"), start + 5min));
  CHECK_FALSE(bans.banned(address("10.0.0.2"), start));
}

TEST_CASE("a ban for ever has no end") {
  BanList bans;
  bans.add(address("::1"), -1, start);
  CHECK(bans.banned(address("::1"), start + 100000h));
  CHECK_FALSE(bans.next_end());
  CHECK(bans.expire(start + 100000h) == 0);
}

TEST_CASE("a mapped address and its IPv4 form are one peer") {
  BanList bans;
  bans.add(address("::ffff:10.0.0.1"), 1, start);
  CHECK(bans.banned(address("10.0.0.1"), start));
  bans.add(address("10.0.0.2"), 1, start);
  CHECK(bans.banned(address("::ffff:10.0.0.2"), start));
}

TEST_CASE("an address that ends in zero bans no network") {
  BanList bans;
  bans.add(address("10.5.5.0"), 1, start);
  CHECK_FALSE(bans.banned(address("10.5.5.7"), start));
}

TEST_CASE("another touch makes the time run anew but never shortens it") {
  BanList bans;
  CHECK(bans.add(address("10.0.0.1"), 10, start).added == BanList::Added::fresh);
  CHECK(bans.add(address("10.0.0.1"), 10, start + 8min).added == BanList::Added::extended);
  CHECK(bans.banned(address("10.0.0.1"), start + 17min));
  bans.add(address("10.0.0.1"), 1, start + 8min);
  CHECK(bans.banned(address("10.0.0.1"), start + 17min));
  CHECK(bans.size() == 1);
}

TEST_CASE("the list is bounded and the oldest touch goes first") {
  BanList bans(3);
  for (const char* peer : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) CHECK_FALSE(bans.add(address(peer), -1, start).displaced);
  bans.add(address("10.0.0.1"), -1, start);
  CHECK(bans.add(address("10.0.0.4"), -1, start).displaced);
  CHECK(bans.size() == 3);
  CHECK(bans.banned(address("10.0.0.1"), start));
  CHECK_FALSE(bans.banned(address("10.0.0.2"), start));
}

TEST_CASE("a million distinct peers take the room of the capacity") {
  BanList bans(1000);
  for (std::uint32_t i = 0; i < 1'000'000; ++i) bans.add(base::Address::ipv4(i), 60, start);
  CHECK(bans.size() == 1000);
  CHECK(bans.banned(base::Address::ipv4(999'999), start));
}

TEST_CASE("what is over is forgotten and the next end is known") {
  BanList bans;
  bans.add(address("10.0.0.1"), 1, start);
  bans.add(address("10.0.0.2"), 3, start);
  bans.add(address("10.0.0.3"), -1, start);
  CHECK(bans.next_end() == start + 1min);
  CHECK(bans.expire(start + 1min) == 1);
  CHECK(bans.next_end() == start + 3min);
  CHECK(bans.expire(start + 10min) == 1);
  CHECK(bans.size() == 1);
  CHECK(bans.remove(address("10.0.0.3")));
  CHECK_FALSE(bans.remove(address("10.0.0.3")));
}

TEST_CASE("a list goes on from what another one knew, in its order") {
  BanList before;
  before.add(address("10.0.0.1"), 5, start);
  before.add(address("::1"), -1, start);
  before.add(address("10.0.0.1"), 7, start);  // the last touch counts
  BanList after(2);
  after.restore(before.snapshot());
  CHECK(after.snapshot() == before.snapshot());
  CHECK(after.banned(address("::1"), start + 100000h));
  CHECK(after.next_end() == start + 7min);
  CHECK(after.add(address("10.0.0.9"), 1, start).displaced);
  CHECK_FALSE(after.banned(address("::1"), start));  // its last touch was oldest
  CHECK(after.banned(address("10.0.0.1"), start));
}

TEST_CASE("a smaller list keeps those that were touched last") {
  BanList before;
  for (const char* peer : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) before.add(address(peer), 5, start);
  BanList after(2);
  after.restore(before.snapshot());
  CHECK(after.size() == 2);
  CHECK_FALSE(after.banned(address("10.0.0.1"), start));
  CHECK(after.banned(address("10.0.0.3"), start));
}

namespace {
policy::Network network(const char* text) { return *policy::Network::parse(text); }
}  // namespace

TEST_CASE("a banned network keeps out all who are in it and nobody else") {
  BanList bans;
  bans.add(network("192.0.2.0/24"), 5, start);
  bans.add(network("2001:db8::/32"), -1, start);
  for (const char* peer : {"192.0.2.0", "192.0.2.77", "192.0.2.255", "::ffff:192.0.2.1", "2001:db8:ffff::1"})
    CHECK(bans.banned(address(peer), start));
  for (const char* peer : {"192.0.1.255", "192.0.3.0", "2001:db9::", "::192.0.2.1", "::"})
    CHECK_FALSE(bans.banned(address(peer), start));
  CHECK_FALSE(bans.banned(address("192.0.2.7"), start + 5min));
  CHECK_FALSE(bans.banned({}, start));
}

TEST_CASE("networks in one another are banned each for its own time, and the smallest is told") {
  BanList bans;
  bans.add(network("10.0.0.0/8"), 10, start);
  bans.add(network("10.1.0.0/16"), 5, start);
  bans.add(address("10.1.2.3"), 1, start);
  CHECK(bans.covering(address("10.1.2.3"), start) == network("10.1.2.3"));
  CHECK(bans.covering(address("10.1.2.3"), start + 1min) == network("10.1.0.0/16"));
  CHECK(bans.covering(address("10.1.2.3"), start + 5min) == network("10.0.0.0/8"));
  CHECK(bans.covering(address("10.2.0.0"), start) == network("10.0.0.0/8"));
  CHECK_FALSE(bans.covering(address("10.1.2.3"), start + 10min));
  CHECK(bans.expire(start + 5min) == 2);
  CHECK(bans.size() == 1);
  CHECK(bans.banned(address("10.1.2.3"), start + 5min));
  CHECK_FALSE(bans.remove(network("10.1.0.0/16")));
  CHECK_FALSE(bans.remove(address("10.1.2.3")));
  CHECK(bans.remove(network("10.200.0.0/8")));
  CHECK_FALSE(bans.banned(address("10.1.2.3"), start));
}

TEST_CASE("what all addresses begin with is a network, too") {
  BanList bans;
  bans.add(network("0.0.0.0/0"), 1, start);
  CHECK(bans.banned(address("255.255.255.255"), start));
  CHECK(bans.banned(address("::ffff:1.2.3.4"), start));
  CHECK_FALSE(bans.banned(address("2001:db8::1"), start));
  bans.add(network("::/0"), 1, start);
  CHECK(bans.banned(address("2001:db8::1"), start));
}

TEST_CASE("networks that had to go for others are not matched any more, and an upgrade keeps the others") {
  BanList before(2);
  before.add(network("10.0.0.0/8"), -1, start);
  before.add(network("11.0.0.0/8"), -1, start);
  CHECK(before.add(address("12.0.0.1"), -1, start).displaced);
  CHECK_FALSE(before.banned(address("10.0.0.1"), start));
  BanList after;
  after.restore(before.snapshot());
  CHECK(after.snapshot() == before.snapshot());
  CHECK(after.banned(address("11.2.3.4"), start));
  CHECK(after.banned(address("12.0.0.1"), start));
  CHECK_FALSE(after.banned(address("12.0.0.2"), start));
  // An older image tells of addresses alone, without a length.
  BanList of_old;
  of_old.restore({{{address("10.0.0.1"), 128}, base::Moment::max()}});
  CHECK(of_old.remove(address("10.0.0.1")));
}
