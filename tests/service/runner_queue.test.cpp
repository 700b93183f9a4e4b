// SPDX-License-Identifier: MIT
// Connections that wait for a place: what becomes of the sessions, and of their peers.
#include <signal.h>  // kill()

#include <catch2/catch.hpp>
#include <optional>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using config::Limit;

namespace {

/// One place, and so many in the queue.
struct Queued : Bench {
  explicit Queued(const std::function<void(config::Settings&)>& change = [](auto&) {})
      : Bench([&] {
          config::Service service = stream_service();
          service.settings.cps = config::Rate{0, 10};
          service.settings.instances = Limit{1};
          service.settings.queue = config::QueueLimit{40, 30};
          change(service.settings);
          return service;
        }()) {
    REQUIRE(runner->start());
  }
  /// The server of a job that was asked for.
  Process serve(std::size_t number) {
    run_until_jobs(number + 1);
    Process server = Process::sleeping();
    spawner.deliver_started(number, server.pid(), server.pidfd());
    return server;
  }
  void end(const Process& server, std::size_t number) {
    ::kill(server.pid(), SIGTERM);
    run_until([&] { return runner->sessions().all().find(job(number).token) == runner->sessions().all().end(); });
  }
  void run_until_waiting(std::size_t count) {
    run_until([&] { return runner->state().queue().line().size() == count; });
  }
};

}  // namespace

TEST_CASE("a session that waits is put away, counted, and goes on where it was") {
  Queued bench;
  const Client first(bench.where());
  const Process server = bench.serve(0);
  const Client second(bench.where());
  bench.run_until_waiting(1);
  CHECK(bench.runner->sessions().size() == 2);
  CHECK(bench.runner->sessions().all().size() == 1);
  REQUIRE(bench.runner->sessions().queued().size() == 1);
  const Token token = bench.runner->sessions().queued().front();
  CHECK(bench.runner->sessions().queued(token)->phase == SessionPhase::queued);
  CHECK(bench.runner->sessions().queued(token)->peer.address == *base::Address::parse("127.0.0.1"));
  CHECK(accounted(*bench.runner));
  bench.end(server, 0);
  bench.run_until_jobs(2);
  CHECK(bench.job(1).token == token);
  CHECK(bench.runner->counters().queued == 1);
  CHECK(accounted(*bench.runner));
}

TEST_CASE("a peer that has only sent its end is served when its turn comes, and one that has closed is not") {
  Queued bench;
  const Client first(bench.where());
  const Process server = bench.serve(0);
  const bool closes = GENERATE(false, true);
  std::optional<Client> second(bench.where());
  bench.run_until_waiting(1);
  std::optional<Client> third(bench.where());
  bench.run_until_waiting(2);
  closes ? second.reset() : second->send_end();
  bench.end(server, 0);
  const Process next = bench.serve(1);
  CHECK(bench.runner->counters().withdrawn == (closes ? 1 : 0));
  CHECK(bench.runner->state().queue().line().size() == (closes ? 0 : 1));
  CHECK(accounted(*bench.runner));
}

TEST_CASE("peers that have broken their connections are passed over") {
  Queued bench;
  const Client first(bench.where());
  const Process server = bench.serve(0);
  Client second(bench.where());
  bench.run_until_waiting(1);
  second.abort();
  bench.end(server, 0);
  bench.run_until_waiting(0);
  CHECK(bench.runner->counters().withdrawn == 1);
  CHECK(bench.spawner.requests.size() == 1);
}

TEST_CASE("those who wait for a service that goes are sent away") {
  Queued bench;
  const Client first(bench.where());
  const Process server = bench.serve(0);
  const Client second(bench.where()), third(bench.where());
  bench.run_until_waiting(2);
  bench.runner->retire(Runner::Servers::leave);
  CHECK(second.read_all(bench) == "");
  CHECK(bench.runner->counters().withdrawn == 2);
  CHECK(bench.runner->sessions().size() == 1);
  CHECK(accounted(*bench.runner));
}

TEST_CASE("a refusal costs its price once, whichever check it was, and none when there was a place after all") {
  using Cause = config::Penalty::Cause;
  const auto priced = [](auto& s) {
    s.queue.reset();
    s.penalty = std::vector<config::Penalty>{{Cause::refused, config::Penalty::any_failure, 10}};
    s.penalty_range = config::PenaltyRange{15, 600};
  };
  Queued bench(priced);
  const Client first(bench.where());
  const Process server = bench.serve(0);
  const Client second(bench.where());
  bench.run_until_lines(2);  // START and FAIL
  const auto end = [&] { return bench.runner->state().arrivals().penalties().end_of(*base::Address::parse("127.0.0.1"), bench.clock); };
  CHECK_FALSE(end());
  const Client third(bench.where());
  bench.run_until_lines(3);
  REQUIRE(end());
  CHECK(*end() == bench.clock + 20s);
  const Client fourth(bench.where());
  bench.run_until([&] { return bench.sink.has("FAIL: x penalty"); });
  CHECK(*end() == bench.clock + 20s);
}

TEST_CASE("a server that we have sent a signal costs its peer nothing") {
  using Cause = config::Penalty::Cause;
  Queued bench([](auto& s) {
    s.penalty = std::vector<config::Penalty>{{Cause::signal, config::Penalty::any_failure, 100}};
    s.penalty_range = config::PenaltyRange{1, 600};
  });
  const bool ours = GENERATE(true, false);
  const Client first(bench.where());
  const Process server = bench.serve(0);
  const Token token = bench.job(0).token;
  ours ? (void)bench.runner->signal_session(token, SIGTERM) : (void)::kill(server.pid(), SIGTERM);
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  const auto end = bench.runner->state().arrivals().penalties().end_of(*base::Address::parse("127.0.0.1"), bench.clock);
  CHECK(end.has_value() == !ours);
}
