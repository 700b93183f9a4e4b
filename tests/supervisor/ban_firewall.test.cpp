// SPDX-License-Identifier: MIT
#include "supervisor/ban_firewall.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>

#include "fakes/firewall.hpp"
#include "fakes/memory_sink.hpp"
#include "policy/networks.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;

namespace {

using Names = std::set<std::string>;

struct Bench {
  fakes::MemorySink sink;
  log::DaemonLog log{sink, nullptr};
  boost::asio::io_context loop;
  fakes::Firewall nft{loop};
  policy::BanList bans;
  base::Moment clock = base::Moment{} + 1000h;
  std::function<base::Moment()> now = [this] { return clock; };
  BanFirewall firewall{loop, nft, bans, now, log, {.gathering = 10ms, .look = 30ms, .pause = 5ms}};
  const config::BanNft where{"inet", "t", "s"};

  void ban(const std::string& peer, int minutes = 60) {
    bans.add(network(peer), minutes, clock);
    firewall.changed(network(peer));
  }
  void lift(const std::string& peer) {
    bans.remove(network(peer));
    firewall.changed(network(peer));
  }
  template <typename Done>
  void until(Done done) {
    for (const auto end = std::chrono::steady_clock::now() + 20s; !done() && std::chrono::steady_clock::now() < end;) {
      loop.restart();
      loop.run_for(5ms);
    }
    CHECK(done());
  }
  void start() {
    firewall.use(where);
    until([this] { return sink.has("the sets of nftables hold the bans"); });
  }
  void until_in(const std::string& set, const Names& names) {
    until([&] { return nft.in(set) == names; });
    CHECK(nft.in(set) == names);
  }
  [[nodiscard]] std::size_t said(const std::string& what) const {
    const auto texts = sink.texts();
    return static_cast<std::size_t>(std::ranges::count_if(texts, [&](const std::string& text) { return text.find(what) != text.npos; }));
  }
};

}  // namespace

TEST_CASE("The bans that there are come into sets that are made for them, by one transaction") {
  Bench b;
  b.ban("192.0.2.7", -1);
  b.ban("198.51.100.1", 10);
  b.ban("2001:db8::1");
  b.ban("203.0.113.0/24");
  b.ban("2001:db8:1::/48");
  b.ban("unix:uid=1000");
  b.start();
  CHECK(b.nft.in("s") == Names{"192.0.2.7", "198.51.100.1"});
  CHECK(b.nft.in("s6") == Names{"2001:db8::1"});
  CHECK(b.nft.in("s_net") == Names{"203.0.113.0/24"});
  CHECK(b.nft.in("s6_net") == Names{"2001:db8:1::/48"});
  CHECK(b.nft.sets["s"].elements["192.0.2.7"].empty());
  CHECK(b.nft.sets["s"].elements["198.51.100.1"] == "600s");
  CHECK(b.nft.sets["s"].flags == "timeout");
  CHECK(b.nft.sets["s_net"].flags == "interval,timeout");
  CHECK(b.nft.transactions.size() == 1);
  CHECK_FALSE(b.firewall.trouble());
}

TEST_CASE("What comes and goes within a moment is one transaction") {
  Bench b;
  b.ban("192.0.2.1");
  b.start();
  const std::size_t before = b.nft.transactions.size();
  for (int i = 2; i < 200; ++i) b.ban("192.0.2." + std::to_string(i));
  b.lift("192.0.2.1");
  b.lift("192.0.2.2");
  b.until([&] { return b.nft.in("s").size() == 197; });
  CHECK(b.nft.transactions.size() == before + 1);
  CHECK(b.nft.in("s").count("192.0.2.1") == 0);
  CHECK(b.nft.in("s").count("192.0.2.2") == 0);
}

