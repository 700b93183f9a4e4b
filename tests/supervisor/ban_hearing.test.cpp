// SPDX-License-Identifier: MIT
#include "supervisor/ban_hearing.hpp"

#include <catch2/catch.hpp>

#include "fakes/memory_sink.hpp"
#include "policy/networks.hpp"
#include "xsuperd/policy/ban_origin.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;
using policy::BanList;

namespace {

constexpr base::Moment now{1000h};
constexpr policy::BanWhy by_service{.reason = "sensor trap", .origin = policy::ban_origin::service};

fleet::Heard heard(const char* peer, std::uint64_t seconds = 600) { return {network(peer), seconds, "sensor telnet", "beta"}; }
fleet::Heard decided(const char* peer, std::uint64_t seconds = 600) { return {network(peer), seconds, "crowdsecurity/ssh-bf", "", fleet::Source::crowdsec}; }
fleet::Lifted repealed(const char* peer) { return {network(peer), fleet::Source::crowdsec}; }

Heeded heed(BanList& bans, const fleet::Heard& one, const ExemptNetworks& exempt = {}) {
  BansBehind behind;
  return supervisor::heed(bans, behind, one, exempt, now);
}
bool heed(BanList& bans, const fleet::Lifted& one) {
  BansBehind behind;
  return supervisor::heed(bans, behind, one, now);
}

config::AddressPattern pattern(const char* base, int prefix) {
  config::AddressPattern one;
  one.base = *base::Address::parse(base);
  one.prefix = prefix;
  return one;
}

}  // namespace

TEST_CASE("a ban of another host is in force for as long as the store says, with the host's name") {
  BanList bans;
  CHECK(heed(bans, heard("192.0.2.0/24")) == Heeded::taken);
  const auto ban = bans.ban_of(*base::Address::parse("192.0.2.9"), now);
  REQUIRE(ban);
  CHECK(ban->until == now + 600s);
  CHECK(ban->origin == "fleet:beta");
  CHECK(ban->reason == "sensor telnet");
  CHECK_FALSE(ban->stays);
  CHECK(bans.filling().from_fleet == 1);
  CHECK(heed(bans, heard("192.0.2.7", 0)) == Heeded::taken);
  CHECK(bans.find(network("192.0.2.7"), now)->until == base::Moment::max());
}

TEST_CASE("nobody else bans more than a /16 or a /32") {
  BanList bans;
  for (const char* wide : {"0.0.0.0/0", "192.0.0.0/15", "2001::/31", "::/0"}) CHECK(heed(bans, heard(wide)) == Heeded::too_wide);
  for (const char* narrow : {"192.0.0.0/16", "2001:db8::/32"}) CHECK(heed(bans, heard(narrow)) == Heeded::taken);
  CHECK(bans.size() == 2);
}

TEST_CASE("who is exempt is not banned by others either, and a network that is more than that is") {
  BanList bans;
  const ExemptNetworks exempt{pattern("192.0.2.0", 24), pattern("::ffff:198.51.100.0", 120)};
  CHECK(heed(bans, heard("192.0.2.7"), exempt) == Heeded::exempt);
  CHECK(heed(bans, heard("192.0.2.0/24"), exempt) == Heeded::exempt);
  CHECK(heed(bans, heard("198.51.100.1"), exempt) == Heeded::exempt);
  CHECK(heed(bans, heard("192.0.0.0/16"), exempt) == Heeded::taken);
  CHECK(heed(bans, heard("203.0.113.1"), exempt) == Heeded::taken);
}

TEST_CASE("others have at most half of the list, and displace nobody") {
  BanList bans(4);
  CHECK(heed(bans, heard("192.0.2.1")) == Heeded::taken);
  CHECK(heed(bans, heard("192.0.2.2")) == Heeded::taken);
  CHECK(heed(bans, heard("192.0.2.3")) == Heeded::full);
  CHECK(heed(bans, heard("192.0.2.2", 6000)) == Heeded::taken);  // which has a place
  for (const char* own : {"198.51.100.1", "198.51.100.2"}) bans.add_until(network(own), now + 1h, now, by_service);
  bans.remove(network("192.0.2.1"));
  bans.add_until(network("198.51.100.3"), now + 1h, now, by_service);
  CHECK(bans.filling().from_fleet == 1);
  CHECK(heed(bans, heard("192.0.2.3")) == Heeded::full);
  CHECK(bans.contains(network("198.51.100.1"), now));
}

