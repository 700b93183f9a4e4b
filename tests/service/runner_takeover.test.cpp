// SPDX-License-Identifier: MIT
// A Runner that takes the place of another one, as a reload wants it.
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {
struct TakeOver : Bench {
  explicit TakeOver(config::Service before) : Bench(std::move(before)) { REQUIRE(runner->start()); }
  /// From now on `runner` is the one that took over.
  void by(config::Service after) {
    old = runner;
    runner = std::make_shared<Runner>(around, setup_for(std::move(after)));
    runner->count_on_from(*old);
    REQUIRE(runner->start_on_sockets_of(*old));
    old->retire(Runner::Servers::leave);
  }
  std::shared_ptr<Runner> old;
};
}  // namespace

TEST_CASE("connections that wait when a service gives its socket away are served by the next one") {
  TakeOver bench(stream_service());
  const base::Endpoint place = bench.where();
  const Client early(place);
  const int socket = bench.runner->endpoints().listening_fd();
  bench.by(stream_service());
  CHECK(bench.runner->endpoints().listening_fd() == socket);
  CHECK(bench.old->endpoints().listening_fd() == -1);
  const Client late(place);
  bench.run_until_jobs(2);
  CHECK(bench.runner->state().running() == 2);
  CHECK(bench.old->state().running() == 0);
}

TEST_CASE("a service that waits takes the socket of one that did not, and the other way round its place only") {
  TakeOver bench(stream_service());
  const base::Endpoint place = bench.where();
  const Client first(place);
  bench.by(waiting_service(config::SocketType::stream));
  bench.run_until_jobs(1);
  CHECK(bench.runner->state().phase() == Phase::busy);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.by(stream_service());
  CHECK(bench.where() == place);
  const Client second(place);  // the first one is gone with the socket, which the server still has
  bench.run_until_jobs(2);
  CHECK(bench.runner->state().phase() == Phase::listening);
  CHECK(bench.old->sessions().size() == 1);
}

TEST_CASE("requests seen before count on") {
  TakeOver bench(stream_service());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  CHECK(bench.runner->state().arrivals().attempts() == 1);
  bench.by(stream_service());
  CHECK(bench.runner->state().arrivals().attempts() == 1);
}

TEST_CASE("there is nothing to take from a service without a socket") {
  Bench bench(stream_service());
  const auto next = std::make_shared<Runner>(bench.around, bench.setup_for(stream_service()));
  CHECK_FALSE(next->start_on_sockets_of(*bench.runner));
  CHECK(next->state().phase() == Phase::closed);
}

TEST_CASE("a socket that was bound before is listened on at the start") {
  Bench bench(stream_service());
  auto bound = net::bind_socket(bench.runner->service().listen);
  REQUIRE(bound.has_value());
  const base::Endpoint place = net::local_endpoint(bound->fd.get());
  CHECK_FALSE(Client(place).connected());
  BoundSockets sockets;
  sockets.emplace_back(0, std::move(*bound));
  CHECK(bench.runner->start(std::move(sockets)));
  CHECK(Client(place).connected());
}
