// SPDX-License-Identifier: MIT
#include "supervisor/ban_outbox.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "policy/networks.hpp"
#include "xsuperd/policy/ban_origin.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;

namespace {

constexpr base::Moment now{1000h};

struct Box {
  void ban(const char* peer, std::string_view origin = policy::ban_origin::service) {
    bans.add_until(network(peer), now + 10min, now, {.reason = "sensor trap", .origin = origin});
  }
  std::vector<fleet::Order> all() {
    std::vector<fleet::Order> orders;
    std::size_t steps = 1000;
    while (auto one = outbox.next(bans, behind, now, steps)) orders.push_back(*one);
    return orders;
  }
  policy::BanList bans;
  BansBehind behind;
  BanOutbox outbox;
};

policy::BanWhy by_crowdsec{.reason = "ssh-bf", .origin = policy::ban_origin::crowdsec};
policy::BanWhy by_beta{.reason = "sensor", .origin = "fleet:beta"};

fleet::Order add(const char* peer) { return fleet::Add{network(peer), 600, "sensor trap"}; }
fleet::Order lift(const char* peer) { return fleet::Remove{network(peer)}; }
using Orders = std::vector<fleet::Order>;

}  // namespace

TEST_CASE("changes are told in their order, each as it is then") {
  Box box;
  box.ban("192.0.2.1");
  CHECK(box.outbox.put(network("192.0.2.1"), false));
  CHECK(box.outbox.put(network("192.0.2.2"), true));
  box.ban("192.0.2.3");
  CHECK(box.outbox.put(network("192.0.2.3"), false));
  box.bans.remove(network("192.0.2.3"));  // has ended meanwhile: the store knows that by itself
  CHECK(box.all() == Orders{add("192.0.2.1"), lift("192.0.2.2")});
  CHECK(box.outbox.empty());
}

TEST_CASE("what is lifted and banned again is banned, and the other way round it is lifted") {
  Box box;
  CHECK(box.outbox.put(network("192.0.2.1"), true));
  box.ban("192.0.2.1");
  CHECK(box.outbox.put(network("192.0.2.1"), false));
  CHECK(box.outbox.put(network("192.0.2.2"), false));
  CHECK(box.outbox.put(network("192.0.2.2"), true));
  CHECK(box.all() == Orders{add("192.0.2.1"), lift("192.0.2.2")});
}

TEST_CASE("bans of others, of local peers and of half the world are not told") {
  Box box;
  box.ban("192.0.2.1", "fleet:beta");
  box.ban("unix:uid=7");
  box.ban("10.0.0.0/8");
  for (const char* peer : {"192.0.2.1", "unix:uid=7", "10.0.0.0/8"}) CHECK(box.outbox.put(network(peer), false));
  box.outbox.walk();
  CHECK(box.all().empty());
}

TEST_CASE("what was under way when the store went away is told again, unless something has come since") {
  Box box;
  for (const char* peer : {"192.0.2.1", "192.0.2.2"}) {
    box.ban(peer);
    CHECK(box.outbox.put(network(peer), false));
  }
  CHECK(box.all().size() == 2);
  box.outbox.done(1);
  CHECK(box.outbox.put(network("192.0.2.2"), true));
  box.bans.remove(network("192.0.2.2"));
  CHECK(box.outbox.lifts(network("192.0.2.2")));
  box.outbox.refused(1);
  CHECK(box.all() == Orders{lift("192.0.2.2")});
  CHECK(box.outbox.lifts(network("192.0.2.2")));
  box.outbox.done(1);
  CHECK_FALSE(box.outbox.lifts(network("192.0.2.2")));
}

TEST_CASE("a ban and its lifting that were both under way when the store went away are told as lifted") {
  Box box;
  box.ban("192.0.2.1");
  CHECK(box.outbox.put(network("192.0.2.1"), false));
  CHECK(box.all().size() == 1);
  box.bans.remove(network("192.0.2.1"));
  CHECK(box.outbox.put(network("192.0.2.1"), true));
  CHECK(box.all() == Orders{lift("192.0.2.1")});
  SECTION("and nothing has come since") {
    box.outbox.refused(2);
    CHECK(box.all() == Orders{lift("192.0.2.1")});
  }
  SECTION("one after the other") {
    box.outbox.refused(1);
    box.outbox.refused(1);
    CHECK(box.all() == Orders{lift("192.0.2.1")});
  }
  SECTION("unless it is banned anew") {
    box.ban("192.0.2.1");
    box.outbox.refused(2);
    CHECK(box.all() == Orders{add("192.0.2.1")});
  }
}