TEST_CASE("a ban of ours is never shortened, and is in force again when a longer one of others is lifted") {
  BanList bans;
  BansBehind behind;
  bans.add_until(network("192.0.2.1"), now + 1h, now, by_service);
  CHECK(heed(bans, heard("192.0.2.1", 60)) == Heeded::known);
  CHECK(heed(bans, heard("192.0.2.1", 3601)) == Heeded::known);  // the store has told us what we have told it
  CHECK(bans.find(network("192.0.2.1"), now)->until == now + 1h);
  CHECK(supervisor::heed(bans, behind, heard("192.0.2.1", 7200), {}, now) == Heeded::taken);
  CHECK(bans.find(network("192.0.2.1"), now)->until == now + 2h);
  CHECK(bans.find(network("192.0.2.1"), now)->origin == "fleet:beta");
  CHECK(supervisor::heed(bans, behind, fleet::Lifted{network("192.0.2.1")}, now));
  const auto ban = bans.find(network("192.0.2.1"), now);
  REQUIRE(ban);
  CHECK(ban->until == now + 1h);
  CHECK(ban->origin == policy::ban_origin::service);
  CHECK(ban->reason == "sensor trap");
  CHECK(bans.filling().from_fleet == 0);
  CHECK_FALSE(supervisor::heed(bans, behind, fleet::Lifted{network("192.0.2.1")}, now));
}

TEST_CASE("an administrator's ban behind a longer one of others is as it was when they lift theirs") {
  BanList bans;
  BansBehind behind;
  const policy::BanWhy why{.reason = "a ticket", .origin = policy::ban_origin::administrator, .stays = true};
  for (int i = 0; i < 2; ++i) {  // also the second time
    bans.add_until(network("192.0.2.1"), now + 10min, now, why);
    CHECK(supervisor::heed(bans, behind, heard("192.0.2.1", 7200), {}, now) == Heeded::taken);
    CHECK(bans.find(network("192.0.2.1"), now)->origin == "fleet:beta");
    CHECK(supervisor::heed(bans, behind, fleet::Lifted{network("192.0.2.1")}, now));
    const auto ban = bans.find(network("192.0.2.1"), now);
    REQUIRE(ban);
    CHECK(ban->until == now + 10min);
    CHECK(ban->origin == policy::ban_origin::administrator);
    CHECK(ban->stays);
  }
}

TEST_CASE("an administrator's ban behind that of others does not make room for what peers cause") {
  BanList bans(2);
  BansBehind own;
  bans.add_until(network("192.0.2.1"), now + 10min, now, {.origin = policy::ban_origin::administrator, .stays = true});
  for (const std::uint64_t seconds : {7200, 14400}) CHECK(supervisor::heed(bans, own, heard("192.0.2.1", seconds), {}, now) == Heeded::taken);
  CHECK(bans.filling().from_fleet == 1);
  for (const char* peer : {"198.51.100.1", "198.51.100.2", "198.51.100.3"}) bans.add_until(network(peer), now + 1h, now, by_service);
  CHECK(bans.contains(network("192.0.2.1"), now));
  CHECK(supervisor::heed(bans, own, fleet::Lifted{network("192.0.2.1")}, now));
  CHECK(bans.find(network("192.0.2.1"), now)->origin == policy::ban_origin::administrator);
}

TEST_CASE("a ban of ours that has ended behind that of others does not come back") {
  BanList bans;
  BansBehind behind;
  bans.add_until(network("192.0.2.1"), now + 1h, now, by_service);
  CHECK(supervisor::heed(bans, behind, heard("192.0.2.1", 7200), {}, now) == Heeded::taken);
  CHECK(supervisor::heed(bans, behind, fleet::Lifted{network("192.0.2.1")}, now + 90min));
  CHECK(bans.size() == 0);
}

