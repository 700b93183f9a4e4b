// SPDX-License-Identifier: MIT
// The small parts of the daemon, each by itself.
#include <catch2/catch.hpp>
#include <filesystem>

#include "fakes/fake_files.hpp"
#include "fakes/fake_names.hpp"
#include "fakes/firewall.hpp"
#include "fakes/fake_spawner.hpp"
#include "fakes/memory_sink.hpp"
#include "supervisor/bans_watch.hpp"
#include "supervisor/checks.hpp"
#include "supervisor/in_force.hpp"
#include "supervisor/lifetime.hpp"
#include "supervisor/logs.hpp"
#include "supervisor/scratch.hpp"
#include "supervisor/surely.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;

namespace {

struct Nowhere : log::Output {
  Outcome write(const Line&) override { return Outcome::written; }
};

struct Log {
  fakes::MemorySink sink;
  log::DaemonLog log{sink, nullptr};
};

}  // namespace

TEST_CASE("What a step throws is logged, and the next step has its turn") {
  Log l;
  bool next = false;
  surely(l.log, [] { throw std::runtime_error("of that kind"); });
  surely(l.log, [&] { next = true; });
  CHECK(next);
  CHECK(l.sink.texts() == std::vector<std::string>{"internal error, operation abandoned: of that kind"});
}

TEST_CASE("A daemon begins to end once, and stops with the status it was told last") {
  boost::asio::io_context loop;
  Lifetime lifetime(loop);
  CHECK_FALSE(lifetime.ending());
  CHECK(lifetime.begin_to_end());
  CHECK_FALSE(lifetime.begin_to_end());
  CHECK(lifetime.ending());
  CHECK_FALSE(loop.stopped());
  lifetime.stop(3);
  CHECK(loop.stopped());
  CHECK(lifetime.status() == 3);
}

TEST_CASE("The consistency check finds places that no service has, and is silent about what is right unless it was asked for") {
  Log l;
  boost::asio::io_context loop;
  const Roster roster;
  std::uint64_t places = 0;
  ConsistencyChecks checks(loop, l.log, roster, [&] { return places; });
  checks.check(false);
  CHECK(l.sink.lines.empty());
  checks.check(true);
  CHECK(l.sink.texts() == std::vector<std::string>{"Consistency check passed"});
  places = 2;
  l.sink.lines.clear();
  checks.check(false);
  CHECK(l.sink.texts() == std::vector<std::string>{"0 places are taken in all, 2 are counted",
                                                   "Consistency check detected 1 errors"});
}

TEST_CASE("A check is done each time the interval has passed, and never without one") {
  Log l;
  boost::asio::io_context loop;
  const Roster roster;
  int looks = 0;
  ConsistencyChecks checks(loop, l.log, roster, [&]() -> std::uint64_t { return ++looks, 0; });
  checks.every(0s);
  loop.run_for(20ms);
  CHECK(looks == 0);
  loop.restart();
  checks.every(1s);
  loop.run_for(2500ms);
  CHECK(looks == 2);
}

TEST_CASE("A refused load is remembered, and what is in force stays as old as it was") {
  Log l;
  InForce in_force(l.log, 65534);
  in_force.record({}, {}, false, true);
  const base::WallTime first = in_force.loaded_at();
  CHECK(first == in_force.last_load().at);
  config::Diagnostics findings;
  findings.add(config::Level::error, {}, "wrong");
  in_force.record(findings, std::vector<std::string>(99, "anybody may write it"), true, false);
  CHECK(in_force.loaded_at() == first);
  CHECK(in_force.last_load().is_reload);
  CHECK(in_force.last_load().outcome == "refused");
  CHECK(in_force.last_load().errors == 1);
  CHECK(in_force.last_load().unguarded.size() == LoadRecord::most_unguarded);
}

TEST_CASE("Bans are added with what became of each, and removed") {
  Log l;
  boost::asio::io_context loop;
  FileWork files(loop);
  fakes::Firewall nft(loop);
  service::Bans bans;
  const std::function<base::Moment()> now = [] { return base::Moment{} + 1h; };
  std::vector<std::string> records;
  fakes::FakeSpawner spawner;
  policy::FleetCounts counts;
  BansWatch watch(files, nft, bans, now, l.log, {spawner, {}, counts}, [&](const log::Event& event) { records.push_back(log::text_of(event)); });
  const std::vector networks{*policy::Network::parse("192.0.2.0/24"), *policy::Network::parse("::1")};
  const auto added = watch.add(networks, 1, "");
  REQUIRE(added.size() == 2);
  CHECK(added[0].added == policy::BanList::Added::fresh);
  CHECK(bans.list.size() == 2);
  CHECK(records == std::vector<std::string>{"ban: network=192.0.2.0/24 minutes=1", "ban: network=::1 minutes=1"});
  CHECK(watch.add(networks, 1, "ticket")[1].added != policy::BanList::Added::fresh);
  CHECK(bans.list.find(networks[1], now())->reason == "ticket");
  CHECK(bans.list.find(networks[1], now())->origin == "administrator");
  watch.remove(networks);
  CHECK(bans.list.size() == 0);
}

