// SPDX-License-Identifier: MIT
// What is counted, and what an administrator may do with a service.
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

struct AtWork : Bench {
  explicit AtWork(config::Service service = stream_service()) : Bench(std::move(service)) { REQUIRE(runner->start()); }
  [[nodiscard]] const Counters& counts() const { return runner->counters(); }
  void run_until_accepted(std::uint64_t count) {
    run_until([&] { return counts().accepted >= count; });
  }
};

}  // namespace

TEST_CASE("a request is undecided until its server runs, and the time to that is measured") {
  AtWork bench;
  const Client client(bench.where());
  bench.run_until_jobs(1);
  CHECK(bench.counts().accepted == 1);
  CHECK(bench.counts().decided() == 0);
  CHECK(accounted(*bench.runner));
  bench.clock += 250ms;
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  CHECK(bench.counts().served == 1);
  CHECK(bench.counts().slowest_start == 250ms);
}

TEST_CASE("a refusal is counted under its reason, with the peer, and a banned peer apart") {
  AtWork bench;
  bench.around.bans.list.add(*base::Address::parse("127.0.0.1"), -1, bench.clock);
  const Client client(bench.where());
  bench.run_until([&] { return bench.counts().refused_in_all() == 1; });
  CHECK(bench.counts().refused[policy::Reason::address] == 1);
  CHECK(bench.counts().banned == 1);
  CHECK(bench.counts().last_refused_peer.address.text() == "127.0.0.1");
  CHECK(bench.counts().last_refusal != base::WallTime{});
}

TEST_CASE("a start that fails for good is a failure, whether or not a process existed") {
  AtWork bench;
  const Client client(bench.where());
  bench.run_until_jobs(1);
  SECTION("the program cannot be executed") { bench.spawner.deliver_child_failure(0, spawn::Step::exec, ENOENT, 1234); }
  SECTION("no process could be made") {
    config::Service once = stream_service();
    once.settings.flags = {config::Flag::noretry};
    bench.runner->reconfigure(bench.setup_for(once));
    bench.spawner.deliver_clone_failure(0, EAGAIN);
  }
  CHECK(bench.counts().failed == 1);
  CHECK(bench.counts().refused_in_all() == 0);
  CHECK(bench.runner->sessions().empty());
}

TEST_CASE("who waits while the service goes is withdrawn") {
  config::Service service = stream_service();
  service.settings.only_from = pattern(".example.org");
  AtWork bench(service);
  const Client client(bench.where());
  bench.run_until_accepted(1);
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(bench.counts().withdrawn == 1);
  CHECK(accounted(*bench.runner));
}

TEST_CASE("a drained service is closed, keeps its servers, and opens again") {
  AtWork bench;
  const base::Endpoint where = bench.where();
  const Client served(where);
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.runner->stand(Standing::drained);
  CHECK_FALSE(bench.runner->endpoints().open());
  CHECK_FALSE(Client(where).connected());
  CHECK(bench.runner->sessions().size() == 1);
  CHECK(bench.runner->start());
  CHECK_FALSE(bench.runner->endpoints().open());
  CHECK(server.alive());
  bench.runner->stand(Standing::serving);
  CHECK(bench.runner->endpoints().open());
  const Client again(bench.where());
  bench.run_until_jobs(2);
}

TEST_CASE("a held service leaves connections in the queue") {
  AtWork bench;
  bench.runner->stand(Standing::held);
  const Client waiting(bench.where());
  CHECK(waiting.connected());
  bench.settle();
  CHECK(bench.counts().accepted == 0);
  bench.runner->stand(Standing::drained);
  CHECK_FALSE(bench.runner->endpoints().open());
  bench.runner->stand(Standing::held);
  const Client patient(bench.where());
  bench.settle();
  CHECK(bench.counts().accepted == 0);
  bench.runner->stand(Standing::serving);
  bench.run_until_accepted(1);
}

TEST_CASE("a service drained during its pause stays closed when the pause is over") {
  AtWork bench;
  config::Service strict = stream_service();
  strict.settings.cps = config::Rate{1, 1};
  bench.runner->reconfigure(bench.setup_for(strict));
  const base::Endpoint where = bench.where();
  const Client first(where);
  bench.run_until_jobs(1);
  const Client second(where);
  bench.run_until([&] { return bench.runner->state().phase() == Phase::paused; });
  bench.runner->stand(Standing::drained);
  bench.settle();
  CHECK(bench.runner->state().phase() == Phase::closed);
  CHECK_FALSE(bench.runner->endpoints().open());
}

TEST_CASE("one session is signalled, and no other") {
  AtWork bench;
  const Client one(bench.where());
  bench.run_until_jobs(1);
  const Client two(bench.where());
  bench.run_until_jobs(2);
  const Process first = Process::sleeping();
  const Process second = Process::sleeping();
  bench.spawner.deliver_started(0, first.pid(), first.pidfd());
  CHECK_FALSE(bench.runner->signal_session(bench.job(1).token, SIGTERM));  // not started yet
  bench.spawner.deliver_started(1, second.pid(), second.pidfd());
  CHECK(bench.runner->signal_session(bench.job(0).token, SIGTERM));
  CHECK_FALSE(bench.runner->signal_session(999, SIGTERM));
  bench.run_until([&] { return bench.runner->sessions().size() == 1; });
  CHECK(second.alive());
}

TEST_CASE("a Runner that takes another's place has its counts, but for what is not decided there") {
  AtWork bench;
  const Client refused(bench.where());
  bench.run_until_jobs(1);
  bench.spawner.deliver_child_failure(0, spawn::Step::exec, ENOENT, 1234);
  const Client waiting(bench.where());
  bench.run_until_jobs(2);
  const auto next = std::make_shared<Runner>(bench.around, bench.setup_for(stream_service()));
  next->count_on_from(*bench.runner);
  CHECK(next->counters().accepted == 1);
  CHECK(next->counters().failed == 1);
  CHECK(accounted(*next));
  CHECK(bench.counts().accepted == 1);
  CHECK(accounted(*bench.runner));
  bench.spawner.deliver_child_failure(1, spawn::Step::exec, ENOENT, 1234);
  CHECK(bench.counts().failed == 1);
}
