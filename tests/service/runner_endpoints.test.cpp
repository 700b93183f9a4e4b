// SPDX-License-Identifier: MIT
// Services with several sockets, on a real loop.
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

/// At 127.0.0.1 and further addresses, each at a port of its own.
config::Service at_several(config::Service service, std::initializer_list<const char*> further) {
  for (const char* address : further) {
    service.also.push_back(service.listen);
    service.also.back().at.address = *base::Address::parse(address);
  }
  return service;
}

base::Endpoint where(const Bench& bench, std::size_t index) {
  return net::local_endpoint(bench.runner->endpoints()[index]->fd());
}

/// A datagram has come to the second socket, and a server that sleeps has it.
Process server_at_second(Bench& bench) {
  const Client client(where(bench, 1), SOCK_DGRAM);
  client.send("x");
  bench.run_until_jobs(1);
  Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  return server;
}

/// At a port that is the same for all of them.
config::Service at_one_port(config::Service service, std::uint16_t port) {
  service.listen.at.port = port;
  for (config::ListenSpec& place : service.also) place.at.port = port;
  return service;
}

}  // namespace

TEST_CASE("a service is served at all its addresses, with one count of all") {
  Bench bench(at_several(stream_service(), {"127.0.0.2"}));
  REQUIRE(bench.runner->start());
  CHECK(bench.runner->endpoints().all_open());
  const Client one(where(bench, 0));
  bench.run_until_jobs(1);
  const Client other(where(bench, 1));
  bench.run_until_jobs(2);
  CHECK(bench.runner->counters().accepted == 2);
  CHECK(bench.runner->state().running() == 2);
}

TEST_CASE("an address that this machine has not is told once and tried again, while the others are served") {
  Bench bench(at_several(stream_service(), {"192.0.2.77"}));
  REQUIRE(bench.runner->start());
  CHECK(bench.runner->endpoints().open());
  CHECK_FALSE(bench.runner->endpoints().all_open());
  CHECK(bench.sink.has("service x is not open at 192.0.2.77"));
  CHECK_FALSE(bench.sink.has("failed to start"));
  CHECK(bench.runner->endpoints().trouble().find("bind failed") != std::string::npos);
  CHECK(bench.asked == std::vector<std::chrono::milliseconds>{2s});
  const Client client(where(bench, 0));
  bench.run_until_jobs(1);
}

TEST_CASE("each socket of a wait = yes service has a server of its own") {
  Bench bench(at_several(waiting_service(config::SocketType::dgram), {"127.0.0.2"}));
  REQUIRE(bench.runner->start());
  const Client one(where(bench, 0), SOCK_DGRAM);
  const Client other(where(bench, 1), SOCK_DGRAM);
  one.send("one");
  bench.run_until_jobs(1);
  other.send("other");
  bench.run_until_jobs(2);
  CHECK(receive(bench.job(0).socket) == "one");
  CHECK(receive(bench.job(1).socket) == "other");
  const Process server = Process::ended(0);
  bench.spawner.deliver_started(1, server.pid(), server.pidfd());
  bench.run_until([&] { return bench.runner->state().running() == 1; });
  other.send("more");
  bench.run_until_jobs(3);
  CHECK(receive(bench.job(2).socket) == "more");
}

TEST_CASE("internal datagrams are answered from the socket they came to") {
  config::Service service = stream_service();
  service.name = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set{config::Type::internal};
  service.listen.socket_type = config::SocketType::dgram;
  service.listen.protocol = {"udp", IPPROTO_UDP};
  Bench bench(at_several(service, {"127.0.0.2"}));
  REQUIRE(bench.runner->start());
  for (std::size_t i = 0; i < 2; ++i) {
    const Client client(where(bench, i), SOCK_DGRAM);
    client.send("x");
    CHECK(client.read(bench, 1) == "x");
  }
}

TEST_CASE("cps closes all sockets, and its end opens them again") {
  config::Service service = at_several(stream_service(), {"127.0.0.2"});
  service.settings.cps = config::Rate{1, 1};
  Bench bench(service);
  REQUIRE(bench.runner->start());
  bench.hurry = true;  // the pause ends as soon as the loop comes to it
  const Client one(where(bench, 0));
  const Client two(where(bench, 1));
  bench.run_until([&] { return bench.runner->state().phase() == Phase::paused; });
  CHECK_FALSE(bench.runner->endpoints().open());
  bench.run_until([&] { return bench.runner->endpoints().all_open(); });
  CHECK(bench.runner->state().phase() == Phase::listening);
}

