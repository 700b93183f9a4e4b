// SPDX-License-Identifier: MIT
// Requests that wait for a place (`queue`), token buckets and penalties: single rules, and a long random life beside a plain
// model of the same.
#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <random>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using config::Limit;
using config::Penalty;

namespace {

config::Service with(const std::function<void(config::Settings&)>& change) {
  config::Service service = stream_service();
  service.settings.cps = config::Rate{0, 10};
  change(service.settings);
  return service;
}

Request again(Request request, std::chrono::milliseconds when) {
  request.again = true;
  request.now = at(when);
  return request;
}

}  // namespace

TEST_CASE("a request that finds no place waits, and is called when one is free") {
  State state = listening(with([](auto& s) { s.instances = Limit{1}, s.queue = config::QueueLimit{8, 30}; }));
  CHECK(does(state, request(1, "192.0.2.1")) == "Spawn 1");
  CHECK(does(state, request(2, "192.0.2.2")) == "Queue 2");
  CHECK(state.queue().line().size() == 1);
  CHECK(state.running() == 1);
  CHECK(does(state, Exited{1}) == "Call 2");
  CHECK(does(state, again(request(2, "192.0.2.2"), 1s)) == "Spawn 2");
  CHECK(state.queue().line().empty());
  CHECK(does(state, Exited{2}) == "");
}

TEST_CASE("sources take turns, and within one the first comes first") {
  State state = listening(with([](auto& s) { s.instances = Limit{1}, s.queue = config::QueueLimit{100, 30}; }));
  (void)state.handle(request(1, "192.0.2.9"));
  const std::map<Token, const char*> peers{{11, "192.0.2.1"}, {12, "192.0.2.1"}, {13, "192.0.2.1"}, {21, "192.0.2.2"}, {31, "192.0.2.3"}, {22, "192.0.2.2"}};
  for (const Token token : {11, 12, 13, 21, 31, 22}) REQUIRE(does(state, request(token, peers.at(token))).starts_with("Queue"));
  std::vector<Token> order;
  Token running = 1;
  while (!state.queue().line().empty()) {
    const std::string called = does(state, Exited{running});
    running = static_cast<Token>(std::stoi(called.substr(5)));
    order.push_back(running);
    CHECK(does(state, again(request(running, peers.at(running)), 1s)) == "Spawn " + std::to_string(running));
  }
  CHECK(order == std::vector<Token>{11, 21, 31, 12, 22, 13});
}

TEST_CASE("no source has more than its share of the queue, and the queue no more than its number") {
  State state = listening(with([](auto& s) {
    s.instances = Limit{1};
    s.queue = config::QueueLimit{8, 30};
    s.limit_exempt = pattern("192.0.2.9");
  }));
  CHECK(does(state, request(100, "192.0.2.100")) == "Spawn 100");
  CHECK(does(state, request(1, "192.0.2.1")) == "Queue 1");
  CHECK(does(state, request(2, "192.0.2.1")) == "Queue 2");
  CHECK(does(state, request(3, "192.0.2.1")) == "Refuse 3 queue_full");
  for (Token token = 10; token < 16; ++token) CHECK(does(state, request(token, "192.0.2.9")) == "Queue " + std::to_string(token));
  CHECK(does(state, request(20, "192.0.2.2")) == "Refuse 20 queue_full");
}

TEST_CASE("whoever is not admitted anyway does not wait") {
  State state = listening(with([](auto& s) {
    s.instances = Limit{1};
    s.queue = config::QueueLimit{8, 30};
    s.no_access = pattern("192.0.2.7");
  }));
  CHECK(does(state, request(100, "192.0.2.100")) == "Spawn 100");
  CHECK(does(state, request(1, "192.0.2.7")) == "Refuse 1 address");
  Request banned = request(2, "192.0.2.8");
  banned.question.banned = true;
  CHECK(does(state, banned) == "Refuse 2 address");
  State closed = listening(with([](auto& s) { s.instances = Limit{0}, s.queue = config::QueueLimit{8, 30}; }));
  CHECK(does(closed, request(1, "192.0.2.7")) == "Refuse 1 service_limit");
}

