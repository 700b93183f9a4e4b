// SPDX-License-Identifier: MIT
// Services with wait = yes: one server owns the socket.
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {
config::Service waiting(const std::function<void(config::Settings&)>& change = [](auto&) {}) {
  config::Service service = waiting_service(config::SocketType::dgram);
  change(service.settings);
  return service;
}
}  // namespace

TEST_CASE("a wait = yes service is busy until its server has ended") {
  State state = listening(waiting());
  CHECK(does(state, request(1)) == "Suspend, Spawn 1");
  CHECK(state.phase() == Phase::busy);
  CHECK(does(state, Started{1}) == "");
  CHECK(state.phase() == Phase::busy);
  CHECK(does(state, Exited{1}) == "Listen");
  CHECK(state.phase() == Phase::listening);
  CHECK(does(state, request(2)) == "Suspend, Spawn 2");
}

TEST_CASE("a refused request of a wait = yes service costs that request alone") {
  State state = listening(waiting([](auto& s) { s.no_access = pattern("192.0.2.66"); }));
  CHECK(does(state, request(1, "192.0.2.66")) == "Refuse 1 address, Listen");
  CHECK(state.phase() == Phase::listening);
  CHECK(does(state, request(2, "192.0.2.1")) == "Suspend, Spawn 2");
}

TEST_CASE("every reason leaves a wait = yes service listening") {
  State closed_now = listening(waiting([](auto& s) { s.access_times.emplace(); }));
  CHECK(does(closed_now, request(1)) == "Refuse 1 time, Listen");
  State full = listening(waiting([](auto& s) { s.instances = config::Limit{0}; }));
  CHECK(does(full, request(1)) == "Refuse 1 service_limit, Listen");
  State loaded = listening(waiting([](auto& s) { s.max_load = 1.5; }));
  Request heavy = request(1);
  heavy.question.load = 1.5;
  CHECK(does(loaded, heavy) == "Refuse 1 load, Listen");
}

TEST_CASE("a wait = yes service above cps is closed, not listened on") {
  State state = listening(waiting([](auto& s) { s.cps = config::Rate{1, 10}; }));
  (void)state.handle(request(1));
  (void)state.handle(Exited{1});
  CHECK(does(state, request(2)) == "Refuse 2 connections per second, CloseSocket, ArmPause 10");
  CHECK(does(state, Due{}) == "OpenSocket");
  CHECK(does(state, Opened{}) == "Listen");
}

TEST_CASE("a wait = yes server that could not be executed gives the socket back") {
  State state = listening(waiting());
  (void)state.handle(request(1));
  CHECK(does(state, StartFailed{1, true}) == "Listen");
  CHECK(state.phase() == Phase::listening);
  CHECK(state.running() == 0);
}

TEST_CASE("a wait = yes service stays busy while a start waits for another try") {
  State state = listening(waiting());
  (void)state.handle(request(1));
  CHECK(does(state, StartFailed{1, false}) == "ArmRetry 1 5");
  CHECK(state.phase() == Phase::busy);
  CHECK(does(state, RetryDue{1}) == "Spawn 1");
  CHECK(does(state, Started{1}) == "");
  CHECK(does(state, Exited{1}) == "Listen");
}

TEST_CASE("a wait = yes service listens again when all tries have failed") {
  State state = listening(waiting());
  (void)state.handle(request(1));
  for (int failure = 1; failure < 5; ++failure) {
    CHECK(does(state, StartFailed{1, false}) == "ArmRetry 1 5");
    CHECK(does(state, RetryDue{1}) == "Spawn 1");
  }
  CHECK(does(state, StartFailed{1, false}) == "Refuse 1 fork, Listen");
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("the end of the server of a removed wait = yes service opens nothing") {
  State state = listening(waiting());
  (void)state.handle(request(1));
  CHECK(does(state, Retire{}) == "CloseSocket");
  CHECK(does(state, Exited{1}) == "");
  CHECK(state.phase() == Phase::retiring);
}

TEST_CASE("a wait = yes service in progress stays busy over a reload and listens afterwards") {
  State state = listening(waiting());
  (void)state.handle(request(1));
  CHECK(does(state, Reconfigured{policy_of(waiting())}) == "");
  CHECK(state.phase() == Phase::busy);
  CHECK(does(state, Exited{1}) == "Listen");
}
