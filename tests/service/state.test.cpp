// SPDX-License-Identifier: MIT
#include "xsuperd/service/state.hpp"

#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using config::Limit;

namespace {
config::Service with(const std::function<void(config::Settings&)>& change) {
  config::Service service = stream_service();
  change(service.settings);
  return service;
}
}  // namespace

TEST_CASE("a service listens when its socket is open") {
  State state(policy_of(stream_service()));
  CHECK(state.phase() == Phase::closed);
  CHECK(does(state, Opened{}) == "Listen");
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("a service whose socket cannot be opened stays closed until it can") {
  State state(policy_of(stream_service()));
  CHECK(does(state, Closed{}) == "");
  CHECK(state.phase() == Phase::closed);
  CHECK(does(state, Opened{}) == "Listen");
}

TEST_CASE("a place is taken when the start is decided and kept until the server ends") {
  State state = listening(stream_service());
  CHECK(does(state, request(1)) == "Spawn 1");
  CHECK(state.running() == 1);
  CHECK(does(state, Started{1}) == "");
  CHECK(state.running() == 1);
  CHECK(does(state, Exited{1}) == "");
  CHECK(state.running() == 0);
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("a peer that goes away before its server starts gives its place back") {
  State state = listening(stream_service());
  CHECK(does(state, request(1)) == "Spawn 1");
  CHECK(does(state, Withdrawn{1}) == "");
  CHECK(state.running() == 0);
}

TEST_CASE("as many servers run as instances says, and not one more") {
  State state = listening(with([](auto& s) { s.instances = Limit{2}; }));
  CHECK(does(state, request(1)) == "Spawn 1");
  CHECK(does(state, request(2)) == "Spawn 2");
  CHECK(does(state, request(3)) == "Refuse 3 service_limit");
  CHECK(state.running() == 2);
  (void)state.handle(Exited{1});
  CHECK(does(state, request(4)) == "Spawn 4");
}

TEST_CASE("instances = 0 admits nobody and UNLIMITED everybody") {
  State none = listening(with([](auto& s) { s.instances = Limit{0}; }));
  CHECK(does(none, request(1)) == "Refuse 1 service_limit");
  State all = listening(with([](auto& s) {
    s.instances = Limit{};
    s.cps = config::Rate{0, 10};
  }));
  for (Token token = 1; token <= 500; ++token) REQUIRE(does(all, request(token)).starts_with("Spawn"));
  CHECK(all.running() == 500);
}

TEST_CASE("per_source counts the servers of one address, whatever its port and the socket it came by") {
  State state = listening(with([](auto& s) { s.per_source = Limit{2}; }));
  CHECK(does(state, request(1, "192.0.2.1")) == "Spawn 1");
  CHECK(does(state, request(2, "::ffff:192.0.2.1")) == "Spawn 2");
  CHECK(does(state, request(3, "192.0.2.1")) == "Refuse 3 per_source_limit");
  CHECK(does(state, request(4, "::ffff:192.0.2.1")) == "Refuse 4 per_source_limit");
  CHECK(does(state, request(5, "192.0.2.2")) == "Spawn 5");
  CHECK(state.places().count_from(*base::Address::parse("192.0.2.1")) == 2);
  CHECK(state.places().count_from(*base::Address::parse("::ffff:192.0.2.1")) == 2);
  (void)state.handle(Exited{2});
  CHECK(does(state, request(6, "192.0.2.1")) == "Spawn 6");
  CHECK(state.places().consistent());
}

TEST_CASE("the limit of processes counts the servers of all services") {
  State state = listening(stream_service());
  Request one = request(1);
  one.question.process_limit = 2;
  one.question.processes = 2;
  CHECK(does(state, one) == "Refuse 1 process_limit");
  one.question.processes = 1;
  CHECK(does(state, one) == "Spawn 1");
}

TEST_CASE("a burst above cps closes the service for the pause") {
  State state = listening(with([](auto& s) { s.cps = config::Rate{3, 10}; }));
  for (Token token = 1; token <= 3; ++token) CHECK(does(state, request(token)).starts_with("Spawn"));
  CHECK(does(state, request(4)) == "Refuse 4 connections per second, CloseSocket, ArmPause 10");
  CHECK(state.phase() == Phase::paused);
  CHECK(state.running() == 3);
}

TEST_CASE("refused requests count for cps too") {
  State state = listening(with([](auto& s) {
    s.cps = config::Rate{1, 30};
    s.instances = Limit{0};
  }));
  CHECK(does(state, request(1)) == "Refuse 1 service_limit");
  CHECK(does(state, request(2)) == "Refuse 2 connections per second, CloseSocket, ArmPause 30");
}

TEST_CASE("what the fleet has of a source counts with what is here") {
  State state = listening(with([](auto& s) { s.fleet_per_source = Limit{3}, s.queue = config::QueueLimit{8, 30}; }));
  const auto from_fleet = [](Token token, std::uint64_t elsewhere, bool rate_reached = false) {
    Request one = request(token, "192.0.2.1");
    one.question.fleet = policy::FleetCounts::Known{elsewhere, 0, rate_reached};
    return one;
  };
  CHECK(does(state, from_fleet(1, 1)) == "Spawn 1");
  CHECK(does(state, from_fleet(2, 1)) == "Spawn 2");
  CHECK(does(state, from_fleet(3, 1)) == "Refuse 3 fleet_per_source");  // and does not wait
  CHECK(does(state, from_fleet(4, 0)) == "Spawn 4");
  CHECK(does(state, from_fleet(5, 0, true)) == "Refuse 5 fleet_rate");
  CHECK(does(state, request(6, "192.0.2.1")) == "Spawn 6");  // no fleet is known
}

TEST_CASE("an address above per_source_rate is refused alone, and the service stays open") {
  State state = listening(with([](auto& s) { s.per_source_rate = config::SourceRate{2, 60}; }));
  CHECK(does(state, request(1)) == "Spawn 1");
  CHECK(does(state, Exited{1}) == "");
  CHECK(does(state, request(2)) == "Spawn 2");
  CHECK(does(state, request(3)) == "Refuse 3 per_source_rate");
  CHECK(does(state, request(4, "192.0.2.77")) == "Spawn 4");
  CHECK(does(state, request(5, "192.0.2.1", at(61s))) == "Spawn 5");
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("what was accepted together with the connection that tripped cps is refused for the same reason") {
  State state = listening(with([](auto& s) { s.cps = config::Rate{1, 10}; }));
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  CHECK(does(state, request(3)) == "Refuse 3 connections per second");
  CHECK(does(state, request(4, "192.0.2.1", at(5s))) == "Refuse 4 connections per second");
  CHECK(state.phase() == Phase::paused);
}

TEST_CASE("servers end during the pause and the service stays closed") {
  State state = listening(with([](auto& s) { s.cps = config::Rate{1, 10}; }));
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  CHECK(does(state, Exited{1}) == "");
  CHECK(state.phase() == Phase::paused);
  CHECK(state.running() == 0);
}

TEST_CASE("after the pause the socket is opened anew and counting begins afresh") {
  State state = listening(with([](auto& s) { s.cps = config::Rate{1, 10}; }));
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  CHECK(does(state, Due{}) == "OpenSocket");
  CHECK(state.phase() == Phase::paused);
  CHECK(does(state, Opened{}) == "Listen");
  CHECK(state.running() == 1);  // unlike xinetd, which forgets them (fact B4.46)
  CHECK(does(state, request(5)) == "Spawn 5");
  CHECK(does(state, request(6)) == "Refuse 6 connections per second, CloseSocket, ArmPause 10");
}

TEST_CASE("a socket that cannot be opened after the pause leaves the service closed") {
  State state = listening(with([](auto& s) { s.cps = config::Rate{1, 10}; }));
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  (void)state.handle(Due{});
  CHECK(does(state, Closed{}) == "");
  CHECK(state.phase() == Phase::closed);
  CHECK(does(state, Due{}) == "");
  CHECK(does(state, Opened{}) == "Listen");
}

TEST_CASE("the end of a pause means nothing to a service that is not paused") {
  State state = listening(stream_service());
  CHECK(does(state, Due{}) == "");
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("every request is an attempt, and one that is judged again is still one") {
  State state = listening(with([](auto& s) { s.instances = Limit{1}; }));
  (void)state.handle(request(1));
  Request second = request(2);
  CHECK(does(state, second) == "Refuse 2 service_limit");
  (void)state.handle(Exited{1});
  second.again = true;
  CHECK(does(state, second) == "Spawn 2");
  CHECK(state.arrivals().attempts() == 2);
}

TEST_CASE("events about tokens that nobody knows change nothing") {
  State state = listening(stream_service());
  (void)state.handle(request(1));
  for (const Event& event : {Event{Started{9}}, Event{StartFailed{9, true}}, Event{StartFailed{9, false}},
                             Event{RetryDue{9}}, Event{Exited{9}}, Event{Withdrawn{9}}, Event{RetryDue{1}}})
    CHECK(does(state, event) == "");
  CHECK(state.running() == 1);
  CHECK(state.places().consistent());
}
