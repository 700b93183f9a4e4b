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

TEST_CASE("a name is asked for when the lists need it, and no place is taken meanwhile") {
  State state = listening(friends_only());
  CHECK(does(state, request(1)) == "AskName 1");
  CHECK(state.running() == 0);
  CHECK(state.phase() == Phase::listening);
  CHECK(does(state, named(request(1), {"host.example.com"})) == "Spawn 1");
  CHECK(state.running() == 1);
  CHECK(state.attempts() == 1);
}

TEST_CASE("a peer without a name, or with another one, is refused") {
  State state = listening(friends_only());
  (void)state.handle(request(1));
  CHECK(does(state, named(request(1))) == "Refuse 1 address");
  (void)state.handle(request(2));
  CHECK(does(state, named(request(2), {"host.example.org"})) == "Refuse 2 address");
  CHECK(state.attempts() == 2);
}

TEST_CASE("limits are judged again when the name has come") {
  config::Service service = friends_only();
  service.settings.instances = config::Limit{1};
  State state = listening(service);
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  CHECK(does(state, named(request(1), {"a.example.com"})) == "Spawn 1");
  CHECK(does(state, named(request(2), {"b.example.com"})) == "Refuse 2 service_limit");
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