TEST_CASE("A ban that lasts longer than before is put in the place of the one that is there") {
  Bench b;
  b.ban("192.0.2.1", 10);
  b.start();
  b.ban("192.0.2.1", 20);
  b.until([&] { return b.nft.sets["s"].elements["192.0.2.1"] == "1200s"; });
  b.ban("192.0.2.1", -1);
  b.until([&] { return b.nft.sets["s"].elements["192.0.2.1"].empty(); });
  CHECK(b.nft.in("s") == Names{"192.0.2.1"});
}

TEST_CASE("A set that is not as ours are is left as it is, which is said once, and healed when it is gone") {
  Bench b;
  b.nft.there = true;
  b.nft.sets["s6"] = {"inet_service", "constant", 7, {{"80", ""}}};
  b.ban("192.0.2.1");
  b.firewall.use(b.where);
  b.until([&] { return b.nft.runs >= 3; });
  CHECK(b.nft.sets.size() == 1);
  CHECK(b.nft.in("s6") == Names{"80"});
  CHECK(b.nft.transactions.empty());
  REQUIRE(b.firewall.trouble());
  CHECK(*b.firewall.trouble() == "the set inet t s6 is there and is not ours, which would have type ipv6_addr and flags timeout: it is left as it is");
  CHECK(b.said("is not ours") == 1);
  b.nft.sets.erase("s6");
  b.until_in("s", {"192.0.2.1"});
  b.until([&] { return !b.firewall.trouble(); });
}

TEST_CASE("After an error the sets are made full again, and what has come meanwhile is there") {
  Bench b;
  b.ban("192.0.2.1");
  b.start();
  b.nft.trouble = "Operation not permitted";
  b.ban("192.0.2.2");
  b.until([&] { return b.firewall.trouble().has_value(); });
  CHECK(*b.firewall.trouble() == "Operation not permitted");
  b.lift("192.0.2.1");
  b.ban("192.0.2.3");
  const int runs = b.nft.runs;
  b.until([&] { return b.nft.runs > runs; });
  b.nft.trouble.clear();
  b.until_in("s", {"192.0.2.2", "192.0.2.3"});
  b.until([&] { return !b.firewall.trouble(); });
  CHECK(b.said("Operation not permitted") == 1);
  CHECK(b.said("the sets of nftables hold the bans") == 2);
}

TEST_CASE("A table that somebody has made anew is made full again") {
  Bench b;
  b.ban("192.0.2.1");
  b.start();
  SECTION("with sets") { b.nft.make_anew(); }
  SECTION("and without") {
    b.nft.make_anew();
    b.nft.sets.clear();
  }
  SECTION("or that is gone") {
    b.nft.there = false;
    b.nft.sets.clear();
  }
  b.until_in("s", {"192.0.2.1"});
  b.until([&] { return !b.firewall.trouble(); });
}

