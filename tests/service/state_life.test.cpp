// SPDX-License-Identifier: MIT
// Starts that fail, reloads, and the end of a service.
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using config::Limit;

TEST_CASE("a start that failed is tried five times in all") {
  State state = listening(stream_service());
  (void)state.handle(request(1));
  for (int failure = 1; failure < 5; ++failure) {
    CHECK(does(state, StartFailed{1, false}) == "ArmRetry 1 5");
    CHECK(state.places().retrying() == 1);
    CHECK(state.running() == 1);
    CHECK(does(state, RetryDue{1}) == "Spawn 1");
    CHECK(state.places().retrying() == 0);
  }
  CHECK(does(state, StartFailed{1, false}) == "Refuse 1 fork");
  CHECK(state.running() == 0);
  CHECK(state.places().count_from(*base::Address::parse("192.0.2.1")) == 0);
}

TEST_CASE("NORETRY gives up at the first failure") {
  config::Service service = stream_service();
  service.settings.flags = {config::Flag::noretry};
  State state = listening(service);
  (void)state.handle(request(1));
  CHECK(does(state, StartFailed{1, false}) == "Refuse 1 fork");
  CHECK(state.running() == 0);
}

TEST_CASE("a server that could not be executed is not tried again, and nobody is refused") {
  State state = listening(stream_service());
  (void)state.handle(request(1));
  CHECK(does(state, StartFailed{1, true}) == "");
  CHECK(state.running() == 0);
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("a peer that is refused after it was admitted gives its place back") {
  State state = listening(stream_service());
  (void)state.handle(request(1));
  CHECK(does(state, Denied{1, policy::Reason::libwrap}) == "Refuse 1 libwrap");
  CHECK(state.running() == 0);
  State waiting = listening(waiting_service(config::SocketType::dgram));
  (void)waiting.handle(request(1));
  CHECK(does(waiting, Denied{1, policy::Reason::libwrap}) == "Refuse 1 libwrap, Listen");
}

TEST_CASE("a start that waits for another try counts against instances") {
  config::Service service = stream_service();
  service.settings.instances = Limit{1};
  State state = listening(service);
  (void)state.handle(request(1));
  (void)state.handle(StartFailed{1, false});
  CHECK(does(state, request(2)) == "Refuse 2 service_limit");
}

TEST_CASE("a try that is due twice is made once") {
  State state = listening(stream_service());
  (void)state.handle(request(1));
  (void)state.handle(StartFailed{1, false});
  CHECK(does(state, RetryDue{1}) == "Spawn 1");
  CHECK(does(state, RetryDue{1}) == "");
}

TEST_CASE("a peer that goes away while its start waits for another try leaves nothing behind") {
  State state = listening(stream_service());
  (void)state.handle(request(1));
  (void)state.handle(StartFailed{1, false});
  (void)state.handle(Withdrawn{1});
  CHECK(state.places().retrying() == 0);
  CHECK(state.places().consistent());
  CHECK(does(state, RetryDue{1}) == "");
}

TEST_CASE("a reload keeps the places and the counts of every source") {
  config::Service service = stream_service();
  service.settings.instances = Limit{3};
  State state = listening(service);
  for (Token token = 1; token <= 3; ++token) (void)state.handle(request(token));
  service.settings.instances = Limit{2};
  CHECK(does(state, Reconfigured{policy_of(service)}) == "");
  CHECK(state.running() == 3);
  (void)state.handle(Exited{1});
  CHECK(does(state, request(4)) == "Refuse 4 service_limit");
  service.settings.instances = Limit{};
  service.settings.per_source = Limit{2};
  (void)state.handle(Reconfigured{policy_of(service)});
  CHECK(does(state, request(5)) == "Refuse 5 per_source_limit");
  CHECK(does(state, request(6, "192.0.2.2")) == "Spawn 6");
  CHECK(state.places().consistent());
}

TEST_CASE("a service that has only moved within its file counts on for cps") {
  config::Service service = stream_service();
  service.settings.cps = config::Rate{2, 10};
  State state = listening(service);
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  (void)state.handle(Reconfigured{policy_of(service), true});
  CHECK(does(state, request(3)).starts_with("Refuse 3 connections per second, CloseSocket"));
}

TEST_CASE("a reload counts afresh for cps") {
  config::Service service = stream_service();
  service.settings.cps = config::Rate{2, 10};
  State state = listening(service);
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  (void)state.handle(Reconfigured{policy_of(service)});
  CHECK(does(state, request(3)) == "Spawn 3");
  CHECK(does(state, request(4)) == "Spawn 4");
  CHECK(does(state, request(5)).starts_with("Refuse 5 connections per second, CloseSocket"));
}

TEST_CASE("a reload during the pause changes nothing until the pause is over") {
  config::Service service = stream_service();
  service.settings.cps = config::Rate{1, 10};
  State state = listening(service);
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  service.settings.cps = config::Rate{0, 10};
  CHECK(does(state, Reconfigured{policy_of(service)}) == "");
  CHECK(state.phase() == Phase::paused);
  CHECK(does(state, request(3)) == "Refuse 3 connections per second");
  CHECK(does(state, Due{}) == "OpenSocket");
  CHECK(does(state, Opened{}) == "Listen");
  CHECK(does(state, request(4)) == "Spawn 4");
  CHECK(does(state, request(5)) == "Spawn 5");
}

TEST_CASE("a removed service closes its socket and waits for its servers") {
  State state = listening(stream_service());
  (void)state.handle(request(1));
  CHECK(does(state, Retire{}) == "CloseSocket");
  CHECK(state.phase() == Phase::retiring);
  CHECK(state.running() == 1);
  CHECK(does(state, Started{1}) == "");
  CHECK(does(state, Exited{1}) == "");
  CHECK(state.running() == 0);
  CHECK(state.phase() == Phase::retiring);
}

TEST_CASE("nothing opens the socket of a removed service again") {
  State state = listening(stream_service());
  (void)state.handle(Retire{});
  CHECK(does(state, Due{}) == "");
  CHECK(does(state, Opened{}) == "CloseSocket");
  CHECK(does(state, Closed{}) == "");
  CHECK(does(state, Reconfigured{policy_of(stream_service())}) == "");
  CHECK(state.phase() == Phase::retiring);
}

TEST_CASE("a removed service starts nobody") {
  State state = listening(stream_service());
  (void)state.handle(Retire{});
  CHECK(does(state, request(1)) == "Refuse 1 service_limit");
  CHECK(state.running() == 0);
}

TEST_CASE("a start that fails after its service was removed is not tried again") {
  State state = listening(stream_service());
  (void)state.handle(request(1));
  (void)state.handle(Retire{});
  CHECK(does(state, StartFailed{1, false}) == "Refuse 1 fork");
  CHECK(state.running() == 0);
}

TEST_CASE("a try that is due after its service was removed is not made") {
  for (const bool wait : {false, true}) {
    State state = listening(wait ? waiting_service(config::SocketType::dgram) : stream_service());
    (void)state.handle(request(1));
    (void)state.handle(StartFailed{1, false});
    (void)state.handle(Retire{});
    CHECK(does(state, RetryDue{1}) == "Refuse 1 fork");
    CHECK(state.running() == 0);
    CHECK(state.places().retrying() == 0);
    CHECK(state.phase() == Phase::retiring);
  }
}

TEST_CASE("a paused service that is removed stays closed") {
  config::Service service = stream_service();
  service.settings.cps = config::Rate{1, 10};
  State state = listening(service);
  (void)state.handle(request(1));
  (void)state.handle(request(2));
  CHECK(does(state, Retire{}) == "CloseSocket");
  CHECK(does(state, Due{}) == "");
}
