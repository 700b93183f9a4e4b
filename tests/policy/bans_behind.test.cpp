// SPDX-License-Identifier: MIT
#include "xsuperd/policy/bans_behind.hpp"

#include <catch2/catch.hpp>

#include "xsuperd/policy/ban_origin.hpp"

using namespace xsuperd;
using namespace std::chrono_literals;
using policy::BanList;
using policy::BansBehind;
using Added = BanList::Added;

namespace {

constexpr base::Moment now{1000h};
constexpr policy::BanWhy by_service{.reason = "sensor trap", .origin = policy::ban_origin::service};
constexpr policy::BanWhy by_administrator{.reason = "a ticket", .origin = policy::ban_origin::administrator, .stays = true};
constexpr policy::BanWhy by_crowdsec{.reason = "ssh-bf", .origin = policy::ban_origin::crowdsec};

const policy::Network peer = *policy::Network::parse("192.0.2.1");

/// Somebody else bans the peer for that long.
struct Bans {
  explicit Bans(base::Moment until = now + 2h) { list.add_until(peer, until, now, by_crowdsec); }
  BanList::Result ban(base::Moment until, const policy::BanWhy& why = by_service, base::Moment at = now) {
    return policy::ban_until(list, behind, peer, until, at, why);
  }
  void lift(base::Moment at = now) {
    list.remove(peer);
    behind.bring_back(list, peer, at);
  }
  [[nodiscard]] const BanList::Ban* ours(base::Moment at = now) const { return behind.find(peer, policy::ban_origin::ours, at); }

  BanList list;
  BansBehind behind;
};

}  // namespace

TEST_CASE("a ban of ours that ends sooner than somebody else's is kept behind it, and comes forward with its own rest") {
  Bans b;
  CHECK(b.ban(now + 10min).added == Added::extended);
  const auto front = b.list.find(peer, now);
  CHECK(front->origin == policy::ban_origin::crowdsec);
  CHECK(front->until == now + 2h);
  CHECK_FALSE(front->stays);
  b.list.hit(peer.address, now);
  b.lift(now + 1min);
  const auto ban = b.list.find(peer, now + 1min);
  REQUIRE(ban);
  CHECK(*ban == BanList::Ban{peer, now + 10min, now, 0, false, "sensor trap", "service"});
  CHECK(b.behind.peers.empty());
}

TEST_CASE("a ban of ours that ends later than somebody else's is in front of it") {
  Bans b;
  (void)b.ban(now + 10min);
  CHECK(b.ban(now + 3h).added == Added::extended);
  const auto ban = b.list.find(peer, now);
  CHECK(ban->origin == policy::ban_origin::service);
  CHECK(ban->until == now + 3h);
  CHECK(b.behind.peers.empty());
  CHECK(b.list.filling().from_crowdsec == 0);
}

TEST_CASE("where nobody else bans the peer a ban of ours is as on the list alone") {
  Bans b;
  b.lift();
  CHECK(b.ban(now + 10min).added == Added::fresh);
  CHECK(b.ban(now + 5min).added == Added::unchanged);
  CHECK(b.ban(now + 20min).added == Added::extended);
  CHECK(b.list.find(peer, now)->until == now + 20min);
  CHECK(b.ban(now + 2h, by_service, now + 1h).added == Added::fresh);
  CHECK(b.behind.peers.empty());
}

TEST_CASE("of two bans of ours behind somebody else's the longer time counts, and an administrator's word") {
  Bans b;
  (void)b.ban(now + 10min);
  CHECK(b.ban(now + 5min).added == Added::unchanged);
  CHECK(b.ours()->until == now + 10min);
  CHECK(b.ban(now + 5min, by_administrator).added == Added::extended);
  CHECK(b.ours()->until == now + 10min);
  CHECK(b.ours()->reason == "a ticket");
  CHECK(b.ban(now + 20min).added == Added::extended);
  CHECK(b.ours()->until == now + 20min);
  CHECK(b.ours()->origin == policy::ban_origin::administrator);
  b.lift();
  CHECK(b.list.find(peer, now)->stays);
}

TEST_CASE("what stands in front of an administrator's ban does not make room for what peers cause") {
  Bans b;
  (void)b.ban(now + 10min, by_administrator);
  CHECK(b.list.find(peer, now)->stays);
  CHECK(b.list.find(peer, now)->origin == policy::ban_origin::crowdsec);
  // Nor does one that comes forward in front of it.
  CHECK(b.behind.keep(b.list, {peer, now + 1h, now, 0, false, "", "fleet:beta"}, now));
  b.lift();
  CHECK(b.list.find(peer, now)->origin == "fleet:beta");
  CHECK(b.list.find(peer, now)->stays);
  b.lift();
  CHECK(b.list.find(peer, now)->origin == policy::ban_origin::administrator);
}

TEST_CASE("a ban of ours that has ended behind somebody else's is not there any more") {
  Bans b;
  (void)b.ban(now + 10min);
  CHECK_FALSE(b.ours(now + 10min));
  b.lift(now + 10min);
  CHECK(b.list.size() == 0);
  CHECK(b.behind.peers.empty());
}

TEST_CASE("a ban of ours that is gone with the one in front of it does not come back with another") {
  Bans b;
  (void)b.ban(now + 90min);
  b.list.remove(peer);  // it has made room
  CHECK(b.ban(now + 10min).added == Added::fresh);
  CHECK(b.list.find(peer, now)->until == now + 10min);
  CHECK(b.behind.peers.empty());
}

TEST_CASE("where no more can be kept behind others their ban becomes ours") {
  Bans b;
  for (std::uint32_t i = 0; i < policy::most_behind; ++i) {
    const auto one = policy::Network::of(base::Address::ipv4(0x0a000000 + i));
    b.list.add_until(one, now + 2h, now, by_crowdsec);
    (void)policy::ban_until(b.list, b.behind, one, now + 10min, now, by_service);
  }
  CHECK(b.behind.peers.size() == policy::most_behind);
  CHECK(b.ban(now + 10min).added == Added::extended);
  const auto ban = b.list.find(peer, now);
  CHECK(ban->origin == policy::ban_origin::service);
  CHECK(ban->until == now + 2h);
}
