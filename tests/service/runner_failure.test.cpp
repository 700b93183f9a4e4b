// SPDX-License-Identifier: MIT
// Starts that fail, and the end of a service.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {
/// A service with one connection whose start is asked for.
struct AskedOnce : Bench {
  explicit AskedOnce(config::Service service = stream_service()) : Bench(std::move(service)) {
    REQUIRE(runner->start());
    client.emplace(where());
    run_until_jobs(1);
  }
  std::optional<Client> client;
};
}  // namespace

TEST_CASE("a start without a process is tried again after five seconds, with the same connection") {
  AskedOnce bench;
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  CHECK(bench.sink.has("x: fork failed: Resource temporarily unavailable (errno = 11)"));
  CHECK(bench.asked == std::vector{5000ms});
  CHECK(bench.runner->state().places().retrying() == 1);
  CHECK(bench.around.census.processes == 1);
}

TEST_CASE("a start that succeeds at the second try is served as if nothing had been") {
  AskedOnce bench;
  bench.hurry = true;
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  bench.run_until_jobs(2);
  CHECK(bench.job(1).token == bench.job(0).token);
  bench.client->send("hello");
  CHECK(receive(bench.job(1).socket) == "hello");
  const Process server = Process::ended(0);
  bench.spawner.deliver_started(1, server.pid(), server.pidfd());
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.entries().starts_with(fmt::format("START: x pid={} from=127.0.0.1\nEXIT: x", server.pid())));
  CHECK(bench.around.census.processes == 0);
}

TEST_CASE("after five failures the peer is let go") {
  config::Service service = stream_service();
  AskedOnce bench(service);
  bench.hurry = true;
  for (std::size_t failure = 0; failure < 5; ++failure) {
    bench.run_until_jobs(failure + 1);
    bench.spawner.deliver_clone_failure(failure, ENOMEM);
  }
  CHECK(bench.sink.has("service x: too many consecutive fork failures"));
  CHECK(bench.entries() == "FAIL: x fork from=127.0.0.1\n");
  CHECK(bench.client->read_all(bench) == "");
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.around.census.processes == 0);
  CHECK(bench.asked.size() == 4);
}

TEST_CASE("with NORETRY the peer is let go at once, and gets no banner of failure") {
  AskedOnce bench;
  config::Service service = stream_service();
  service.settings.flags = {config::Flag::noretry};
  service.settings.banner_fail = bench.file("fail", "FAIL\n");
  bench.runner->reconfigure(bench.setup_for(service));
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  CHECK(bench.entries() == "FAIL: x fork from=127.0.0.1\n");
  CHECK_FALSE(bench.sink.has("too many"));
  CHECK(bench.client->read_all(bench) == "");
}

TEST_CASE("the banner of success is sent once, however often the start is tried") {
  Bench bench(stream_service());
  config::Service service = stream_service();
  service.settings.banner_success = bench.file("success", "OK\n");
  bench.runner->reconfigure(bench.setup_for(service));
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  bench.hurry = true;
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  bench.run_until_jobs(2);
  bench.job(1).socket.reset();
  CHECK(client.read_all(bench) == "OK\n");
}

TEST_CASE("a server that is not there is logged as a short life with status 127") {
  AskedOnce bench;
  bench.spawner.deliver_child_failure(0, spawn::Step::exec, ENOENT, 4711, 127);
  CHECK(bench.sink.has("execv( /bin/server ) failed: No such file or directory (errno = 2) (service=x)"));
  CHECK(bench.entries() == "START: x pid=4711 from=127.0.0.1\nEXIT: x status=127 pid=4711 duration=0(sec)\n");
  CHECK(bench.client->read_all(bench) == "");
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.around.census.processes == 0);
  CHECK(bench.around.census.owners.empty());
}

TEST_CASE("a child that fails on its way names the step") {
  AskedOnce bench;
  bench.spawner.deliver_child_failure(0, spawn::Step::user, EPERM, 4711);
  CHECK(bench.sink.has("setting the user failed: Operation not permitted (errno = 1) (service=x)"));
  CHECK(bench.sink.has("EXIT: x status=126 pid=4711"));
  CHECK(bench.asked.empty());
}