TEST_CASE("a store that is there again is told of what was lifted, and of all bans of ours, some at a time") {
  Box box;
  for (int i = 0; i < 100; ++i) box.ban(fmt::format("192.0.2.{}", i).c_str());
  box.outbox.start_anew();
  CHECK(box.outbox.empty());  // until the store has said what it has
  box.outbox.listed();
  CHECK(box.outbox.put(network("198.51.100.1"), true));
  std::size_t steps = 11, count = 0;
  while (box.outbox.next(box.bans, box.behind, now, steps)) ++count;
  CHECK(count == 11);
  CHECK_FALSE(box.outbox.empty());
  CHECK(box.all().size() == 90);
  CHECK(box.outbox.empty());
}

TEST_CASE("what finds no room is found in the list later") {
  Box box;
  for (std::uint32_t i = 0; i < BanOutbox::most; ++i)
    REQUIRE(box.outbox.put(policy::Network::of(base::Address::ipv4(0x0a000000 + i)), true));
  CHECK_FALSE(box.outbox.put(network("192.0.2.1"), true));
  box.ban("192.0.2.2");
  CHECK_FALSE(box.outbox.put(network("192.0.2.2"), false));
  std::size_t steps = 10 * BanOutbox::most, adds = 0;
  while (auto one = box.outbox.next(box.bans, box.behind, now, steps)) {
    adds += std::holds_alternative<fleet::Add>(*one) ? 1 : 0;
    box.outbox.done(1);
  }
  CHECK(adds == 1);
}

TEST_CASE("bans by CrowdSec are not told: each host has them from there") {
  Box box;
  box.ban("192.0.2.1", policy::ban_origin::crowdsec);
  box.ban("192.0.2.2");
  box.outbox.walk();
  CHECK(box.all() == Orders{add("192.0.2.2")});
}

TEST_CASE("a ban of ours behind one of CrowdSec's is told, by itself and with all others") {
  Box box;
  for (const char* peer : {"192.0.2.1", "192.0.2.2"}) box.bans.add_until(network(peer), now + 1h, now, by_crowdsec);
  policy::ban_until(box.bans, box.behind, network("192.0.2.1"), now + 10min, now, {.reason = "sensor trap", .origin = policy::ban_origin::service});
  for (const char* peer : {"192.0.2.1", "192.0.2.2"}) CHECK(box.outbox.put(network(peer), false));
  CHECK(box.all() == Orders{add("192.0.2.1")});
  box.outbox.done(1);
  box.outbox.start_anew();
  box.outbox.listed();
  CHECK(box.all() == Orders{add("192.0.2.1")});
}

TEST_CASE("a ban of ours is not told while the fleet has one that ends later, which it would shorten") {
  Box box;
  box.bans.add_until(network("192.0.2.1"), now + 1h, now, by_crowdsec);
  policy::ban_until(box.bans, box.behind, network("192.0.2.1"), now + 10min, now, {.reason = "sensor trap", .origin = policy::ban_origin::service});
  box.bans.add_until(network("192.0.2.2"), now + 1h, now, by_beta);
  policy::ban_until(box.bans, box.behind, network("192.0.2.2"), now + 10min, now, {.reason = "sensor trap", .origin = policy::ban_origin::service});
  CHECK(supervisor::heed(box.bans, box.behind, fleet::Heard{network("192.0.2.1"), 1800, "sensor", "beta"}, {}, now) == Heeded::known);
  box.outbox.walk();
  CHECK(box.all().empty());
  for (const char* peer : {"192.0.2.1", "192.0.2.2"}) (void)supervisor::heed(box.bans, box.behind, fleet::Lifted{network(peer)}, now);
  box.outbox.walk();
  CHECK(box.all().size() == 2);
}
