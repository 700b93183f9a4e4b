// SPDX-License-Identifier: MIT
#include "service/session_times.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using What = TimeStep::What;

namespace {

Session session_of(pid_t pid = 7) {
  Session session;
  session.phase = pid != 0 ? SessionPhase::running : SessionPhase::conversing;
  session.pid = pid;
  session.started = at(0s);
  session.connection.cookie = 1;
  return session;
}

config::Settings times(std::optional<std::uint32_t> runtime, std::optional<std::uint32_t> idle, std::optional<std::uint32_t> first) {
  config::Settings settings;
  settings.runtime_max = runtime;
  settings.idle_timeout = idle;
  settings.first_data_timeout = first;
  return settings;
}

net::TcpLook seen(std::chrono::milliseconds quiet, bool spoke = true) {
  return {.outcome = net::TcpLook::Outcome::seen, .peer_spoke = spoke, .quiet = quiet};
}

using Step = std::optional<TimeStep>;
using Limit = std::optional<TimeLimit>;

}  // namespace

TEST_CASE("a session without times has nothing to come") {
  CHECK_FALSE(has_times({}));
  CHECK(next_step(session_of(), {}) == Step());
  CHECK(reached(session_of(), {}, at(100h)) == Limit());
}

TEST_CASE("runtime_max counts from the start, whatever passes") {
  const auto settings = times(60, {}, {});
  Session session = session_of();
  CHECK(next_step(session, settings) == Step({at(60s), What::end}));
  note_look(session, seen(0ms), at(59s));
  CHECK(reached(session, settings, at(59'999ms)) == Limit());
  CHECK(reached(session, settings, at(60s)) == Limit(TimeLimit::runtime_max));
}

TEST_CASE("an active connection is looked at once in each idle_timeout after its last byte") {
  const auto settings = times({}, 10, {});
  Session session = session_of();
  CHECK(next_step(session, settings) == Step({at(10s), What::look}));
  note_look(session, seen(3s), at(10s));
  CHECK(reached(session, settings, at(10s)) == Limit());
  CHECK(next_step(session, settings) == Step({at(17s), What::look}));
  note_look(session, seen(10s), at(17s));
  CHECK(reached(session, settings, at(17s)) == Limit(TimeLimit::idle_timeout));
}

TEST_CASE("silence before the session began does not count") {
  const auto settings = times({}, 10, {});
  Session session = session_of();
  note_look(session, seen(60s), at(1s));
  CHECK(next_step(session, settings) == Step({at(10s), What::look}));
}

TEST_CASE("who has spoken is not asked again for the first byte") {
  const auto settings = times({}, {}, 5);
  Session session = session_of();
  CHECK(next_step(session, settings) == Step({at(5s), What::look}));
  SECTION("it has") {
    note_look(session, seen(4s), at(5s));
    CHECK(reached(session, settings, at(5s)) == Limit());
    CHECK(next_step(session, settings) == Step());
  }
  SECTION("it has only been sent something") {
    note_look(session, seen(0ms, false), at(5s));
    CHECK(reached(session, settings, at(5s)) == Limit(TimeLimit::first_data_timeout));
  }
}

TEST_CASE("a connection that is gone is looked at no more, and one that could not be looked at is as it was") {
  const auto settings = times(100, 10, 5);
  Session session = session_of();
  note_look(session, {.outcome = net::TcpLook::Outcome::not_looked, .error = 24}, at(5s));
  CHECK(next_step(session, settings) == Step({at(5s), What::look}));
  CHECK(next_step(session, settings, Sight::none) == Step({at(100s), What::end}));
  CHECK(reached(session, settings, at(50s), Sight::none) == Limit());
  CHECK(reached(session, settings, at(100s), Sight::none) == Limit(TimeLimit::runtime_max));
  note_look(session, {.outcome = net::TcpLook::Outcome::gone}, at(5s));
  CHECK(next_step(session, settings) == Step({at(100s), What::end}));
  CHECK(reached(session, settings, at(50s)) == Limit());
}

TEST_CASE("a server that goes on gets KILL after kill_grace, once, and a conversation none") {
  auto settings = times(60, {}, {});
  Session session = session_of();
  session.limited = at(60s);
  CHECK(next_step(session, settings) == Step({at(63s), What::kill}));
  settings.kill_grace = 10;
  CHECK(next_step(session, settings) == Step({at(70s), What::kill}));
  CHECK(reached(session, settings, at(80s)) == Limit());
  session.killed = true;
  CHECK(next_step(session, settings) == Step());
  Session conversation = session_of(0);
  conversation.limited = at(60s);
  CHECK(next_step(conversation, settings) == Step());
}

namespace {

/// A peer and a server that send whenever they like, and someone who does only what the steps say, at their moments.
class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) { change(); }

  void run() {
    for (now_ = 0ms; now_ < 100s && !limit_; now_ += 10ms) {
      if (one_in(300)) last_byte_ = now_, spoke_ = spoke_ || one_in(2);
      if (one_in(3000)) change();
      if (one_in(3000)) upgrade();
      follow();
      // A step lies in the past only until the next tick.
      const auto due = true_limit();
      if (due && !limit_) FAIL("a limit was missed at " << now_.count() << " ms");
    }
  }

 private:
  bool one_in(unsigned number) { return random_() % number == 0; }
  std::optional<std::uint32_t> any_time() { return one_in(3) ? std::nullopt : std::optional<std::uint32_t>(1 + random_() % 30); }
  void change() { settings_ = times(any_time(), any_time(), any_time()); }
  /// What is not among the facts is forgotten.
  void upgrade() { session_ = Session(static_cast<const SessionFacts&>(session_)); }

  void follow() {
    for (auto step = next_step(session_, settings_); step && step->when <= at(now_) && !limit_; step = next_step(session_, settings_)) {
      const int looks = looks_;
      if (step->what == What::look) ++looks_, note_look(session_, seen(now_ - last_byte_, spoke_), at(now_));
      limit_ = reached(session_, settings_, at(now_));
      if (limit_) CHECK(limit_ == true_limit());
      if (!limit_ && looks == looks_) FAIL("a step that does nothing");
      if (looks_ > 100'000) FAIL("it looks without end");
    }
  }

  Limit true_limit() const {
    const auto over = [](const std::optional<std::uint32_t>& time, std::chrono::milliseconds since) { return time && since >= std::chrono::seconds(*time); };
    if (over(settings_.runtime_max, now_)) return TimeLimit::runtime_max;
    if (!spoke_ && over(settings_.first_data_timeout, now_)) return TimeLimit::first_data_timeout;
    if (over(settings_.idle_timeout, now_ - last_byte_)) return TimeLimit::idle_timeout;
    return std::nullopt;
  }

  std::mt19937 random_;
  config::Settings settings_;
  Session session_ = session_of();
  std::chrono::milliseconds now_{}, last_byte_{};
  bool spoke_ = false;
  int looks_ = 0;
  Limit limit_;
};

}  // namespace

TEST_CASE("whatever passes, and however often the times change, a limit is seen at its moment and not before") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Model(seed).run();
  }
}
