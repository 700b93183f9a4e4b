// SPDX-License-Identifier: MIT
// Services with several endpoints: one State over all of them.
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

/// Two endpoints, 0 and 1, both open.
State with_two(config::Service service) {
  State state = listening(std::move(service));
  (void)state.handle(Opened{1});
  return state;
}

Request through(EndpointId endpoint, Token token) {
  Request one = request(token);
  one.endpoint = endpoint;
  return one;
}

EndpointId listens_at(const Actions& actions) {
  for (const Action& action : actions)
    if (const auto* listen = std::get_if<Listen>(&action)) return listen->endpoint;
  return 99;
}

}  // namespace

TEST_CASE("a service is closed when the last of its endpoints is") {
  State state = with_two(stream_service());
  CHECK(does(state, Closed{0}) == "");
  CHECK(state.phase() == Phase::listening);
  CHECK_FALSE(state.endpoints().is_open(0));
  CHECK(state.endpoints().is_free(1));
  CHECK(does(state, Closed{1}) == "");
  CHECK(state.phase() == Phase::closed);
}

TEST_CASE("a server of one endpoint leaves the others of a wait = yes service listening") {
  State state = with_two(waiting_service(config::SocketType::dgram));
  CHECK(does(state, through(1, 1)) == "Suspend, Spawn 1");
  CHECK(state.phase() == Phase::busy);
  CHECK(state.endpoints().is_free(0));
  CHECK_FALSE(state.endpoints().is_free(1));
  CHECK(does(state, through(0, 2)) == "Suspend, Spawn 2");
  CHECK(listens_at(state.handle(Exited{1})) == 1);
  CHECK(state.phase() == Phase::busy);
  CHECK(listens_at(state.handle(Exited{2})) == 0);
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("instances counts the servers of one socket where it is the server's, and those of all elsewhere") {
  config::Service waiting = waiting_service(config::SocketType::dgram);
  waiting.settings.instances = config::Limit{1};
  State one_each = with_two(waiting);
  CHECK(does(one_each, through(0, 1)) == "Suspend, Spawn 1");
  CHECK(does(one_each, through(1, 2)) == "Suspend, Spawn 2");
  config::Service accepting = stream_service();
  accepting.settings.instances = config::Limit{1};
  State one_in_all = with_two(accepting);
  CHECK(does(one_in_all, through(0, 1)) == "Spawn 1");
  CHECK(does(one_in_all, through(1, 2)) == "Refuse 2 service_limit");
}

TEST_CASE("cps counts the requests of all endpoints, closes them and opens them again") {
  config::Service service = stream_service();
  service.settings.cps = config::Rate{1, 10};
  State state = with_two(service);
  CHECK(does(state, through(0, 1)) == "Spawn 1");
  CHECK(does(state, through(1, 2)) == "Refuse 2 connections per second, CloseSocket, ArmPause 10");
  CHECK_FALSE(state.endpoints().is_open(0));
  CHECK_FALSE(state.endpoints().is_open(1));
  CHECK(does(state, Due{}) == "OpenSocket");
  CHECK(listens_at(state.handle(Opened{0})) == 0);
  CHECK(does(state, Closed{1}) == "");
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("a refused request of one endpoint does not disturb the server of another") {
  config::Service service = waiting_service(config::SocketType::dgram);
  service.settings.no_access = pattern("192.0.2.66");
  State state = with_two(service);
  (void)state.handle(through(0, 1));
  Request stranger = request(2, "192.0.2.66");
  stranger.endpoint = 1;
  CHECK(does(state, stranger) == "Refuse 2 address, Listen");
  CHECK_FALSE(state.endpoints().is_free(0));
  CHECK(state.endpoints().is_free(1));
}

TEST_CASE("endpoints and whose server has them go on in another image") {
  State state = with_two(waiting_service(config::SocketType::dgram));
  (void)state.handle(through(1, 1));
  State next(policy_of(waiting_service(config::SocketType::dgram)));
  next.restore(state.snapshot());
  CHECK(next.snapshot() == state.snapshot());
  CHECK(next.endpoints().is_free(0));
  CHECK(listens_at(next.handle(Exited{1})) == 1);
}

TEST_CASE("a state that says nothing of endpoints has one") {
  StateSnapshot before;
  before.phase = Phase::busy;
  before.places.push_back({7, *base::Address::parse("192.0.2.1"), 0, false, false, 0});
  State state(policy_of(waiting_service(config::SocketType::dgram)));
  state.restore(before);
  CHECK(state.phase() == Phase::busy);
  CHECK(does(state, Exited{7}) == "Listen");
}

TEST_CASE("a socket that rests for a name is listened to again when the request comes to nothing") {
  config::Service service = waiting_service(config::SocketType::dgram);
  service.settings.only_from = pattern(".example.org");
  State state = listening(service);
  CHECK(does(state, request(1)) == "Suspend, AskName 1");
  CHECK_FALSE(state.endpoints().is_free(0));
  CHECK(does(state, Withdrawn{1, 1}) == "");  // which is another socket
  CHECK(does(state, Withdrawn{1, 0}) == "Listen");
  CHECK(state.endpoints().is_free(0));
}
