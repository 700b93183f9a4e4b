// SPDX-License-Identifier: MIT
// What a process that shares bans can reach here when it belongs to somebody else.
#include "supervisor/ban_share.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>

#include "fakes/memory_sink.hpp"
#include "fleet/puppet.hpp"
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
constexpr policy::BanWhy by_administrator{.reason = "a ticket", .origin = policy::ban_origin::administrator, .stays = true};

fleet::Heard heard(const char* peer, std::uint64_t seconds) { return {network(peer), seconds, "reason", "beta"}; }

/// A daemon's bans and counts, and the process that shares them.
struct Shared {
  explicit Shared(std::size_t capacity = 100)
      : process(loop), helper(loop, process.spawner, {.on_trouble = [this](const std::string& sentence) { log.error("{}", sentence); }}), bans(capacity),
        share(with()) {
    config::AddressPattern exempt;
    exempt.base = *base::Address::parse("203.0.113.0");
    exempt.prefix = 24;
    settings.ban_exempt = {exempt};
    settings.ban_share = config::Words{"redis:unix:" + store.path()};
  }
  BanShare::With with() {
    return {.loop = loop, .process = helper, .bans = bans, .behind = behind, .counts = counts, .now = clock, .log = log,
            .on_change = [this](const policy::Network&) { ++changes; }};
  }
  void begin() {
    share.use(settings);
    REQUIRE(process.run_until([this] { return process.starts == 1; }));
    meet();
  }
  void meet() {
    process.hear_of_store();
    process.say(fleet::Met{});
    REQUIRE(process.run_until([this] { return share.state()->connected; }));
    for (const fleet::Heard& one : in_store) process.say(one);
    process.say(fleet::Listed{});
  }
  void ban(const char* peer, base::Moment until, const policy::BanWhy& why = by_service) { bans.add_until(network(peer), until, now, why); }
  [[nodiscard]] std::optional<BanList::Ban> ban_of(const char* peer) const { return bans.find(network(peer), now); }
  /// Until all that the process has said so far has been heard.
  void all_heard() {
    const char* const last = "198.51.100.255";
    process.say(heard(last, 0));
    REQUIRE(process.run_until([&] { return ban_of(last).has_value(); }));
    process.say(fleet::Lifted{network(last)});
    REQUIRE(process.run_until([&] { return !ban_of(last); }));
  }
  [[nodiscard]] std::ptrdiff_t lines_with(std::string_view part) const {
    return std::ranges::count_if(sink.lines, [&](const auto& line) { return line.text.find(part) != std::string::npos; });
  }

  boost::asio::io_context loop{1};
  fleet::testing::SilentStore store;
  fleet::testing::PuppetProcess process;
  fakes::MemorySink sink;
  log::DaemonLog log{sink, nullptr};
  fleet::Helper helper;
  BanList bans;
  BansBehind behind;
  policy::FleetCounts counts;
  const std::function<base::Moment()> clock = [] { return now; };
  int changes = 0;
  std::vector<fleet::Heard> in_store;
  config::Settings settings;
  BanShare share;  ///< goes first
};

/// Whether this daemon shares bans; else says that the test is skipped.
bool can_share() {
  if (!config::can_share_bans()) WARN("case-skipped: built without hiredis");
  return config::can_share_bans();
}

}  // namespace

TEST_CASE("no fleet process lifts a ban of ours, or makes it shorter") {
  if (!can_share()) return;
  Shared shared;
  shared.ban("192.0.2.1", now + 1h);
  shared.ban("192.0.2.2", now + 2h, by_administrator);
  shared.ban("192.0.2.3", base::Moment::max(), by_administrator);
  const auto before = shared.bans.snapshot();
  shared.begin();
  for (const char* peer : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
    shared.process.say(fleet::Lifted{network(peer)});
    shared.process.say(heard(peer, 1));
    shared.process.say(fleet::Lifted{network(peer)});
  }
  shared.all_heard();
  CHECK(shared.bans.snapshot() == before);
}

