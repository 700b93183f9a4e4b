// SPDX-License-Identifier: MIT
// wait = yes: servers that own the service's socket.
#include <fmt/format.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

struct Waiting : Bench {
  explicit Waiting(
      config::SocketType type, const std::function<void(config::Settings&)>& change = [](auto&) {})
      : Bench([&] {
          config::Service service = waiting_service(type);
          change(service.settings);
          return service;
        }()) {
    REQUIRE(runner->start());
  }
  /// The server of the last job runs and ends at once. The next one may be asked for in the same moment.
  void serve() {
    const Process server = Process::ended(0);
    const std::size_t last = spawner.requests.size() - 1;
    spawner.deliver_started(last, server.pid(), server.pidfd());
    run_until([&] { return runner->state().running() == 0 || spawner.requests.size() > last + 1; });
  }
};
const auto udp = config::SocketType::dgram;
const auto tcp = config::SocketType::stream;

}  // namespace

TEST_CASE("a datagram starts a server that finds it in its socket") {
  Waiting bench(udp);
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("question");
  bench.run_until_jobs(1);
  CHECK(bench.job(0).remote_host == "127.0.0.1");
  CHECK(bench.job(0).recipe->blocking_stdio);
  CHECK(bench.runner->state().phase() == Phase::busy);
  client.send("another");
  bench.settle();
  CHECK(bench.spawner.requests.size() == 1);
  CHECK(receive(bench.job(0).socket) == "question");
  CHECK(receive(bench.job(0).socket) == "another");
  bench.serve();
  bench.settle();
  CHECK(bench.runner->state().phase() == Phase::listening);
  CHECK(bench.spawner.requests.size() == 1);
  CHECK(bench.entries().starts_with("START: x pid="));
}

TEST_CASE("a datagram that its server left unread is dropped, and the ones behind it start the next server") {
  Waiting bench(udp);
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("first");
  client.send("second");
  bench.run_until_jobs(1);
  bench.serve();
  CHECK(bench.sink.has("x: the server did not read the datagram from 127.0.0.1 that it was started for"));
  bench.run_until_jobs(2);
  CHECK(receive(bench.job(1).socket) == "second");
}

TEST_CASE("a datagram that came while the server ran is left for the next one") {
  Waiting bench(udp);
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("same");
  bench.run_until_jobs(1);
  client.send("same");
  CHECK(receive(bench.job(0).socket) == "same");
  bench.serve();
  bench.run_until_jobs(2);
  CHECK(receive(bench.job(1).socket) == "same");
  CHECK_FALSE(bench.sink.has("did not read"));
}

TEST_CASE("the datagram of a server that could not be executed is dropped") {
  Waiting bench(udp);
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("first");
  client.send("second");
  bench.run_until_jobs(1);
  bench.spawner.deliver_child_failure(0, spawn::Step::exec, ENOENT, 4711, 127);
  bench.run_until_jobs(2);
  CHECK(receive(bench.job(1).socket) == "second");
}

TEST_CASE("a refused datagram costs itself alone") {
  Waiting bench(udp, [](auto& s) { s.no_access = pattern("127.0.0.2"); });
  const Client enemy(bench.where(), SOCK_DGRAM, "127.0.0.2");
  const Client friendly(bench.where(), SOCK_DGRAM);
  enemy.send("bad");
  enemy.send("bad");
  friendly.send("good");
  bench.run_until_jobs(1);
  CHECK(bench.entries() == "FAIL: x address from=127.0.0.2\nFAIL: x address from=127.0.0.2\n");
  CHECK(receive(bench.job(0).socket) == "good");
  CHECK(bench.job(0).remote_host == "127.0.0.1");
}

TEST_CASE("a datagram whose server could not be started is kept for the next try") {
  Waiting bench(udp);
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("question");
  bench.run_until_jobs(1);
  bench.hurry = true;
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  bench.run_until_jobs(2);
  CHECK(receive(bench.job(1).socket) == "question");
  CHECK(bench.runner->state().phase() == Phase::busy);
}

TEST_CASE("a datagram whose server could not be started at all is dropped, and the service goes on") {
  Waiting bench(udp, [](auto& s) { s.flags = {config::Flag::noretry}; });
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("first");
  client.send("second");
  bench.run_until_jobs(1);
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  CHECK(bench.sink.has("FAIL: x fork from=127.0.0.1"));
  bench.run_until_jobs(2);
  CHECK(receive(bench.job(1).socket) == "second");
}

TEST_CASE("an admitted connection of a wait = yes service is accepted by the server, not by us") {
  Waiting bench(tcp);
  const Client client(bench.where());
  bench.run_until_jobs(1);
  CHECK(bench.job(0).remote_host == "<no address>");
  const base::Fd accepted(::accept4(bench.job(0).socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(accepted);
  client.send("hello");
  CHECK(receive(accepted) == "hello");
  bench.serve();
  CHECK(bench.sink.has(" from=<no address>"));
  const Client next(bench.where());
  bench.run_until_jobs(2);
}

TEST_CASE("a refused connection of a wait = yes service is closed, and the next one is looked at") {
  Waiting bench(tcp);
  bench.around.census.process_limit = 1;
  bench.around.census.processes = 1;
  const Client refused(bench.where());
  CHECK(refused.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x process_limit from=<no address>\n");
  bench.around.census.processes = 0;
  const Client admitted(bench.where());
  bench.run_until_jobs(1);
}

TEST_CASE("a wait = yes server keeps the socket over a reload and gives it back afterwards") {
  Waiting bench(udp);
  const base::Endpoint port = bench.where();
  const Client client(port, SOCK_DGRAM);
  client.send("first");
  bench.run_until_jobs(1);
  bench.runner->reconfigure(bench.setup_for(waiting_service(udp)));
  client.send("second");
  bench.settle();
  CHECK(bench.spawner.requests.size() == 1);
  CHECK(receive(bench.job(0).socket) == "first");
  bench.serve();
  bench.run_until_jobs(2);
  CHECK(bench.where() == port);
}

TEST_CASE("a wait = yes service above cps closes its port") {
  Waiting bench(udp, [](auto& s) { s.cps = config::Rate{1, 60}; });
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("first");
  client.send("second");
  bench.run_until_jobs(1);
  bench.serve();
  bench.run_until([&] { return !bench.runner->endpoints().open(); });
  CHECK(bench.sink.has("FAIL: x connections per second from=127.0.0.1"));
  CHECK(bench.runner->state().phase() == Phase::paused);
}

TEST_CASE("the service of a wait = yes server is removed while it runs") {
  Waiting bench(udp);
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("question");
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.runner->retire(Runner::Servers::terminate);
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK_FALSE(bench.runner->endpoints().open());
  CHECK(bench.sink.has("EXIT: x signal=15"));
}