TEST_CASE("a changed configuration keeps the open socket and counts from the next connection on") {
  AskedOnce bench;
  const base::Endpoint port = bench.where();
  const Client queued(port);
  config::Service service = stream_service();
  service.settings.server = "/bin/other";
  service.settings.instances = config::Limit{2};
  bench.runner->reconfigure(bench.setup_for(service));
  bench.run_until_jobs(2);
  CHECK(bench.where() == port);
  CHECK(bench.job(0).recipe->path == "/bin/server");
  CHECK(bench.job(1).recipe->path == "/bin/other");
  const Client third(port);
  CHECK(third.read_all(bench) == "");
  CHECK(bench.sink.has("FAIL: x service_limit"));
}

TEST_CASE("retiring closes the port and may leave the servers alone") {
  AskedOnce bench;
  const base::Endpoint port = bench.where();
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.runner->retire(Runner::Servers::leave);
  CHECK_FALSE(bench.runner->endpoints().open());
  CHECK_FALSE(Client(port).connected());
  bench.settle();
  CHECK(server.alive());
  CHECK(bench.asked.empty());
  CHECK_FALSE(bench.runner->sessions().empty());
}

TEST_CASE("the port of a removed service can be used in the same turn") {
  AskedOnce bench;
  config::Service service = stream_service();
  service.listen.at = bench.where();
  bench.runner->retire(Runner::Servers::leave);
  Bench next(service);
  CHECK(next.runner->start());
}

TEST_CASE("retiring may end the servers by TERM") {
  AskedOnce bench;
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(bench.asked == std::vector{3000ms});
  CHECK(bench.sink.has(fmt::format("Sending signal 15 to x server {}", server.pid())));
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x signal=15"));
  CHECK(bench.around.census.processes == 0);
}

TEST_CASE("a server that does not heed TERM is killed after the grace time") {
  AskedOnce bench;
  const Process server = Process::sleeping(true);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.hurry = true;
  bench.runner->retire(Runner::Servers::terminate);
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x signal=9"));
}

TEST_CASE("a server that was left alone, and is then told to end and does not, is killed after the grace time") {
  AskedOnce bench;
  const Process server = Process::sleeping(true);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.runner->retire(Runner::Servers::leave);
  bench.hurry = true;
  CHECK(bench.runner->signal_session(bench.job(0).token, SIGTERM));
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x signal=9"));
}

TEST_CASE("a server whose start was under way when its service was removed gets its TERM as well") {
  AskedOnce bench;
  bench.runner->retire(Runner::Servers::terminate);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x signal=15"));
}

TEST_CASE("a server that is there only after the grace time gets its KILL as well") {
  AskedOnce bench;
  bench.runner->retire(Runner::Servers::terminate);
  bench.clock += bench.around.clock.grace;
  const Process server = Process::sleeping(true);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x signal=9"));
}

TEST_CASE("a start that waits for another try ends with its service") {
  AskedOnce bench;
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(bench.client->read_all(bench) == "");
  CHECK(bench.sink.has("FAIL: x fork"));
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.around.census.processes == 0);
}

TEST_CASE("a peer that was still reading its banner when the service was removed is let go") {
  Bench bench(stream_service());
  config::Service service = stream_service();
  service.settings.banner = bench.file("banner", "BANNER\n");
  bench.runner->reconfigure(bench.setup_for(service));
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return !bench.runner->sessions().empty(); });
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(client.read_all(bench) == "BANNER\n");
  CHECK(bench.spawner.requests.empty());
  CHECK(bench.runner->sessions().empty());
}

TEST_CASE("opening the socket anew does not forget the starts that wait for another try") {
  AskedOnce bench;
  bench.hurry = true;
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  REQUIRE(bench.runner->start());
  bench.run_until_jobs(2);
  CHECK(bench.job(1).token == bench.job(0).token);
}