TEST_CASE("a ban of ours comes through whatever a fleet process puts in front of it and takes away again") {
  if (!can_share()) return;
  Shared shared;
  shared.ban("192.0.2.1", now + 1h);
  shared.ban("192.0.2.2", now + 2h, by_administrator);
  const auto service = shared.ban_of("192.0.2.1"), administrator = shared.ban_of("192.0.2.2");
  shared.begin();
  for (const char* peer : {"192.0.2.1", "192.0.2.2"})
    for (const std::uint64_t seconds : {7300, 14'400, 0, 5}) shared.process.say(heard(peer, seconds));
  shared.all_heard();
  CHECK(shared.ban_of("192.0.2.1")->until == base::Moment::max());
  CHECK(shared.ban_of("192.0.2.2")->stays);
  for (const char* peer : {"192.0.2.1", "192.0.2.2"})
    for (int i = 0; i < 3; ++i) shared.process.say(fleet::Lifted{network(peer)});
  shared.all_heard();
  CHECK(shared.ban_of("192.0.2.1") == service);
  CHECK(shared.ban_of("192.0.2.2") == administrator);
}

TEST_CASE("no fleet process bans who is exempt, this host itself, or very many") {
  if (!can_share()) return;
  Shared shared;
  shared.begin();
  for (const char* peer : {"203.0.113.7", "203.0.113.0/24", "203.0.113.128/25", "::ffff:203.0.113.7", "127.0.0.1", "127.0.0.0/16", "::1", "::/32", "::/127",
                           "fe80::/16", "169.254.0.0/16", "0.0.0.0/0", "::/0", "64:ff9b::/32", "64:ff9b::/96", "198.0.0.0/15", "2001::/31"})
    shared.process.say(heard(peer, 0));
  shared.all_heard();
  CHECK(shared.bans.size() == 0);
  for (const char* peer : {"203.0.113.7", "127.0.0.1", "::1", "64:ff9b::c000:201"}) CHECK_FALSE(shared.bans.banned(*base::Address::parse(peer), now));
}

TEST_CASE("a fleet process makes no more bans than half of the list holds, displaces none of ours, and that is told once") {
  if (!can_share()) return;
  Shared shared(8);
  for (const char* peer : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}) shared.ban(peer, now + 1h);
  shared.begin();
  for (std::uint32_t i = 0; i < 1000; ++i) shared.process.say(fleet::Heard{policy::Network::of(base::Address::ipv4(0x0a000000 + i)), 0, "", "beta"});
  REQUIRE(shared.process.run_until([&] { return shared.share.state()->heard == 1000; }));
  CHECK(shared.bans.size() == 8);
  CHECK(shared.bans.filling().from_fleet == 4);
  CHECK(shared.share.state()->left_out == 996);
  CHECK(shared.changes == 4);
  CHECK(shared.ban_of("192.0.2.1"));
  CHECK(shared.lines_with("no room for more bans of other hosts") == 1);
}

TEST_CASE("what a fleet process takes upon itself and does not live to do is told to the next one, and no ban is lost") {
  if (!can_share()) return;
  Shared shared;
  shared.ban("192.0.2.1", now + 1h);
  shared.begin();
  CHECK(std::get<fleet::Add>(shared.process.hear()).peer == network("192.0.2.1"));
  shared.bans.remove(network("192.0.2.1"));
  shared.share.changed(network("192.0.2.1"), true);
  CHECK(std::get<fleet::Remove>(shared.process.hear()).peer == network("192.0.2.1"));
  shared.ban("192.0.2.2", now + 1h);
  shared.process.say(heard("192.0.2.3", 0));
  REQUIRE(shared.process.run_until([&] { return shared.ban_of("192.0.2.3").has_value(); }));
  shared.process.say("garbage");
  REQUIRE(shared.process.run_until([&] { return shared.process.starts == 2; }));
  CHECK(shared.ban_of("192.0.2.2"));
  CHECK(shared.ban_of("192.0.2.3"));
  shared.meet();
  CHECK(std::get<fleet::Remove>(shared.process.hear()).peer == network("192.0.2.1"));
  CHECK(std::get<fleet::Add>(shared.process.hear()).peer == network("192.0.2.2"));
  CHECK(shared.lines_with("it broke the protocol; starting another") == 1);
}

TEST_CASE("a store that is there again is told only of the bans of ours that it does not have for as long") {
  if (!can_share()) return;
  Shared shared;
  for (const char* peer : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}) shared.ban(peer, now + 1h);
  shared.ban("192.0.2.5", base::Moment::max());
  shared.in_store = {heard("192.0.2.1", 3600), heard("192.0.2.2", 3590), heard("192.0.2.3", 3596), heard("192.0.2.5", 0)};
  shared.begin();
  CHECK(std::get<fleet::Add>(shared.process.hear()).peer == network("192.0.2.2"));
  CHECK(std::get<fleet::Add>(shared.process.hear()).peer == network("192.0.2.4"));
  shared.ban("192.0.2.6", now + 1h);
  shared.share.changed(network("192.0.2.6"), false);
  CHECK(std::get<fleet::Add>(shared.process.hear()).peer == network("192.0.2.6"));
}

