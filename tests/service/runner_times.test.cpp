// SPDX-License-Identifier: MIT
// Sessions that take too long.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using Outcome = net::TcpLook::Outcome;

namespace {

/// Says of every connection what the test says.
struct FakeObserver final : net::TcpObserver {
  net::TcpLook look(const net::TcpIdentity&, const base::Endpoint&) override {
    ++looks;
    return answer;
  }
  net::TcpLook answer{.peer_spoke = true};
  int looks = 0;
};

using Change = std::function<void(config::Settings&)>;

config::Service with(const Change& change) {
  config::Service service = stream_service();
  change(service.settings);
  return service;
}

config::Service internal(const Change& change) {
  config::Service service = with(change);
  service.name = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  return service;
}

/// All alarms ring at once, and nothing is due until the clock is turned.
struct Timed : Bench {
  explicit Timed(config::Service service) : Bench(std::move(service)) {
    around.asked.observer = observer;
    hurry = true;
    REQUIRE(runner->start());
  }
  Process serve(bool stubborn = false) {
    run_until_jobs(spawner.requests.size() + 1);
    Process server = Process::sleeping(stubborn);
    spawner.deliver_started(spawner.requests.size() - 1, server.pid(), server.pidfd());
    return server;
  }
  /// Some turns of the loop.
  void pass() {
    for (int i = 0; i < 20; ++i) loop.run_one_for(5ms);
  }
  void until_over() {
    run_until([&] { return runner->sessions().empty(); });
  }
  std::shared_ptr<FakeObserver> observer = std::make_shared<FakeObserver>();
};

}  // namespace

TEST_CASE("a server that reaches runtime_max gets TERM, and the log tells before its end") {
  Timed bench(with([](auto& s) { s.runtime_max = 60; }));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.clock = at(59s);
  bench.pass();
  CHECK(server.alive());
  bench.clock = at(60s);
  bench.until_over();
  CHECK(bench.entries() == fmt::format("START: x pid={0} from=127.0.0.1\nLIMIT: x pid={0} runtime_max\n"
                                       "EXIT: x signal=15 pid={0} duration=60(sec)\n", server.pid()));
  CHECK(bench.runner->counters().limited == 1);
  CHECK(bench.runner->counters().served == 1);
  CHECK(bench.observer->looks == 0);
}

TEST_CASE("a server that ignores TERM gets KILL after kill_grace") {
  Timed bench(with([](auto& s) { s.runtime_max = 60, s.kill_grace = 10; }));
  const Client client(bench.where());
  const Process server = bench.serve(true);
  bench.clock = at(60s);
  bench.run_until([&] { return bench.sink.has("LIMIT: x"); });
  bench.clock = at(69s);
  bench.pass();
  CHECK(server.alive());
  bench.clock = at(70s);
  bench.until_over();
  CHECK(bench.sink.has(fmt::format("Sending signal 9 to x server {}", server.pid())));
  CHECK(bench.sink.has("EXIT: x signal=9"));
  CHECK(bench.runner->counters().limited == 1);
}

TEST_CASE("a server that ends in time meets no limit, and nothing is left to wait for") {
  Timed bench(with([](auto& s) { s.runtime_max = 60; }));
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::ended(0);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.until_over();
  bench.clock = at(100s);
  bench.pass();
  CHECK_FALSE(bench.sink.has("LIMIT"));
  CHECK(bench.runner->counters().limited == 0);
}

TEST_CASE("a connection is looked at when it may have been silent too long, and once in idle_timeout while it is not") {
  Timed bench(with([](auto& s) { s.idle_timeout = 10; }));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.observer->looks = 0;  // the first was a trial
  for (int second = 1; second <= 100; ++second) {
    bench.clock = at(std::chrono::seconds(second));
    bench.observer->answer.quiet = 0ms;
    bench.pass();
  }
  CHECK(bench.observer->looks == 10);
  CHECK(server.alive());
  bench.clock = at(115s);
  bench.observer->answer.quiet = 15s;
  bench.until_over();
  CHECK(bench.sink.has(fmt::format("LIMIT: x pid={} idle_timeout", server.pid())));
}

TEST_CASE("a peer that has said nothing in first_data_timeout loses its server, and one that has is not asked again") {
  Timed bench(with([](auto& s) { s.first_data_timeout = 10; }));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.observer->looks = 0;
  bench.clock = at(10s);
  SECTION("silent") {
    bench.observer->answer.peer_spoke = false;
    bench.until_over();
    CHECK(bench.sink.has(fmt::format("LIMIT: x pid={} first_data_timeout", server.pid())));
  }
  SECTION("not silent") {
    bench.pass();
    bench.clock = at(1h);
    bench.pass();
    CHECK(bench.observer->looks == 1);
    CHECK(server.alive());
  }
}

