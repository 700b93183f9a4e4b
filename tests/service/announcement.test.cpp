// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <catch2/catch.hpp>

#include "fakes/fake_mdns.hpp"
#include "service/fixture.hpp"

// Which services are announced, and for how long.
using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

config::Service announced_service() {
  config::Service service = stream_service();
  service.listen.at.address = base::Address::ipv4(0);
  service.settings.mdns = true;
  service.name = "web";
  return service;
}

struct Announcing {
  explicit Announcing(config::Service service) : bench(std::move(service)) { bench.around.sockets.mdns = &mdns; }
  [[nodiscard]] std::string socket() const { return " _web._tcp " + std::to_string(bench.where().port); }
  using Said = std::vector<std::string>;

  fakes::FakeMdns mdns;
  Bench bench;
};

}  // namespace

TEST_CASE("a service that says mdns = yes is announced as long as its socket is open") {
  Announcing a(announced_service());
  CHECK(a.mdns.said.empty());
  REQUIRE(a.bench.runner->start());
  const std::string socket = a.socket();
  CHECK(a.mdns.said == Announcing::Said{"+x" + socket});
  a.bench.runner->retire(Runner::Servers::leave);
  CHECK(a.mdns.said == Announcing::Said{"+x" + socket, "-x" + socket});
}

TEST_CASE("the port that is announced is the one that the socket has got") {
  Announcing a(announced_service());
  REQUIRE(a.bench.runner->start());
  CHECK(a.bench.where().port != 0);
  CHECK(a.mdns.said.at(0).ends_with(std::to_string(a.bench.where().port)));
}

TEST_CASE("a reload announces and withdraws without opening the socket anew") {
  config::Service silent = announced_service();
  silent.settings.mdns = false;
  Announcing a(silent);
  REQUIRE(a.bench.runner->start());
  CHECK(a.mdns.said.empty());
  const std::string socket = a.socket();
  a.bench.runner->reconfigure(a.bench.setup_for(announced_service()));
  a.bench.runner->reconfigure(a.bench.setup_for(announced_service()));
  CHECK(a.mdns.said == Announcing::Said{"+x" + socket});
  a.bench.runner->reconfigure(a.bench.setup_for(silent));
  CHECK(a.mdns.said == Announcing::Said{"+x" + socket, "-x" + socket});
  CHECK(a.socket() == socket);
}

TEST_CASE("a service that does not say yes, or nobody else can reach, or is a trap, is not announced") {
  config::Service service = announced_service();
  SECTION("it says nothing") { service.settings.mdns.reset(); }
  SECTION("it listens on a loopback address") { service.listen.at.address = base::Address::ipv4(0x7f010203); }
  SECTION("it is a sensor") { service.kind = config::Kind::sensor; }
  SECTION("it listens at a UNIX socket, which has no port") {
    service.listen.kind = config::ListenSpec::Kind::local;
    service.listen.protocol = {"unix", 0};
    service.listen.at = {};
    service.listen.name = "@xsuperd-test-announced-" + std::to_string(::getpid());
  }
  Announcing a(service);
  REQUIRE(a.bench.runner->start());
  CHECK(a.mdns.said.empty());
  CHECK(a.bench.sink.lines.empty());
}

TEST_CASE("a service whose name is no type is said not to be announced") {
  config::Service service = announced_service();
  service.name = "my.service";
  Announcing a(service);
  REQUIRE(a.bench.runner->start());
  CHECK(a.mdns.said.empty());
  CHECK(a.bench.sink.has("service x cannot be announced by mdns: its name is not a valid service type"));
}

TEST_CASE("a socket that cannot be opened is not announced") {
  Announcing holder(announced_service());
  REQUIRE(holder.bench.runner->start());
  config::Service service = announced_service();
  service.listen.at.port = holder.bench.where().port;
  Announcing a(service);
  CHECK_FALSE(a.bench.runner->start());
  CHECK(a.mdns.said.empty());
}

TEST_CASE("without the library nothing happens") {
  Bench bench(announced_service());
  REQUIRE(bench.runner->start());
  CHECK(bench.sink.lines.empty());
}