TEST_CASE("whoever has waited too long is refused, one after the other") {
  State state = listening(with([](auto& s) { s.instances = Limit{1}, s.queue = config::QueueLimit{8, 30}; }));
  (void)state.handle(request(100, "192.0.2.100", at(0s)));
  CHECK(state.next_look() == std::nullopt);
  (void)state.handle(request(1, "192.0.2.1", at(0s)));
  (void)state.handle(request(2, "192.0.2.2", at(5s)));
  CHECK(state.next_look() == at(30s));
  CHECK(does(state, Look{at(29s)}) == "");
  CHECK(does(state, Look{at(31s)}) == "Refuse 1 queue_timeout");
  CHECK(state.next_look() == at(35s));
  CHECK(does(state, Withdrawn{2}) == "");
  CHECK(state.next_look() == std::nullopt);
}

TEST_CASE("a peer that has left when its turn comes gives it to the next") {
  State state = listening(with([](auto& s) { s.instances = Limit{1}, s.queue = config::QueueLimit{8, 30}; }));
  (void)state.handle(request(1, "192.0.2.1"));
  (void)state.handle(request(2, "192.0.2.2"));
  (void)state.handle(request(3, "192.0.2.3"));
  CHECK(does(state, Exited{1}) == "Call 2");
  CHECK(does(state, Withdrawn{2}) == "Call 3");
  CHECK(does(state, again(request(3, "192.0.2.3"), 1s)) == "Spawn 3");
}

TEST_CASE("who waits for a place that other services may leave is looked at every tenth of a second, whoever else comes") {
  State state = listening(with([](auto& s) { s.queue = config::QueueLimit{8, 30}; }));
  const auto crowded = [](Request request) {
    request.question.processes = request.question.process_limit = 5;
    return request;
  };
  CHECK(does(state, crowded(request(1, "192.0.2.1", at(0s)))) == "Queue 1");
  CHECK(state.next_look() == at(100ms));
  CHECK(does(state, crowded(request(2, "192.0.2.2", at(90ms)))) == "Queue 2");
  CHECK(state.next_look() == at(100ms));
  CHECK(does(state, request(3, "192.0.2.3", at(95ms))) == "Queue 3");  // there would be room, and it is 1's
  CHECK(state.next_look() == at(100ms));
  CHECK(does(state, Look{at(100ms)}) == "Call 1");
  CHECK(does(state, crowded(again(request(1, "192.0.2.1"), 100ms))) == "Queue 1");
  CHECK(state.next_look() == at(200ms));
}

TEST_CASE("one that is called and whose time is over before it comes back makes room for the next") {
  State state = listening(with([](auto& s) { s.instances = Limit{1}, s.queue = config::QueueLimit{8, 30}; }));
  (void)state.handle(request(1, "192.0.2.1", at(0s)));
  (void)state.handle(request(2, "192.0.2.2", at(0s)));
  (void)state.handle(request(3, "192.0.2.3", at(5s)));
  CHECK(does(state, Exited{1}) == "Call 2");
  CHECK(does(state, Look{at(30s)}) == "Refuse 2 queue_timeout, Call 3");
  CHECK(does(state, Withdrawn{2}) == "");
  CHECK(does(state, again(request(3, "192.0.2.3"), 30s)) == "Spawn 3");
}

TEST_CASE("who is asked for its name has paid, and keeps its turn") {
  State state = listening(with([](auto& s) {
    s.rate = config::TokenRate{1, 1, 1};
    s.queue = config::QueueLimit{8, 30};
    s.only_from = pattern(".example.com");
  }));
  const auto named = [](Request request, const char* name) {
    request.question.name = base::PeerName{base::PeerName::State::known, {name}, {}};
    return request;
  };
  CHECK(does(state, request(1, "192.0.2.1", at(0s))) == "AskName 1");
  CHECK(does(state, request(2, "192.0.2.2", at(0s))) == "Queue 2");
  CHECK(does(state, request(3, "192.0.2.3", at(0s))) == "Queue 3");
  CHECK(does(state, named(again(request(1, "192.0.2.1"), 500ms), "a.example.com")) == "Spawn 1");
  CHECK(does(state, Look{at(1s)}) == "Call 2");
  CHECK(does(state, again(request(2, "192.0.2.2"), 1s)) == "AskName 2, Call 3");
  CHECK(does(state, again(request(3, "192.0.2.3"), 1s)) == "Queue 3");
  // One whose name does not do leaves its token.
  CHECK(does(state, named(again(request(2, "192.0.2.2"), 1100ms), "elsewhere.org")) == "Refuse 2 address, Call 3");
  CHECK(does(state, again(request(3, "192.0.2.3"), 1100ms)) == "AskName 3");
}