TEST_CASE("a conversation that takes too long is stopped") {
  Timed bench(internal([](auto& s) { s.runtime_max = 60; }));
  const Client client(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  bench.clock = at(60s);
  bench.run_until([&] { return bench.conversations.stopped.size() == 1; });
  bench.conversations.end(0, {worker::Ending::Why::stopped, {}});
  bench.pass();
  CHECK(bench.entries() == "START: x pid=0 from=127.0.0.1\nLIMIT: x pid=0 runtime_max\nEXIT: x signal=15 pid=0 duration=60(sec)\n");
  CHECK(bench.conversations.stopped.size() == 1);
  CHECK(bench.runner->sessions().empty());
}

TEST_CASE("where the kernel does not show connections the limit does not apply, which is said once") {
  Timed bench(with([](auto& s) { s.idle_timeout = 10, s.first_data_timeout = 5; }));
  bench.observer->answer = {.outcome = Outcome::gone, .error = ENOENT};
  const Client one(bench.where());
  const Process first = bench.serve();
  const Client two(bench.where());
  const Process second = bench.serve();
  CHECK(bench.observer->looks == 1);
  bench.clock = at(1h);
  bench.pass();
  CHECK(first.alive());
  CHECK(second.alive());
  CHECK(bench.observer->looks == 1);
  const auto told = [](const std::string& line) { return line.find("idle_timeout and first_data_timeout have no effect") != line.npos; };
  CHECK(std::count_if(bench.sink.lines.begin(), bench.sink.lines.end(), [&](const auto& line) { return told(line.text); }) == 1);
}

TEST_CASE("runtime_max does not wait for a look that fails") {
  Timed bench(with([](auto& s) { s.runtime_max = 12, s.idle_timeout = 10; }));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.observer->answer = {.outcome = Outcome::not_looked, .error = EMFILE};
  bench.clock = at(10s);
  bench.pass();
  bench.clock = at(12s);
  bench.until_over();
  CHECK(bench.sink.has("runtime_max"));
}

TEST_CASE("a look that fails is made again") {
  Timed bench(with([](auto& s) { s.idle_timeout = 10; }));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.observer->answer = {.outcome = Outcome::not_looked, .error = EMFILE};
  bench.clock = at(10s);
  bench.pass();
  CHECK(server.alive());
  bench.observer->answer = {.quiet = 20s};
  bench.clock = at(20s);
  bench.until_over();
  CHECK(bench.sink.has("idle_timeout"));
}

TEST_CASE("a session that a limit has ended costs its source that penalty, and not that of a signal") {
  using Cause = config::Penalty::Cause;
  Timed bench(with([](auto& s) {
    s.runtime_max = 60;
    s.penalty = std::vector<config::Penalty>{{Cause::timeout, config::Penalty::any_failure, 100}, {Cause::signal, config::Penalty::any_failure, 1000}};
    s.penalty_range = config::PenaltyRange{1, 10'000};
  }));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.clock = at(60s);
  bench.until_over();
  SECTION("while it lasts") {
    bench.clock = at(100s);
    const Client again(bench.where());
    bench.run_until([&] { return bench.sink.has("FAIL: x penalty"); });
  }
  SECTION("and no longer") {
    bench.clock = at(200s);
    const Client again(bench.where());
    bench.run_until_jobs(2);
  }
}

TEST_CASE("times that a reload brings are for the sessions that go on, and those that it takes away are not") {
  Timed bench(stream_service());
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.clock = at(100s);
  bench.pass();
  bench.runner->reconfigure(bench.setup_for(with([](auto& s) { s.runtime_max = 120; })));
  bench.pass();
  CHECK(server.alive());
  SECTION("brought") {
    bench.clock = at(120s);
    bench.until_over();
    CHECK(bench.sink.has("LIMIT: x"));
  }
  SECTION("taken away") {
    bench.runner->reconfigure(bench.setup_for(stream_service()));
    bench.clock = at(120s);
    bench.pass();
    CHECK(server.alive());
  }
}

TEST_CASE("servers that are removed with their service keep their times") {
  Timed bench(with([](auto& s) { s.runtime_max = 60; }));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.runner->retire(Runner::Servers::leave);
  bench.clock = at(60s);
  bench.until_over();
  CHECK(bench.sink.has("LIMIT: x"));
}

TEST_CASE("limits of its box that a server has met are told before its end, and counted if they were its end") {
  Timed bench(with([](auto&) {}));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.struck = {.memory = true, .tasks = true};
  ::kill(server.pid(), SIGKILL);
  bench.until_over();
  CHECK(bench.entries() == fmt::format("START: x pid={0} from=127.0.0.1\nLIMIT: x pid={0} tasks_max\nLIMIT: x pid={0} memory_max\n"
                                       "EXIT: x signal=9 pid={0} duration=0(sec)\n", server.pid()));
  CHECK(bench.runner->counters().limited == 1);
}

TEST_CASE("a server that was only refused processes ends by itself, and no limit has ended it") {
  Timed bench(with([](auto&) {}));
  const Client client(bench.where());
  const Process server = bench.serve();
  bench.struck = {.service_memory = true, .service_tasks = true};
  ::kill(server.pid(), SIGTERM);
  bench.until_over();
  CHECK(bench.sink.has(fmt::format("LIMIT: x pid={} service_tasks_max", server.pid())));
  CHECK(bench.sink.has(fmt::format("LIMIT: x pid={} service_memory_max", server.pid())));
  CHECK(bench.runner->counters().limited == 0);
}