TEST_CASE("Another image has as many bans as the configuration says, and an administrator's before others") {
  Log l;
  boost::asio::io_context loop;
  FileWork files(loop);
  fakes::Firewall nft(loop);
  const std::function<base::Moment()> now = [] { return base::Moment{} + 1h; };
  const auto ignore = [](const log::Event&) {};
  service::Bans before;
  fakes::FakeSpawner spawner;
  policy::FleetCounts counts;
  BansWatch old(files, nft, before, now, l.log, {spawner, {}, counts}, ignore);
  for (std::uint32_t i = 0; i < 4; ++i) before.list.add(base::Address::ipv4(i + 1), 5, now(), {.stays = i < 2});
  before.offenders.again(*policy::Network::parse("::1"), now() + 1h, now());
  before.displaced_told = true;
  HandOver state;
  state.now = now();
  old.hand_over(state);
  const auto taken = [&](std::uint32_t limit, auto check) {
    service::Bans bans;
    BansWatch watch(files, nft, bans, now, l.log, {spawner, {}, counts}, ignore);
    config::Settings defaults;
    defaults.ban_limit = limit;
    watch.go_on(defaults, state);
    check(bans);
  };
  const auto has = [&](const service::Bans& bans, std::uint32_t i) { return bans.list.banned(base::Address::ipv4(i + 1), now()); };
  taken(4, [&](const service::Bans& bans) {
    CHECK(bans.list.snapshot() == before.list.snapshot());
    CHECK(bans.offenders.snapshot() == before.offenders.snapshot());
    CHECK(bans.displaced_told);
  });
  taken(3, [&](const service::Bans& bans) { CHECK((bans.list.size() == 3 && has(bans, 0) && has(bans, 1) && has(bans, 3))); });
  taken(2, [&](const service::Bans& bans) { CHECK((bans.list.size() == 2 && has(bans, 0) && has(bans, 1))); });
}

TEST_CASE("Logs that cannot be opened anew are told by their services, and the daemon's own is told first") {
  Log l;
  const test::Scratch scratch;
  fakes::FakeFiles files;
  fakes::FakeNames names;
  const auto entry = [&](const std::string& name, const std::string& port, const std::string& directory) {
    return "service " + name + "\n{\ntype = UNLISTED\nport = " + port + "\nsocket_type = stream\nwait = no\nuser = root\n" +
           "server = /bin/server\nlog_type = FILE " + (scratch / directory) + "/" + name + "\n}\n";
  };
  std::filesystem::create_directory(scratch / "there");
  files.texts["/etc/xinetd.conf"] = entry("good", "1", "there") + entry("bad", "2", "nowhere");
  InForce in_force(l.log, 65534);
  in_force.put(config::load(files, names, "/etc/xinetd.conf").config);
  REQUIRE(in_force.config());
  REQUIRE(in_force.config()->services.size() == 2);

  boost::asio::io_context loop;
  FileWork work(loop);
  const Roster roster;
  const auto output = std::make_shared<Nowhere>();
  log::Writer writer(output);
  log::History history;
  Logs logs({{}, {}, [] { return base::Result<std::shared_ptr<log::Output>>(base::Error{0, "no daemon log"}); }}, writer, l.log,
            work, roster, in_force, history);
  std::optional<std::vector<std::string>> told;
  logs.reopen([&](std::vector<std::string> troubles) { told = std::move(troubles); });
  const auto guard = boost::asio::make_work_guard(loop);
  while (!told && loop.run_one_for(10s) > 0) {
  }
  REQUIRE(told);
  REQUIRE(told->size() == 2);
  CHECK(told->at(0) == "no daemon log");
  CHECK(told->at(1).find("; service bad keeps logging to the file that is open") != std::string::npos);
  CHECK(l.sink.has("no daemon log; logging continues in the file that is open"));
  CHECK(std::filesystem::exists(scratch / "there/good"));
  work.join();
}

TEST_CASE("A text of several lines is an entry a line") {
  Log l;
  write_lines(l.log, log::Level::info, "one\n\nthree");
  CHECK(l.sink.texts() == std::vector<std::string>{"one", "", "three"});
}