TEST_CASE("a reload that counts sources otherwise sorts those who wait anew, and they keep their time") {
  const auto grouped = [](std::uint8_t length) {
    return policy_of(with([&](auto& s) {
      s.instances = Limit{2};
      s.per_source = Limit{1};
      s.queue = config::QueueLimit{8, 30};
      s.source_prefix = config::SourcePrefix{length, 64};
    }));
  };
  State state(grouped(32));
  (void)state.handle(Opened{});
  (void)state.handle(request(1, "192.0.2.1", at(0s)));
  (void)state.handle(request(2, "198.51.100.1", at(0s)));
  (void)state.handle(request(3, "192.0.2.3", at(1s)));
  (void)state.handle(request(4, "203.0.113.4", at(2s)));
  std::vector<std::pair<Token, base::Address>> peers{{3, *base::Address::parse("192.0.2.3")}, {4, *base::Address::parse("203.0.113.4")}};
  CHECK(does(state, Reconfigured{grouped(24), true, at(3s), peers}) == "");
  CHECK(state.queue().line().count_from(*base::Address::parse("192.0.2.0")) == 1);
  CHECK(does(state, Exited{2}) == "Call 3");
  CHECK(state.next_look() == at(31s));
}

TEST_CASE("with a banner, too, nobody takes a place that belongs to one who waits") {
  State state = listening(with([](auto& s) { s.instances = Limit{1}, s.queue = config::QueueLimit{8, 30}; }));
  (void)state.handle(request(1, "192.0.2.1"));
  (void)state.handle(request(2, "192.0.2.2"));
  CHECK(does(state, Exited{1}) == "Call 2");
  CHECK(does(state, Greeted{3, *base::Address::parse("192.0.2.3")}) == "");
  CHECK(state.places().find(3) == nullptr);
  CHECK(does(state, request(3, "192.0.2.3")) == "Queue 3");
  CHECK(does(state, again(request(2, "192.0.2.2"), 1s)) == "Spawn 2");
}

