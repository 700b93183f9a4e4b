// SPDX-License-Identifier: MIT
// A connection that is served.
#include "xsuperd/service/runner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

TEST_CASE("an admitted connection becomes a job with its socket and the peer's address") {
  Bench bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  CHECK(bench.job(0).remote_host == "127.0.0.1");
  CHECK(bench.job(0).recipe->path == "/bin/server");
  CHECK(bench.spawner.requests[0].load == spawn::Spawner::Load::alone);
  client.send("hello");
  CHECK(receive(bench.job(0).socket) == "hello");
  CHECK(bench.around.census.processes == 1);
  CHECK_FALSE(bench.runner->sessions().empty());
}

TEST_CASE("connections that come together are left to the spawner threads") {
  Bench bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client one(bench.where()), two(bench.where()), three(bench.where());
  bench.run_until_jobs(3);
  for (const auto& request : bench.spawner.requests) CHECK(request.load == spawn::Spawner::Load::many);
}

TEST_CASE("the life of a server stands in the log, with its duration by the clock of limits") {
  Bench bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::ended(3);
  bench.clock = at(65s);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.run_until_lines(2);
  CHECK(bench.entries() ==
        fmt::format("START: x pid={0} from=127.0.0.1\nEXIT: x status=3 pid={0} duration=65(sec)\n",
                    server.pid()));
  CHECK(bench.around.census.processes == 0);
  CHECK(bench.around.census.owners.empty());
  CHECK(bench.runner->sessions().empty());
  CHECK(client.read_all(bench) == "");
}

TEST_CASE("a server that a signal ends is logged with the signal") {
  Bench bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  CHECK(signal_servers(*bench.runner, SIGKILL) == 1);
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x signal=9"));
  CHECK(signal_servers(*bench.runner, SIGKILL) == 0);
}

TEST_CASE("a start that is answered at once is logged and watched like any other") {
  Bench bench(stream_service());
  const Process server = Process::ended(0);
  bench.spawner.answer_at_once = [&](spawn::Job& job) -> std::optional<spawn::Outcome> {
    job.socket.reset();
    return spawn::Started{job.token, server.pid(), server.pidfd()};
  };
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_lines(2);
  CHECK(bench.entries().starts_with("START: x"));
  CHECK(bench.sink.has("EXIT: x status=0"));
}

TEST_CASE("a service without a log serves in silence") {
  Bench bench(stream_service());
  Setup setup = bench.setup_for(stream_service());
  setup.service_log = nullptr;
  bench.runner->reconfigure(std::move(setup));
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::ended(0);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.lines.empty());
}

TEST_CASE("a port in use is tried again until it is free, and said once") {
  config::Service service = stream_service();
  Bench other(service);
  REQUIRE(other.runner->start());
  service.listen.at = other.where();
  Bench bench(service);
  CHECK_FALSE(bench.runner->start());
  CHECK(bench.runner->state().phase() == Phase::closed);
  CHECK(bench.asked == std::vector{2000ms});
  REQUIRE(bench.sink.lines.size() == 2);
  CHECK(bench.sink.has("bind failed (Address already in use (errno = 98)). service = x"));
  bench.hurry = true;
  CHECK_FALSE(bench.runner->start());
  bench.run_until([&] { return bench.asked.size() >= 9; });
  CHECK(bench.asked[2] == 8000ms);
  CHECK(bench.asked[8] == 60000ms);
  CHECK(bench.sink.lines.size() == 2);
  other.runner->retire(Runner::Servers::leave);
  bench.run_until([&] { return bench.runner->endpoints().open(); });
  CHECK(bench.sink.has("service x is now open"));
  CHECK(Client(bench.where()).connected());
}

TEST_CASE("without free descriptors accepting pauses for a second, and the connection is not lost") {
  Bench bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  bench.hurry = true;
  bench.run_until([&] { return bench.asked.size() >= 2; });
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(bench.asked[0] == 1000ms);
  CHECK(bench.sink.has("service x, accept: Too many open files (errno = 24); trying again in a second"));
  bench.run_until_jobs(1);
}