TEST_CASE("when as many bans of ours as there may be are behind others, those that have ended are looked for once a minute") {
  BanList bans;
  BansBehind own;
  const auto ban_both = [&](const policy::Network& peer, base::Moment at) {
    bans.add_until(peer, at + 30s, at, by_service);
    return supervisor::heed(bans, own, fleet::Heard{peer, 0, "", "beta"}, {}, at);
  };
  for (std::uint32_t i = 0; i < policy::most_behind; ++i) REQUIRE(ban_both(policy::Network::of(base::Address::ipv4(0x0a000000 + i)), now) == Heeded::taken);
  CHECK(ban_both(network("192.0.2.1"), now) == Heeded::known);
  CHECK(ban_both(network("192.0.2.2"), now + 40s) == Heeded::known);
  CHECK(bans.find(network("192.0.2.2"), now + 40s)->origin == policy::ban_origin::service);
  CHECK(ban_both(network("192.0.2.3"), now + 61s) == Heeded::taken);
  CHECK(own.peers.size() == 1);
}

TEST_CASE("what another host lifts goes only if others have banned it") {
  BanList bans;
  bans.add_until(network("192.0.2.1"), now + 1h, now, by_service);
  CHECK(heed(bans, heard("192.0.2.2")) == Heeded::taken);
  CHECK_FALSE(heed(bans, fleet::Lifted{network("192.0.2.1")}));
  CHECK_FALSE(heed(bans, fleet::Lifted{network("192.0.2.3")}));
  CHECK(heed(bans, fleet::Lifted{network("192.0.2.2")}));
  CHECK(bans.size() == 1);
  CHECK(bans.filling().from_fleet == 0);
}

TEST_CASE("a ban of others that is made here as well is ours") {
  BanList bans;
  CHECK(heed(bans, heard("192.0.2.1")) == Heeded::taken);
  bans.add_until(network("192.0.2.1"), now + 1h, now, by_service);
  CHECK(bans.filling().from_fleet == 0);
  CHECK_FALSE(heed(bans, fleet::Lifted{network("192.0.2.1")}));
}

TEST_CASE("a ban by CrowdSec has its scenario for a reason, and is bounded as those of other hosts are") {
  BanList bans(4);
  const ExemptNetworks exempt{pattern("198.51.100.0", 24)};
  CHECK(heed(bans, decided("192.0.2.1"), exempt) == Heeded::taken);
  const auto ban = bans.find(network("192.0.2.1"), now);
  REQUIRE(ban);
  CHECK(ban->origin == "crowdsec");
  CHECK(ban->reason == "crowdsecurity/ssh-bf");
  CHECK(ban->until == now + 600s);
  CHECK_FALSE(ban->stays);
  CHECK(heed(bans, decided("192.0.0.0/15"), exempt) == Heeded::too_wide);
  CHECK(heed(bans, decided("198.51.100.7"), exempt) == Heeded::exempt);
  CHECK(heed(bans, heard("192.0.2.2")) == Heeded::taken);
  CHECK(heed(bans, decided("192.0.2.3")) == Heeded::full);  // both together have half of the list
  CHECK(bans.filling().from_crowdsec == 1);
  CHECK(bans.filling().from_fleet == 1);
  CHECK(heed(bans, repealed("192.0.2.1")));
  CHECK(bans.filling().from_crowdsec == 0);
}

TEST_CASE("CrowdSec lifts its own bans and no others, and shortens none") {
  BanList bans;
  const policy::BanWhy why{.reason = "a ticket", .origin = policy::ban_origin::administrator, .stays = true};
  bans.add_until(network("192.0.2.1"), now + 1h, now, why);
  bans.add_until(network("192.0.2.2"), now + 1h, now, by_service);
  CHECK(heed(bans, heard("192.0.2.3")) == Heeded::taken);
  for (const char* peer : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
    CHECK(heed(bans, decided(peer, 60)) == Heeded::known);
    CHECK_FALSE(heed(bans, repealed(peer)));
    CHECK(bans.contains(network(peer), now + 5min));
  }
  CHECK(heed(bans, decided("192.0.2.4")) == Heeded::taken);
  CHECK_FALSE(heed(bans, fleet::Lifted{network("192.0.2.4")}));  // nor does another host lift those of CrowdSec
}