TEST_CASE("limits that a reload makes wider take effect at once") {
  const auto rated = [](config::TokenRate rate) {
    return policy_of(with([&](auto& s) {
      s.rate = rate;
      s.per_source_rate = config::SourceRate{rate.count, rate.period, rate.burst};
      s.penalty = {{Penalty::Cause::exit, Penalty::any_failure, 3600}};
      s.penalty_range = config::PenaltyRange{1, rate.period};
    }));
  };
  State state(rated({1, 86'400, 1}));
  (void)state.handle(Opened{});
  CHECK(does(state, request(1, "192.0.2.1", at(0s))) == "Spawn 1");
  CHECK(does(state, request(2, "192.0.2.2", at(1s))) == "Refuse 2 rate");
  (void)state.handle(Misbehaved{*base::Address::parse("192.0.2.9"), {Penalty::Cause::exit, 1}, at(1s)});
  CHECK(does(state, Reconfigured{rated({10, 1, 10}), false, at(2s)}) == "");
  CHECK(does(state, request(3, "192.0.2.1", at(2100ms))) == "Spawn 3");
  CHECK(does(state, request(4, "192.0.2.9", at(2900ms))) == "Refuse 4 penalty");
  CHECK(does(state, request(5, "192.0.2.9", at(3s))) == "Spawn 5");
}

TEST_CASE("nobody overtakes those who wait") {
  State state = listening(with([](auto& s) { s.instances = Limit{2}, s.per_source = Limit{1}, s.queue = config::QueueLimit{8, 30}; }));
  (void)state.handle(request(1, "192.0.2.1"));
  (void)state.handle(request(2, "192.0.2.2"));
  CHECK(does(state, request(3, "192.0.2.3")) == "Queue 3");
  CHECK(does(state, Exited{1}) == "Call 3");
  CHECK(does(state, request(4, "192.0.2.4")) == "Queue 4");  // there is a place, and it is 3's
  CHECK(does(state, again(request(3, "192.0.2.3"), 1s)) == "Spawn 3");
  // Those of a source that has all that it may have hold up nobody else.
  State other = listening(with([](auto& s) { s.instances = Limit{2}, s.per_source = Limit{1}, s.queue = config::QueueLimit{8, 30}; }));
  (void)other.handle(request(1, "192.0.2.1"));
  CHECK(does(other, request(2, "192.0.2.1")) == "Queue 2");
  CHECK(does(other, request(3, "192.0.2.3")) == "Spawn 3");
}

TEST_CASE("an exempt peer waits for instances only, whatever others of its network have") {
  State state = listening(with([](auto& s) {
    s.instances = Limit{2};
    s.per_source = Limit{1};
    s.source_prefix = config::SourcePrefix{24, 64};
    s.limit_exempt = pattern("192.0.2.9");
    s.queue = config::QueueLimit{8, 30};
  }));
  CHECK(does(state, request(1, "192.0.2.9")) == "Spawn 1");
  CHECK(does(state, request(2, "192.0.2.1")) == "Spawn 2");  // 1 is not counted for it
  CHECK(does(state, request(3, "192.0.2.1")) == "Queue 3");
  CHECK(does(state, request(4, "192.0.2.9")) == "Queue 4");
  CHECK(does(state, Exited{1}) == "Call 4");
  CHECK(does(state, again(request(4, "192.0.2.9"), 1s)) == "Spawn 4");
  CHECK(state.places().count_from(*base::Address::parse("192.0.2.0")) == 1);
}

TEST_CASE("one that is exempt waits neither for tokens nor behind those who do") {
  State state = listening(with([](auto& s) {
    s.rate = config::TokenRate{1, 60, 1};
    s.instances = Limit{2};
    s.limit_exempt = pattern("192.0.2.9");
    s.queue = config::QueueLimit{8, 30};
  }));
  CHECK(does(state, request(1, "192.0.2.1", at(0s))) == "Spawn 1");
  CHECK(does(state, request(2, "192.0.2.2", at(1s))) == "Queue 2");
  CHECK(does(state, request(3, "192.0.2.9", at(2s))) == "Spawn 3");
  CHECK(does(state, request(4, "192.0.2.9", at(3s))) == "Queue 4");  // for a place, before all others
  CHECK(does(state, request(5, "192.0.2.9", at(3s))) == "Queue 5");
  CHECK(does(state, Exited{3}) == "Call 4");
  CHECK(does(state, again(request(4, "192.0.2.9"), 4s)) == "Spawn 4");
  CHECK(does(state, Exited{4}) == "Call 5");
  CHECK(does(state, again(request(5, "192.0.2.9"), 5s)) == "Spawn 5");
  CHECK(does(state, Exited{5}) == "Call 2");
  CHECK(does(state, again(request(2, "192.0.2.2"), 6s)) == "Queue 2");
  CHECK(state.next_look() == at(31s));
}

TEST_CASE("one that a reload makes exempt does not wait for its other sessions") {
  const auto limited = [](bool exempt) {
    return policy_of(with([&](auto& s) {
      s.per_source = Limit{1};
      s.queue = config::QueueLimit{8, 30};
      if (exempt) s.limit_exempt = pattern("192.0.2.9");
    }));
  };
  State state(limited(false));
  (void)state.handle(Opened{});
  CHECK(does(state, request(1, "192.0.2.9", at(0s))) == "Spawn 1");
  CHECK(does(state, request(2, "192.0.2.9", at(0s))) == "Queue 2");
  CHECK(does(state, Reconfigured{limited(true), true, at(1s), {{2, *base::Address::parse("192.0.2.9")}}}) == "Call 2");
  CHECK(does(state, again(request(2, "192.0.2.9"), 1s)) == "Spawn 2");
}

TEST_CASE("rate admits a burst, then as many as come back, and does not close the port") {
  State state = listening(with([](auto& s) { s.rate = config::TokenRate{10, 1, 2}; }));
  CHECK(does(state, request(1, "192.0.2.1", at(0s))) == "Spawn 1");
  CHECK(does(state, request(2, "192.0.2.2", at(0s))) == "Spawn 2");
  CHECK(does(state, request(3, "192.0.2.3", at(0s))) == "Refuse 3 rate");
  CHECK(does(state, request(4, "192.0.2.3", at(99ms))) == "Refuse 4 rate");
  CHECK(does(state, request(5, "192.0.2.3", at(100ms))) == "Spawn 5");
  CHECK(does(state, request(6, "192.0.2.3", at(100ms))) == "Refuse 6 rate");
  CHECK(does(state, request(7, "192.0.2.3", at(10s))) == "Spawn 7");
  CHECK(does(state, request(8, "192.0.2.3", at(10s))) == "Spawn 8");
  CHECK(does(state, request(9, "192.0.2.3", at(10s))) == "Refuse 9 rate");
  CHECK(state.phase() == Phase::listening);
}

TEST_CASE("over the rate a request waits for its token") {
  State state = listening(with([](auto& s) { s.rate = config::TokenRate{10, 1, 1}, s.queue = config::QueueLimit{8, 30}; }));
  (void)state.handle(request(1, "192.0.2.1", at(0s)));
  CHECK(does(state, request(2, "192.0.2.2", at(0s))) == "Queue 2");
  CHECK(state.next_look() == at(100ms));
  CHECK(does(state, Look{at(100ms)}) == "Call 2");
  CHECK(does(state, again(request(2, "192.0.2.2"), 100ms)) == "Spawn 2");
}

TEST_CASE("per_source_rate as a bucket counts what was admitted, by source") {
  State state = listening(with([](auto& s) {
    s.per_source_rate = config::SourceRate{1, 60, 2};
    s.source_prefix = config::SourcePrefix{24, 64};
    s.limit_exempt = pattern("198.51.100.1");
  }));
  CHECK(does(state, request(1, "192.0.2.1", at(0s))) == "Spawn 1");
  CHECK(does(state, request(2, "192.0.2.2", at(0s))) == "Spawn 2");
  CHECK(does(state, request(3, "192.0.2.3", at(0s))) == "Refuse 3 per_source_rate");
  CHECK(does(state, request(4, "192.0.3.1", at(0s))) == "Spawn 4");
  CHECK(does(state, request(5, "2001:db8::1", at(0s))) == "Spawn 5");
  CHECK(does(state, request(6, "2001:db8::ffff:1", at(0s))) == "Spawn 6");
  CHECK(does(state, request(7, "2001:db8:0:0:1::1", at(0s))) == "Refuse 7 per_source_rate");
  CHECK(does(state, request(8, "2001:db8:0:1::1", at(0s))) == "Spawn 8");
  for (Token token = 10; token < 20; ++token) CHECK(does(state, request(token, "198.51.100.1", at(0s))) == "Spawn " + std::to_string(token));
  CHECK(does(state, request(30, "192.0.2.3", at(60s))) == "Spawn 30");
}

TEST_CASE("with a rate the built-in cps does not apply, and a written one does") {
  State built_in = listening(with([](auto& s) { s.cps.reset(), s.rate = config::TokenRate{1000, 1, 1000}; }));
  for (Token token = 1; token <= 200; ++token) REQUIRE(does(built_in, request(token, "192.0.2.1", at(0s))).starts_with("Spawn"));
  State written = listening(with([](auto& s) { s.cps = config::Rate{2, 10}, s.rate = config::TokenRate{1000, 1, 1000}; }));
  (void)written.handle(request(1));
  (void)written.handle(request(2));
  CHECK(does(written, request(3)) == "Refuse 3 connections per second, CloseSocket, ArmPause 10");
}

TEST_CASE("penalties add up, count from the least time of their range on, and pass by themselves") {
  State state = listening(with([](auto& s) {
    s.penalty = {{Penalty::Cause::exit, Penalty::any_failure, 10}, {Penalty::Cause::exit, 7, 20}, {Penalty::Cause::signal, -1, 40}};
    s.penalty_range = config::PenaltyRange{15, 60};
  }));
  const auto peer = *base::Address::parse("192.0.2.1");
  const auto misdeed = [&](Penalty::Cause cause, int status, std::chrono::seconds when) { (void)state.handle(Misbehaved{peer, {cause, status}, at(when)}); };
  misdeed(Penalty::Cause::exit, 0, 0s);
  misdeed(Penalty::Cause::exit, 1, 0s);
  CHECK(does(state, request(1, "192.0.2.1", at(1s))) == "Spawn 1");
  misdeed(Penalty::Cause::exit, 1, 1s);
  CHECK(does(state, request(2, "192.0.2.1", at(2s))) == "Refuse 2 penalty");
  CHECK(does(state, request(3, "::ffff:192.0.2.1", at(19s))) == "Refuse 3 penalty");
  CHECK(does(state, request(4, "192.0.2.2", at(2s))) == "Spawn 4");
  CHECK(does(state, request(5, "192.0.2.1", at(20s))) == "Spawn 5");
  for (int i = 0; i < 10; ++i) misdeed(Penalty::Cause::signal, 9, 30s);
  CHECK(state.arrivals().penalties().end_of(peer, at(30s)) == at(90s));
  misdeed(Penalty::Cause::exit, 7, 90s);
  CHECK(does(state, request(6, "192.0.2.1", at(91s))) == "Refuse 6 penalty");
}

namespace {

/// The same rules, written down plainly: lists that are searched from the beginning.
class Model {
 public:
  struct Waiting {
    Token token;
    base::Address source;
    base::Moment since;
  };
  std::uint64_t instances = 4, per_source = 2, number = 12;
  std::chrono::seconds patience{5};
  bool has_rate = true;
  config::TokenRate rate{20, 1, 3};
  std::uint64_t most = 0, others = 0;  // -limit, and what other services have
  long double tokens = 3;
  base::Moment filled = at(0s);
  std::map<Token, base::Address> running;
  std::vector<Waiting> waiting;        // as they came
  std::vector<base::Address> turns;    // the next one first
  std::map<base::Address, std::pair<base::Moment, bool>> penalties;
  std::optional<Token> called;

  void fill(base::Moment now) {
    const auto passed = std::chrono::duration<long double>(now - filled).count();
    tokens = std::min<long double>(rate.burst, tokens + passed * rate.count / rate.period);
    filled = now;
  }
  [[nodiscard]] std::uint64_t from(const base::Address& source) const {
    return static_cast<std::uint64_t>(std::count_if(running.begin(), running.end(), [&](const auto& one) { return one.second == source; }));
  }
  [[nodiscard]] std::string objection(const base::Address& source, base::Moment now) {
    fill(now);
    const auto penalty = penalties.find(source);
    if (penalty != penalties.end() && penalty->second.second && penalty->second.first > now) return "penalty";
    if (has_rate && tokens < 1 - 1e-6L) return "rate";
    if (running.size() >= instances) return "service_limit";
    if (from(source) >= per_source) return "per_source_limit";
    if (most > 0 && others + running.size() >= most) return "process_limit";
    return {};
  }
  void punish(const base::Address& source, std::uint32_t seconds, base::Moment now) {
    auto& [end, active] = penalties[source];
    if (end <= now) end = now, active = false;
    end = std::min(end + std::chrono::seconds(seconds), now + 60s);
    active = active || end - now >= 15s;
  }
  void leave(Token token) {
    const auto found = std::find_if(waiting.begin(), waiting.end(), [&](const auto& one) { return one.token == token; });
    if (found == waiting.end()) return;
    const base::Address source = found->source;
    waiting.erase(found);
    if (std::none_of(waiting.begin(), waiting.end(), [&](const auto& one) { return one.source == source; })) std::erase(turns, source);
    if (called == token) called.reset();
  }
  void serve(Token token, const base::Address& source) {
    tokens -= 1;
    running[token] = source;
    const bool waited = std::any_of(waiting.begin(), waiting.end(), [&](const auto& one) { return one.token == token; });
    leave(token);
    if (waited && std::erase(turns, source) > 0) turns.push_back(source);
  }
  [[nodiscard]] std::optional<Token> next() const {
    if (running.size() >= instances) return {};
    for (const base::Address& source : turns) {
      if (from(source) >= per_source) continue;
      return std::find_if(waiting.begin(), waiting.end(), [&](const auto& one) { return one.source == source; })->token;
    }
    return {};
  }
  /// What is done when somebody may have his turn.
  std::string call() {
    if (called) return {};
    called = next();
    return called ? "Call " + std::to_string(*called) : "";
  }
  std::string arrive(Token token, const base::Address& source, base::Moment now) {
    if (called == token) called.reset();
    const bool waits = std::any_of(waiting.begin(), waiting.end(), [&](const auto& one) { return one.token == token; });
    std::string why = objection(source, now);
    if (why.empty() && !waits && (called || next())) why = "service_limit";  // nobody overtakes
    if (why.empty()) {
      serve(token, source);
      const std::string next = waits ? call() : "";
      return "Spawn " + std::to_string(token) + (next.empty() ? "" : ", " + next);
    }
    if (why != "penalty" && waits) return "Queue " + std::to_string(token);
    const auto own = std::count_if(waiting.begin(), waiting.end(), [&](const auto& one) { return one.source == source; });
    if (why != "penalty" && waiting.size() < number && static_cast<std::uint64_t>(own) < std::max<std::uint64_t>(number / 4, 1)) {
      waiting.push_back({token, source, now});
      if (own == 0) turns.push_back(source);
      return "Queue " + std::to_string(token);
    }
    leave(token);
    const std::string next = call();
    return "Refuse " + std::to_string(token) + " " + (why == "penalty" ? why : "queue_full") + (next.empty() ? "" : ", " + next);
  }
};

/// Both, with the same events.
class Beside {
 public:
  explicit Beside(std::uint32_t seed, bool has_rate, std::uint64_t most) : random_(seed), model_(model(has_rate, most)), policy_(policy_of(service())), state_(policy_) {
    (void)state_.handle(Opened{});
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      now_ += std::chrono::milliseconds(dice(60));
      advance();
      REQUIRE(state_.running() == model_.running.size());
      REQUIRE(state_.queue().line().size() == model_.waiting.size());
      REQUIRE(accepted_ == served_ + refused_ + withdrawn_ + model_.waiting.size());
      somebody_moves();
    }
  }
  std::size_t queued = 0, timed_out = 0, punished = 0, upgrades = 0;

 private:
  static Model model(bool has_rate, std::uint64_t most) {
    Model model;
    model.has_rate = has_rate;
    model.most = most;
    return model;
  }
  /// Whoever could have a place has been called, or is looked at without any further event.
  void somebody_moves() const {
    if (model_.called || !model_.next()) return;
    const auto look = state_.next_look();
    REQUIRE(look);
    const auto token = state_.arrivals().token_at(policy_->service());
    REQUIRE(*look <= std::max(at(now_) + QueueTurns::others_pause, token.value_or(base::Moment{})));
  }
  [[nodiscard]] Request asks(Token token) const {
    Request one = request(token, peers_.at(token), at(now_));
    one.question.processes = model_.others + model_.running.size();
    one.question.process_limit = model_.most;
    return one;
  }
  [[nodiscard]] config::Service service() const {
    return with([&](config::Settings& s) {
      s.instances = Limit{model_.instances};
      s.per_source = Limit{model_.per_source};
      if (model_.has_rate) s.rate = model_.rate;
      s.queue = config::QueueLimit{static_cast<std::uint32_t>(model_.number), static_cast<std::uint32_t>(model_.patience.count())};
      s.penalty = {{Penalty::Cause::exit, Penalty::any_failure, 10}, {Penalty::Cause::signal, -1, 30}};
      s.penalty_range = config::PenaltyRange{15, 60};
      s.source_prefix = config::SourcePrefix{24, 64};
    });
  }
  std::uint32_t dice(std::uint32_t sides) { return random_() % sides; }

  void expect(const std::string& got, const std::string& wanted) {
    INFO("at " << now_.count() << " ms");
    REQUIRE(got == wanted);
    if (got.starts_with("Spawn")) ++served_;
    if (got.starts_with("Refuse")) ++refused_;
    if (got.starts_with("Queue")) ++queued;
    if (got.find("queue_timeout") != got.npos) ++timed_out;
    if (got.find("penalty") != got.npos) ++punished;
  }

  void advance() {
    switch (dice(14)) {
      case 0: case 1: case 2: case 3: return arrive();
      case 4: case 5: return end();
      case 6: return dice(4) == 0 ? leave() : void();
      case 7: return model_.most > 0 ? void(model_.others = dice(static_cast<std::uint32_t>(model_.most))) : void();
      case 8: case 9: return look();
      case 10: return dice(20) == 0 ? reload() : void();
      case 11: return dice(20) == 0 ? upgrade() : void();
      default: return model_.called ? answer() : void();
    }
  }
  void arrive() {
    const std::uint32_t host = dice(12);
    const std::string peer = host < 9 ? "192.0." + std::to_string(host / 2) + "." + std::to_string(dice(200) + 1) : "2001:db8:0:" + std::to_string(host) + "::" + std::to_string(dice(9) + 1);
    const Token token = ++last_;
    peers_[token] = peer;
    ++accepted_;
    const auto source = policy_->counted(*base::Address::parse(peer)).address;
    const std::string got = does(state_, asks(token));  // before the model changes, of which it asks
    expect(got, model_.arrive(token, source, at(now_)));
  }
  void answer() {
    const Token token = *model_.called;
    const auto source = policy_->counted(*base::Address::parse(peers_.at(token))).address;
    const Request r = again(asks(token), now_);
    const bool waited = state_.queue().line().contains(token);
    REQUIRE(waited);
    const std::string got = does(state_, r);
    expect(got, model_.arrive(token, source, at(now_)));
  }
  void end() {
    if (model_.running.empty()) return;
    const auto one = std::next(model_.running.begin(), dice(static_cast<std::uint32_t>(model_.running.size())));
    const Token token = one->first;
    const base::Address source = one->second;
    const std::uint32_t how = dice(60);
    if (how > 57) {
      const Penalty::Cause cause = how == 58 ? Penalty::Cause::exit : Penalty::Cause::signal;
      (void)state_.handle(Misbehaved{*base::Address::parse(peers_.at(token)), {cause, 1}, at(now_)});
      model_.punish(source, how == 58 ? 10 : 30, at(now_));
    }
    model_.running.erase(token);
    expect(does(state_, Exited{token}), model_.call());
  }
  void leave() {
    if (model_.waiting.empty()) return;
    const Token token = model_.waiting[dice(static_cast<std::uint32_t>(model_.waiting.size()))].token;
    ++withdrawn_;
    model_.leave(token);
    expect(does(state_, Withdrawn{token}), model_.call());
  }
  void look() {
    const auto next = state_.next_look();
    REQUIRE(next.has_value() == !model_.waiting.empty());
    if (!next || *next > at(now_)) return;
    expect(does(state_, Look{at(now_)}), looked());
  }
  void reload() {
    model_.instances = 2 + dice(5);
    model_.per_source = 1 + dice(3);
    policy_ = policy_of(service());
    std::vector<std::pair<Token, base::Address>> peers;
    for (const auto& one : model_.waiting) peers.emplace_back(one.token, *base::Address::parse(peers_.at(one.token)));
    expect(does(state_, Reconfigured{policy_, dice(2) == 0, at(now_), std::move(peers)}), model_.call());
  }
  /// Nobody has been called in the next image.
  void upgrade() {
    const StateSnapshot snapshot = state_.snapshot();
    State next(policy_);
    next.restore(snapshot);
    REQUIRE(next.snapshot() == snapshot);
    state_ = std::move(next);
    model_.called.reset();
    ++upgrades;
    expect(does(state_, Look{at(now_)}), looked());
  }
  std::string looked() {
    if (!model_.waiting.empty() && model_.waiting.front().since + model_.patience <= at(now_)) {
      const Token token = model_.waiting.front().token;
      model_.leave(token);
      const std::string next = model_.call();
      return "Refuse " + std::to_string(token) + " queue_timeout" + (next.empty() ? "" : ", " + next);
    }
    return model_.call();
  }

  std::mt19937 random_;
  Model model_;
  std::shared_ptr<const policy::Policy> policy_;
  State state_;
  std::chrono::milliseconds now_{0};
  Token last_ = 0;
  std::map<Token, std::string> peers_;
  std::size_t accepted_ = 0, served_ = 0, refused_ = 0, withdrawn_ = 0;
};

}  // namespace

TEST_CASE("200,000 random events do what a plain model of bucket, queue and penalties says, and every request is accounted for") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    Beside both(seed, seed % 2 == 1, seed > 2 ? 6 : 0);
    both.run(50'000);
    CHECK(both.queued > 1000);
    CHECK(both.timed_out > 20);
    CHECK(both.punished > 100);
    CHECK(both.upgrades > 50);
  }
}
