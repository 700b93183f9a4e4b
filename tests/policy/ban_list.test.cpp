// SPDX-License-Identifier: MIT
#include "xsuperd/policy/ban_list.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>

#include "policy/networks.hpp"

using namespace xsuperd;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;
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

TEST_CASE("Why there is a ban is that of its end, and an administrator's word stays") {
  BanList bans;
  bans.add(address("10.0.0.1"), 5, start, {.reason = "sensor telnet", .origin = "service"});
  bans.add(address("10.0.0.1"), 1, start + 1min, {.reason = "refused ftp", .origin = "service"});
  CHECK(bans.ban_of(address("10.0.0.1"), start)->reason == "sensor telnet");
  bans.add(address("10.0.0.1"), 9, start + 1min, {.reason = "refused ftp", .origin = "service"});
  auto ban = bans.ban_of(address("10.0.0.1"), start);
  CHECK(ban->reason == "refused ftp");
  CHECK(ban->since == start);
  CHECK(ban->until == start + 10min);
  bans.add(address("10.0.0.1"), 1, start, {.reason = "ticket", .origin = "administrator", .stays = true});
  bans.add(address("10.0.0.1"), -1, start, {.reason = "refused ftp", .origin = "service"});
  ban = bans.ban_of(address("10.0.0.1"), start);
  CHECK(ban->reason == "ticket");
  CHECK(ban->stays);
  CHECK(ban->until == base::Moment::max());
}

TEST_CASE("What is told of a ban stays right where bans with other texts, and the last with the same, have gone") {
  BanList bans;
  const auto told_of = [&](const char* peer) { return bans.find(network(peer), start)->reason; };
  bans.add(address("10.0.0.1"), 5, start, {.reason = "sensor telnet", .origin = "service"});
  bans.add(address("10.0.0.2"), 5, start, {.reason = "sensor telnet", .origin = "service"});
  bans.remove(address("10.0.0.2"));
  bans.remove(address("10.0.0.1"));
  bans.add(address("10.0.0.3"), 5, start, {.reason = "refused ftp", .origin = "service"});
  bans.add(address("10.0.0.4"), 5, start, {.reason = "sensor telnet", .origin = "service"});
  bans.add(address("10.0.0.5"), 5, start, {.reason = "sensor telnet", .origin = "administrator"});
  CHECK(told_of("10.0.0.3") == "refused ftp");
  CHECK(told_of("10.0.0.4") == "sensor telnet");
  CHECK(bans.find(network("10.0.0.4"), start)->origin == "service");
  CHECK(bans.find(network("10.0.0.5"), start)->origin == "administrator");
}