TEST_CASE("a changed configuration keeps the sockets of places that stay, closes others and opens new ones") {
  Bench bench(at_several(stream_service(), {"127.0.0.2"}));
  REQUIRE(bench.runner->start());
  const config::Service before = at_one_port(bench.runner->service(), where(bench, 0).port);
  Bench fixed(at_several(at_one_port(stream_service(), before.listen.at.port), {}));
  bench.runner->retire(Runner::Servers::leave);
  REQUIRE(fixed.runner->start());
  const int kept = fixed.runner->endpoints()[0]->fd();
  config::Service after = at_several(fixed.runner->service(), {"127.0.0.3"});
  fixed.runner->reconfigure(fixed.setup_for(after));
  REQUIRE(fixed.runner->start());
  CHECK(fixed.runner->endpoints()[0]->fd() == kept);
  const Client client(where(fixed, 1));
  CHECK(client.connected());
  fixed.run_until_jobs(1);
  const base::Endpoint gone = where(fixed, 0);
  config::Service moved = after;
  moved.listen = after.also[0];
  moved.also.clear();
  fixed.runner->reconfigure(fixed.setup_for(moved));
  CHECK(fixed.runner->state().phase() == Phase::listening);
  CHECK_FALSE(Client(gone).connected());
  CHECK(Client(where(fixed, 0)).connected());
}

TEST_CASE("all sockets of a service that goes are its heir's") {
  Bench bench(at_several(stream_service(), {"127.0.0.2"}));
  REQUIRE(bench.runner->start());
  const base::Endpoint one = where(bench, 0);
  const base::Endpoint other = where(bench, 1);
  const Client waits(other);
  auto heir = std::make_shared<Runner>(bench.around, bench.setup_for(bench.runner->service()));
  REQUIRE(heir->start_on_sockets_of(*bench.runner));
  bench.runner->retire(Runner::Servers::leave);
  CHECK(heir->endpoints().all_open());
  CHECK(net::local_endpoint(heir->endpoints()[0]->fd()) == one);
  CHECK(net::local_endpoint(heir->endpoints()[1]->fd()) == other);
  bench.run_until([&] { return heir->counters().accepted == 1; });
  heir->retire(Runner::Servers::leave);
}

TEST_CASE("all sockets, and which of them a server has, go on in the next image") {
  Bench bench(at_several(waiting_service(config::SocketType::dgram), {"127.0.0.2"}));
  REQUIRE(bench.runner->start());
  const Process server = server_at_second(bench);
  bench.settle();
  bench.runner->hold();
  const InheritedRunner handed = bench.runner->hand_over();
  REQUIRE(handed.endpoints.size() == 2);
  auto next = std::make_shared<Runner>(bench.around, bench.setup_for(bench.runner->service()));
  next->restore(handed, [](int number) { return base::Fd(number < 0 ? -1 : ::dup(number)); });
  next->carry_on();
  CHECK(next->endpoints().all_open());
  CHECK(next->state().endpoints().is_free(handed.endpoints[0].id));
  CHECK_FALSE(next->state().endpoints().is_free(handed.endpoints[1].id));
  const Client one(where(bench, 0), SOCK_DGRAM);
  one.send("y");
  bench.run_until([&] { return next->sessions().size() == 2; });
  next->retire(Runner::Servers::leave);
}

TEST_CASE("a reload that takes a place away does not end a pause of cps") {
  config::Service service = at_several(stream_service(), {"127.0.0.2"});
  service.settings.cps = config::Rate{1, 10};
  Bench bench(service);
  REQUIRE(bench.runner->start());
  const Client one(where(bench, 0));
  const Client two(where(bench, 0));
  bench.run_until([&] { return bench.runner->state().phase() == Phase::paused; });
  service.also.clear();
  bench.runner->reconfigure(bench.setup_for(service));
  CHECK(bench.runner->state().phase() == Phase::paused);
}

TEST_CASE("in the next image a new socket is not that of a server whose place was taken away") {
  Bench bench(at_several(waiting_service(config::SocketType::dgram), {"127.0.0.2"}));
  REQUIRE(bench.runner->start());
  const Process server = server_at_second(bench);
  config::Service service = bench.runner->service();
  service.also.clear();
  bench.runner->reconfigure(bench.setup_for(service));
  bench.runner->hold();
  const InheritedRunner handed = bench.runner->hand_over();
  REQUIRE(handed.sessions.size() == 1);
  auto next = std::make_shared<Runner>(bench.around, bench.setup_for(service));
  next->restore(handed, [](int number) { return base::Fd(number < 0 ? -1 : ::dup(number)); });
  next->carry_on();
  next->reconfigure(bench.setup_for(at_several(service, {"127.0.0.2"})));
  REQUIRE(next->start());
  CHECK(next->state().endpoints().is_free(next->endpoints()[1]->id()));
  next->retire(Runner::Servers::leave);
}

TEST_CASE("datagrams before the one that trips cps are answered from the socket they came to") {
  config::Service service = stream_service();
  service.name = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set{config::Type::internal};
  service.settings.cps = config::Rate{1, 10};
  service.listen.socket_type = config::SocketType::dgram;
  service.listen.protocol = {"udp", IPPROTO_UDP};
  Bench bench(at_several(service, {"127.0.0.2"}));
  REQUIRE(bench.runner->start());
  const Client client(where(bench, 1), SOCK_DGRAM);
  client.send("x");
  client.send("y");
  bench.run_until([&] { return bench.runner->state().phase() == Phase::paused; });
  CHECK(client.read(bench, 1) == "x");
}