TEST_CASE("What changes while the sets are made full is as it should be in the end") {
  Bench b;
  for (int i = 0; i < 70'000; ++i) b.bans.add(network("10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255)), 60, b.clock);
  bool once = false;
  b.nft.on_transaction = [&] {
    if (std::exchange(once, true)) return;
    b.lift("10.0.0.1");
    b.ban("192.0.2.1");
  };
  b.start();
  CHECK(b.nft.transactions.size() == 2);  // more than one transaction has
  b.until([&] { return b.nft.in("s").count("10.0.0.1") == 0; });
  CHECK(b.nft.in("s").size() == 70'000);
  CHECK(b.nft.in("s").count("192.0.2.1") == 1);
}

TEST_CASE("More changes than are remembered cost nothing but time") {
  Bench b;
  b.start();
  for (int i = 0; i < 70'000; ++i) b.ban("10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255));
  b.until([&] { return b.nft.in("s").size() == 70'000; });
}

TEST_CASE("Networks that are in one another stand there once, and come out when the greater one is lifted") {
  Bench b;
  b.ban("10.0.0.0/8");
  b.ban("10.1.0.0/16", 600);
  b.ban("10.1.2.0/24");
  b.ban("10.1.2.3");
  b.start();
  CHECK(b.nft.in("s_net") == Names{"10.0.0.0/8"});
  CHECK(b.nft.in("s") == Names{"10.1.2.3"});
  b.lift("10.0.0.0/8");
  b.until_in("s_net", {"10.1.0.0/16"});
  b.lift("10.1.0.0/16");
  b.until_in("s_net", {"10.1.2.0/24"});
}

TEST_CASE("Networks in one that has ended come out") {
  Bench b;
  b.ban("10.0.0.0/8", 1);
  b.ban("10.1.0.0/16");
  b.start();
  CHECK(b.nft.in("s_net") == Names{"10.0.0.0/8"});
  b.clock += 61s;
  b.until_in("s_net", {"10.1.0.0/16"});
}

TEST_CASE("Sets that are no more named are made empty, and not deleted") {
  Bench b;
  b.ban("192.0.2.1");
  b.ban("10.0.0.0/8");
  b.start();
  SECTION("for others") {
    b.firewall.use(config::BanNft{"inet", "t", "other"});
    b.until_in("other", {"192.0.2.1"});
  }
  SECTION("for none") { b.firewall.use(std::nullopt); }
  b.until_in("s", {});
  b.until_in("s_net", {});
  CHECK(b.nft.sets.count("s") == 1);
}

TEST_CASE("Sets that are no more named are made empty also after trouble, and those of others of that name are left as they are") {
  Bench b;
  b.ban("192.0.2.7");
  b.ban("2001:db8::1");
  b.start();
  b.nft.trouble = "busy";
  b.ban("192.0.2.8");
  b.until([&] { return b.firewall.trouble().has_value(); });
  b.nft.trouble.clear();
  b.nft.sets["s6"].type = "inet_service";
  b.firewall.use({});
  b.until_in("s", {});
  CHECK(b.nft.in("s6") == Names{"2001:db8::1"});
}

TEST_CASE("Sets that are no more named and cannot be made empty are told") {
  Bench b;
  b.ban("192.0.2.7");
  b.start();
  b.nft.trouble = "not permitted";
  b.firewall.use({});
  b.until([&] { return b.said("the sets of nftables that were named before are not empty: not permitted (inet t s)") == 1; });
}

TEST_CASE("The sets are looked at though somebody is banned all the time") {
  Bench b;
  b.ban("192.0.2.7");
  b.start();
  b.nft.make_anew();
  int last = 0;
  b.until([&] {
    b.clock += 5ms;
    b.ban("198.51.100." + std::to_string(++last % 200 + 1));
    return b.nft.in("s").contains("192.0.2.7");
  });
}

TEST_CASE("A table that is deleted while the sets are made full again after trouble does not end the trying") {
  Bench b;
  b.ban("192.0.2.7");
  b.nft.trouble = "busy";
  b.firewall.use(b.where);
  b.until([&] { return b.firewall.trouble().has_value(); });
  b.nft.on_transaction = [&b] {
    b.nft.there = false;
    b.nft.sets.clear();
    b.nft.on_transaction = [] {};
  };
  b.nft.trouble.clear();
  b.until_in("s", {"192.0.2.7"});
  b.until([&] { return !b.firewall.trouble(); });
}

TEST_CASE("Sets that are not there after they were made are trouble, and not made for ever") {
  Bench b;
  b.nft.on_transaction = [&b] { b.nft.sets.erase("s6"); };
  b.firewall.use(b.where);
  b.until([&] { return b.said("the sets are not there though they have been made") == 1; });
  b.nft.on_transaction = [] {};
  b.until([&] { return !b.firewall.trouble(); });
}

TEST_CASE("Elements that are no bans are gone when the sets are filled") {
  Bench b;
  b.nft.there = true;
  b.nft.sets["s"] = {"ipv4_addr", "timeout", 3, {{"192.0.2.9", ""}}};
  b.ban("192.0.2.1");
  b.start();
  CHECK(b.nft.in("s") == Names{"192.0.2.1"});
}