TEST_CASE("a ban of ours that somebody lifts while the store says what it has is told again") {
  if (!can_share()) return;
  Shared shared;
  shared.ban("192.0.2.1", now + 1h);
  shared.begin();
  CHECK(std::get<fleet::Add>(shared.process.hear()).peer == network("192.0.2.1"));
  shared.process.say(fleet::Done{1});
  shared.process.say("garbage");
  REQUIRE(shared.process.run_until([&] { return shared.process.starts == 2; }));
  shared.process.hear_of_store();
  shared.process.say(fleet::Met{});
  shared.process.say(heard("192.0.2.1", 3600));
  shared.process.say(fleet::Lifted{network("192.0.2.1")});
  shared.process.say(fleet::Listed{});
  CHECK(std::get<fleet::Add>(shared.process.hear()).peer == network("192.0.2.1"));
}

TEST_CASE("a fleet process that counts and refuses to count by turns is told of once until it is tried again") {
  if (!can_share()) return;
  constexpr int sources = 8;
  Shared shared;
  shared.begin();
  config::Service service;
  service.id = "web";
  service.settings.fleet_per_source = config::Limit{4};
  for (std::uint32_t i = 0; i < sources; ++i) shared.counts.asked(service, policy::Network::of(base::Address::ipv4(0x0a000000 + i)), 1, 0, now);
  shared.share.counted();
  CHECK(std::holds_alternative<fleet::AskTime>(shared.process.hear()));
  shared.process.say(fleet::Time{3'600'000'000});
  for (int i = 0; i < sources; ++i) CHECK(std::holds_alternative<fleet::Count>(shared.process.hear()));
  for (int i = 0; i < sources; ++i) shared.process.say(i % 2 == 0 ? fleet::Word(fleet::Uncounted{"no"}) : fleet::Word(fleet::Counted{}));
  REQUIRE(shared.process.run_until([&] { return shared.lines_with("the store refuses to count") > 0; }));
  CHECK(shared.lines_with("the store refuses to count") == 1);
  CHECK(shared.lines_with("counts for limits of the fleet again") == 0);
}

TEST_CASE("a ban of ours that is made behind another host's is told when that one is lifted, wherever it stands") {
  if (!can_share()) return;
  Shared shared;
  shared.begin();
  for (const char* peer : {"192.0.2.1", "192.0.2.2"}) shared.process.say(heard(peer, 7200));
  shared.all_heard();
  // In front of the second one CrowdSec's stands.
  CHECK(supervisor::heed(shared.bans, shared.behind, {network("192.0.2.2"), 14'400, "", "", fleet::Source::crowdsec}, {}, now) == Heeded::taken);
  for (const char* peer : {"192.0.2.1", "192.0.2.2"}) {
    policy::ban_until(shared.bans, shared.behind, network(peer), now + 10min, now, by_service);
    shared.share.changed(network(peer), false);
    shared.process.say(fleet::Lifted{network(peer)});
    const auto told = std::get<fleet::Add>(shared.process.hear());
    CHECK(told.peer == network(peer));
    CHECK(told.seconds == 600);
  }
  CHECK(shared.ban_of("192.0.2.1")->origin == policy::ban_origin::service);
  CHECK(shared.ban_of("192.0.2.2")->origin == policy::ban_origin::crowdsec);
}

TEST_CASE("a store that refuses one source and counts others is told of once, and once when it counts all") {
  if (!can_share()) return;
  Shared shared;
  shared.begin();
  config::Service service;
  service.id = "web";
  service.settings.fleet_per_source = config::Limit{4};
  const auto touch = [&] {
    for (const char* peer : {"192.0.2.1", "192.0.2.2"}) shared.counts.asked(service, network(peer), 1, 0, now);
    shared.share.counted();
  };
  const auto answer = [&](const char* refused) {
    const auto order = shared.process.hear();
    const auto& count = std::get<fleet::Count>(order);
    shared.process.say(count.source.text() == refused ? fleet::Word(fleet::Uncounted{"WRONGTYPE"}) : fleet::Word(fleet::Counted{1, 0}));
  };
  touch();
  CHECK(std::holds_alternative<fleet::AskTime>(shared.process.hear()));
  shared.process.say(fleet::Time{3'600'000'000});
  for (int i = 0; i < 3; ++i) {
    if (i > 0) touch();
    answer("192.0.2.1");
    answer("192.0.2.1");
    shared.all_heard();
  }
  CHECK(shared.lines_with("the store refuses to count") == 1);
  CHECK(shared.lines_with("counts for limits of the fleet again") == 0);
  // Which of the two is told first is open, and a bucket that begins meanwhile has both told once more.
  for (int i = 0; i < 8 && shared.lines_with("counts for limits of the fleet again") == 0; ++i) {
    answer("nobody");
    shared.all_heard();
  }
  CHECK(shared.lines_with("counts for limits of the fleet again") == 1);
}
