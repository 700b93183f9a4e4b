// SPDX-License-Identifier: MIT
// Small parts of a service by themselves.
#include <catch2/catch.hpp>

#include "service/alone.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

TEST_CASE("sessions get tokens that differ, and each is counted once") {
  Alone alone(stream_service());
  const Token one = alone.sessions.begin(Session(base::Endpoint{}));
  const Token other = alone.sessions.begin(Session(base::Endpoint{}));
  CHECK(one != other);
  CHECK(alone.sessions.counters().accepted == 2);
  CHECK(alone.sessions.tokens() == std::vector{one, other});
  alone.sessions.restore(other + 5, Session(base::Endpoint{}));
  CHECK(alone.sessions.counters().accepted == 2);
  alone.sessions.erase(one);
  CHECK(alone.sessions.find(one) == nullptr);
  CHECK(alone.sessions.contains(other));
}

TEST_CASE("an action that throws keeps no other from being done, and is told afterwards") {
  config::Service service = stream_service();
  service.settings.cps = config::Rate{1, 10};
  Alone alone(service);
  (void)alone.open();
  (void)alone.admitted({*base::Address::parse("192.0.2.1"), 1});
  alone.done.clear();
  alone.on_refuse = [](const Refuse&) { throw std::bad_alloc(); };
  CHECK_THROWS_AS(alone.admitted({*base::Address::parse("192.0.2.1"), 2}), std::bad_alloc);
  CHECK(alone.done == std::vector<std::string>{"CloseSocket", "ArmPause 10"});
}

TEST_CASE("the places of all services follow those of each") {
  Alone alone(stream_service());
  alone.around.census.processes = 7;  // of others
  const Token token = alone.admitted({*base::Address::parse("192.0.2.1"), 1});
  CHECK(alone.around.census.processes == 8);
  alone.decider.feed(Exited{token});
  CHECK(alone.around.census.processes == 7);
}

TEST_CASE("a step that throws costs its session, whose place is free; one that is served goes on") {
  Alone alone(stream_service());
  const Token lost = alone.admitted({*base::Address::parse("192.0.2.1"), 1});
  alone.endings.attempt(lost, [] { throw std::bad_alloc(); });
  CHECK_FALSE(alone.sessions.contains(lost));
  CHECK(alone.sessions.counters().failed == 1);
  CHECK(alone.around.census.processes == 0);

  const Token served = alone.admitted({*base::Address::parse("192.0.2.1"), 2});
  alone.sessions.at(served).phase = SessionPhase::running;
  CHECK_THROWS_AS(alone.endings.attempt(served, [] { throw std::bad_alloc(); }), std::bad_alloc);
  CHECK(alone.sessions.contains(served));
}

TEST_CASE("a timer is told once, not when it was cancelled, and not when the service has gone") {
  Alone alone(stream_service());
  alone.hurry = true;
  std::string told;
  (void)alone.timers.arm(1s, [&] { told += "a"; });
  const auto cancelled = alone.timers.arm(1s, [&] { told += "b"; });
  alone.timers.cancel(cancelled);
  (void)alone.timers.arm_at(alone.clock - 1s, [&] { told += "c"; });
  alone.run_until([&] { return told.size() >= 2; });
  alone.settle();
  CHECK(told == "ac");
  CHECK(alone.asked == std::vector<std::chrono::milliseconds>{1s, 1s, 0s});
  (void)alone.timers.arm(1s, [&] { told += "d"; });
  alone.alive.reset();
  alone.loop.run_for(20ms);
  CHECK(told == "ac");
}
