// SPDX-License-Identifier: MIT
// The round trip for the name of a peer.
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {
config::Service friends_only(config::Service service = stream_service()) {
  service.settings.only_from = pattern(".example.com");
  return service;
}
const auto udp = config::SocketType::dgram;
}  // namespace

TEST_CASE("a name is asked for when the lists need it, and a place is taken meanwhile") {
  State state = listening(friends_only());
  CHECK(does(state, request(1)) == "AskName 1");
  CHECK(state.running() == 1);
  CHECK(state.places().find(1)->waiting);
  CHECK(state.phase() == Phase::listening);
  CHECK(does(state, named(request(1), {"host.example.com"})) == "Spawn 1");
  CHECK(state.running() == 1);
  CHECK_FALSE(state.places().find(1)->waiting);
  CHECK(state.arrivals().attempts() == 1);
}

TEST_CASE("a peer without a name, or with another one, is refused") {
  State state = listening(friends_only());
  (void)state.handle(request(1));
  CHECK(does(state, named(request(1))) == "Refuse 1 address");
  (void)state.handle(request(2));
  CHECK(does(state, named(request(2), {"host.example.org"})) == "Refuse 2 address");
  CHECK(state.arrivals().attempts() == 2);
  CHECK(state.running() == 0);
}

TEST_CASE("who waits for a name counts for the limits of the others, and not for his own") {
  config::Service service = friends_only();
  service.settings.instances = config::Limit{2};
  service.settings.per_source = config::Limit{1};
  State state = listening(service);
  CHECK(does(state, request(1, "192.0.2.1")) == "AskName 1");
  CHECK(does(state, request(2, "192.0.2.1")) == "Refuse 2 per_source_limit");
  CHECK(does(state, request(3, "192.0.2.2")) == "AskName 3");
  CHECK(does(state, request(4, "192.0.2.3")) == "Refuse 4 service_limit");
  CHECK(state.running() == 2);
  CHECK(does(state, named(request(1, "192.0.2.1"), {"a.example.com"})) == "Spawn 1");
  CHECK(does(state, Withdrawn{3}).empty());
  CHECK(state.running() == 1);
  CHECK(state.places().consistent());
}

TEST_CASE("who waits for a name does not stand in its own way at -limit") {
  State state = listening(friends_only());
  Request one = request(1);
  one.question.process_limit = 1;
  CHECK(does(state, one) == "AskName 1");
  one.question.processes = 1;  // its own place
  CHECK(does(state, named(one, {"a.example.com"})) == "Spawn 1");
  Request two = request(2);
  two.question.process_limit = 1;
  two.question.processes = 1;
  CHECK(does(state, two) == "Refuse 2 process_limit");
}

TEST_CASE("limits are judged again when the name has come") {
  config::Service service = friends_only();
  State state = listening(service);
  (void)state.handle(request(1));
  service.settings.instances = config::Limit{0};
  (void)state.handle(Reconfigured{std::make_shared<const policy::Policy>(std::make_shared<const config::Service>(service))});
  CHECK(does(state, named(request(1), {"a.example.com"})) == "Refuse 1 service_limit");
  CHECK(state.running() == 0);
}

TEST_CASE("who takes his banner has a place, as long as there is one, and is judged all the same without") {
  config::Service service = stream_service();
  service.settings.instances = config::Limit{1};
  State state = listening(service);
  CHECK(does(state, Greeted{1, base::Address::ipv4(0x7f000001)}).empty());
  CHECK(does(state, Greeted{2, base::Address::ipv4(0x7f000001)}).empty());
  CHECK(state.places().find(1)->waiting);
  CHECK_FALSE(state.places().find(2));
  CHECK(does(state, request(2)) == "Refuse 2 service_limit");
  CHECK(does(state, request(1)) == "Spawn 1");
  CHECK(state.running() == 1);
}

TEST_CASE("who waits keeps its place over an upgrade, and still waits") {
  State before = listening(friends_only());
  (void)before.handle(request(1));
  State after = listening(friends_only());
  after.restore(before.snapshot());
  CHECK(after.running() == 1);
  CHECK(after.places().find(1)->waiting);
  CHECK(after.snapshot() == before.snapshot());
}

// Decision B15.9.
TEST_CASE("daytime and time over TCP have a place only until they have begun, echo as long as it lasts") {
  for (const char* name : {"daytime", "TIME", "echo"}) {
    CAPTURE(name);
    config::Service service = stream_service();
    service.name = name;
    service.settings.type = config::Set<config::Type>{config::Type::internal};
    service.settings.instances = config::Limit{1};
    State state = listening(service);
    CHECK(does(state, request(1)) == "Spawn 1");
    CHECK(state.running() == 1);
    (void)state.handle(Started{1});
    const bool echo = service.name == "echo";
    CHECK(state.running() == (echo ? 1 : 0));
    CHECK(does(state, request(2)) == (echo ? "Refuse 2 service_limit" : "Spawn 2"));
    (void)state.handle(Exited{1});
    CHECK(state.places().consistent());
  }
}

TEST_CASE("the look-up of a name does not count for cps again") {
  config::Service service = friends_only();
  service.settings.cps = config::Rate{1, 10};
  State state = listening(service);
  (void)state.handle(request(1));
  CHECK(does(state, named(request(1), {"a.example.com"})) == "Spawn 1");
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("a name that comes during the pause of cps comes too late") {
  config::Service service = friends_only();
  service.settings.cps = config::Rate{1, 10};
  State state = listening(service);
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  REQUIRE(state.phase() == Phase::paused);
  CHECK(does(state, named(request(1), {"a.example.com"})) == "Refuse 1 connections per second");
}

TEST_CASE("a name that comes after the service was removed comes too late") {
  for (const config::Service& service : {friends_only(), friends_only(waiting_service(udp))}) {
    State state = listening(service);
    (void)state.handle(request(1));
    (void)state.handle(Retire{});
    CHECK(does(state, named(request(1), {"a.example.com"})) == "Refuse 1 service_limit");
    CHECK(state.phase() == Phase::retiring);
    CHECK(state.running() == 0);
  }
}

TEST_CASE("a wait = yes service does not listen while a name is looked up") {
  State state = listening(friends_only(waiting_service(udp)));
  CHECK(does(state, request(1)) == "Suspend, AskName 1");
  CHECK(state.phase() == Phase::busy);
  CHECK(does(state, named(request(1), {"a.example.com"})) == "Suspend, Spawn 1");
  CHECK(does(state, Exited{1}) == "Listen");
}

TEST_CASE("a wait = yes service listens again when the name decides against the peer") {
  State state = listening(friends_only(waiting_service(udp)));
  (void)state.handle(request(1));
  CHECK(does(state, named(request(1))) == "Refuse 1 address, Listen");
  CHECK(state.phase() == Phase::listening);
  CHECK(does(state, request(2)) == "Suspend, AskName 2");
}