TEST_CASE("an administrator's ban behind a longer one by CrowdSec is as it was when that is deleted") {
  BanList bans;
  BansBehind behind;
  const policy::BanWhy why{.reason = "a ticket", .origin = policy::ban_origin::administrator, .stays = true};
  bans.add_until(network("192.0.2.1"), now + 10min, now, why);
  CHECK(supervisor::heed(bans, behind, decided("192.0.2.1", 7200), {}, now) == Heeded::taken);
  CHECK(bans.find(network("192.0.2.1"), now)->origin == policy::ban_origin::crowdsec);
  CHECK(supervisor::heed(bans, behind, repealed("192.0.2.1"), now));
  const auto ban = bans.find(network("192.0.2.1"), now);
  REQUIRE(ban);
  CHECK(ban->until == now + 10min);
  CHECK(ban->reason == "a ticket");
  CHECK(ban->stays);
  CHECK(behind.peers.empty());
}

TEST_CASE("of this host, the fleet and CrowdSec the next longest ban counts when one is lifted, in whatever order they have come") {
  BanList bans;
  BansBehind behind;
  bans.add_until(network("192.0.2.1"), now + 10min, now, by_service);
  CHECK(supervisor::heed(bans, behind, decided("192.0.2.1", 7200), {}, now) == Heeded::taken);
  CHECK(supervisor::heed(bans, behind, heard("192.0.2.1", 3600), {}, now) == Heeded::known);
  CHECK(supervisor::heed(bans, behind, heard("192.0.2.1", 3600), {}, now) == Heeded::known);  // told once more
  CHECK(supervisor::heed(bans, behind, repealed("192.0.2.1"), now));
  CHECK(bans.find(network("192.0.2.1"), now)->origin == "fleet:beta");
  CHECK(bans.find(network("192.0.2.1"), now)->until == now + 1h);
  CHECK(supervisor::heed(bans, behind, fleet::Lifted{network("192.0.2.1")}, now));
  CHECK(bans.find(network("192.0.2.1"), now)->origin == policy::ban_origin::service);
  CHECK(bans.find(network("192.0.2.1"), now)->until == now + 10min);
  CHECK(behind.peers.empty());
}

TEST_CASE("what the store tells back of a ban of ours behind CrowdSec's is none of another host") {
  BanList bans;
  BansBehind behind;
  CHECK(supervisor::heed(bans, behind, decided("192.0.2.1", 7200), {}, now) == Heeded::taken);
  policy::ban_until(bans, behind, network("192.0.2.1"), now + 600s, now, by_service);
  CHECK(supervisor::heed(bans, behind, heard("192.0.2.1", 601), {}, now) == Heeded::known);
  CHECK(supervisor::heed(bans, behind, repealed("192.0.2.1"), now));
  CHECK(bans.find(network("192.0.2.1"), now)->origin == policy::ban_origin::service);
  CHECK(behind.peers.empty());
}

TEST_CASE("what is lifted behind a longer ban of somebody else does not come back") {
  BanList bans;
  BansBehind behind;
  CHECK(supervisor::heed(bans, behind, heard("192.0.2.1", 3600), {}, now) == Heeded::taken);
  CHECK(supervisor::heed(bans, behind, decided("192.0.2.1", 7200), {}, now) == Heeded::taken);
  CHECK_FALSE(supervisor::heed(bans, behind, fleet::Lifted{network("192.0.2.1")}, now));
  CHECK(supervisor::heed(bans, behind, repealed("192.0.2.1"), now));
  CHECK(bans.size() == 0);
}

TEST_CASE("of what others say, what finds no room is counted, and told once with who has said it") {
  fakes::MemorySink sink;
  const log::DaemonLog log(sink, nullptr);
  Hearsay said{.whose = "CrowdSec"};
  CHECK(note(Heeded::taken, said, log));
  for (const Heeded outcome : {Heeded::known, Heeded::exempt}) CHECK_FALSE(note(outcome, said, log));
  CHECK(said.left_out == 0);
  for (const Heeded outcome : {Heeded::too_wide, Heeded::full, Heeded::full}) CHECK_FALSE(note(outcome, said, log));
  CHECK(said.left_out == 3);
  REQUIRE(sink.lines.size() == 1);
  CHECK(sink.has("no room for more bans of CrowdSec: "));
}