TEST_CASE("A ban that would last longer than anybody counts is one for ever") {
  BanList bans;
  bans.add(address("10.0.0.1"), 2'147'483'647, start);
  CHECK(bans.find(network("10.0.0.1"), start)->until == base::Moment::max());
  bans.add_until(network("10.0.0.2"), start + policy::most_ban, start);
  CHECK(bans.find(network("10.0.0.2"), start)->until == start + policy::most_ban);
  bans.add_until(network("10.0.0.2"), start + policy::most_ban + 1s, start);
  CHECK(bans.find(network("10.0.0.2"), start)->until == base::Moment::max());
  bans.put({.peer = network("10.0.0.3"), .until = base::Moment::max() - 1ns}, start);
  CHECK(bans.find(network("10.0.0.3"), start)->until == base::Moment::max());
  CHECK(bans.add(address("10.0.0.1"), -1, start + 1000h).added == BanList::Added::unchanged);
}

TEST_CASE("A touch that changes neither the end of a ban nor what is told of it is seen to change nothing") {
  BanList bans;
  const BanList::Why service{.reason = "refused ftp", .origin = "service"};
  const BanList::Why administrator{.reason = "ticket", .origin = "administrator", .stays = true};
  const auto add = [&](int minutes, const BanList::Why& why) { return bans.add(address("10.0.0.1"), minutes, start, why).added; };
  CHECK(add(5, service) == BanList::Added::fresh);
  CHECK(add(5, service) == BanList::Added::unchanged);
  CHECK(add(1, {.reason = "exit:77 ssh", .origin = "service"}) == BanList::Added::unchanged);
  CHECK(add(6, service) == BanList::Added::extended);
  CHECK(add(1, administrator) == BanList::Added::extended);
  CHECK(add(1, administrator) == BanList::Added::unchanged);
}

TEST_CASE("One whose time is over begins anew, even if nobody has removed it yet") {
  BanList bans;
  bans.add(address("10.0.0.1"), 1, start);
  bans.hit(address("10.0.0.1"), start);
  CHECK(bans.add(address("10.0.0.1"), 1, start + 1min).added == BanList::Added::fresh);
  CHECK(bans.ban_of(address("10.0.0.1"), start + 1min)->hits == 0);
  CHECK(bans.ban_of(address("10.0.0.1"), start + 1min)->since == start + 1min);
  CHECK(bans.size() == 1);
}

TEST_CASE("Peers that are kept out are counted for the smallest network that does it") {
  BanList bans;
  bans.add(network("10.0.0.0/8"), 5, start);
  bans.add(network("10.1.0.0/16"), 5, start);
  bans.hit(address("10.1.2.3"), start);
  bans.hit(address("10.1.2.4"), start);
  bans.hit(address("10.2.2.4"), start);
  bans.hit(address("11.2.2.4"), start);
  CHECK(bans.find(network("10.1.0.0/16"), start)->hits == 2);
  CHECK(bans.find(network("10.0.0.0/8"), start)->hits == 1);
}

TEST_CASE("What an administrator has banned does not make room for what peers cause") {
  BanList bans(3);
  bans.add(address("10.0.0.1"), -1, start, {.stays = true});
  for (std::uint32_t i = 0; i < 100; ++i) bans.add(base::Address::ipv4(0x0b000000 + i), 5, start);
  CHECK(bans.size() == 3);
  CHECK(bans.banned(address("10.0.0.1"), start));
  BanList after(2);
  after.restore(bans.snapshot());
  CHECK(after.banned(address("10.0.0.1"), start));
  CHECK(after.banned(base::Address::ipv4(0x0b000000 + 99), start));
}

TEST_CASE("A list that may have less now becomes shorter as bans are added") {
  BanList bans(100);
  for (std::uint32_t i = 0; i < 100; ++i) bans.add(base::Address::ipv4(i + 1), 5, start);
  bans.set_capacity(50);
  for (std::uint32_t i = 0; i < 49; ++i) bans.add(base::Address::ipv4(i + 1000), 5, start);
  CHECK(bans.size() == 51);
  for (std::uint32_t i = 0; i < 9; ++i) bans.add(base::Address::ipv4(i + 2000), 5, start);
  CHECK(bans.size() == 50);
  CHECK(bans.banned(base::Address::ipv4(2008), start));
}

TEST_CASE("Addresses with a scope are banned each by itself, and their networks with all of them") {
  BanList bans;
  const auto scoped = [](std::uint32_t scope) { return base::Address::ipv6(base::Address::parse("fe80::1")->bytes(), scope); };
  bans.add(scoped(2), 5, start);
  CHECK(bans.banned(scoped(2), start));
  CHECK_FALSE(bans.banned(scoped(3), start));
  CHECK_FALSE(bans.banned(address("fe80::1"), start));
  bans.add(address("fe80::1"), 5, start);
  CHECK_FALSE(bans.banned(scoped(3), start));
  bans.add(network("fe80::/64"), 5, start);
  CHECK(bans.banned(scoped(3), start));
  CHECK(bans.remove(scoped(2)));
  CHECK(bans.covering(scoped(2), start) == network("fe80::/64"));
}

TEST_CASE("Much is forgotten in as many steps as are wanted") {
  BanList bans;
  for (std::uint32_t i = 0; i < 1000; ++i) bans.add(base::Address::ipv4(i + 1), 5, start);
  CHECK(bans.expire(start + 5min, 300) == 300);
  CHECK(bans.next_end() == start + 5min);
  CHECK(bans.expire(start + 5min) == 700);
  CHECK(bans.size() == 0);
}

TEST_CASE("Who goes through the list meets each once that is there all the time") {
  BanList bans;
  for (std::uint32_t i = 0; i < 2000; ++i) bans.add(base::Address::ipv4(i + 1), 5, start);
  std::set<std::string> met;
  BanList::Cursor cursor;
  std::size_t turns = 0;
  while (const auto ban = bans.next(cursor)) {
    CHECK(met.insert(ban->peer.text()).second);
    if (++turns % 2 == 0 && turns <= 1000) bans.remove(base::Address::ipv4(static_cast<std::uint32_t>(2000 - turns / 2 + 1)));
  }
  CHECK(met.size() == 1500);
}

TEST_CASE("After any number of changes the list says what a plain table says") {
  // Networks of a few bits, so that they lie in one another, part and meet.
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same numbers each time
  const auto some_network = [&] {
    const bool ipv4 = random() % 2 == 0;
    auto bytes = address("2001:db8::").bytes();
    for (std::size_t i : {2u, 4u, 8u, 15u}) bytes[i] = static_cast<std::uint8_t>(random() % 3 << (random() % 2 * 7));
    const auto v4 = base::Address::ipv4(static_cast<std::uint32_t>((random() % 4) << 30 | (random() % 3) << 15 | random() % 4));
    return policy::Network::of(ipv4 ? v4 : base::Address::ipv6(bytes), static_cast<std::uint8_t>(random() % (ipv4 ? 33 : 129)));
  };
  BanList bans;
  std::map<policy::Network, base::Moment> plain;
  base::Moment now = start;
  for (int turn = 0; turn < 20'000; ++turn) {
    const policy::Network one = some_network();
    now += std::chrono::seconds(random() % 2);
    std::erase_if(plain, [&](const auto& entry) { return entry.second <= now; });
    if (turn % 16 == 0) bans.expire(now);
    if (random() % 3 == 0) {
      const bool there = plain.erase(one) > 0;
      if (there) REQUIRE(bans.remove(one));
    } else {
      const int minutes = static_cast<int>(random() % 60) + 1;
      bans.add(one, minutes, now);
      auto& until = plain[one];
      until = std::max(until, now + std::chrono::minutes(minutes));
    }
    const base::Address peer = some_network().address;
    std::optional<policy::Network> smallest;
    for (const auto& [network, until] : plain)
      if (network.address.family() == peer.family() && policy::Network::of(peer, network.length) == network &&
          (!smallest || network.length > smallest->length))
        smallest = network;
    REQUIRE(bans.covering(peer, now) == smallest);
  }
  bans.expire(now);
  CHECK(bans.size() == plain.size());
}
