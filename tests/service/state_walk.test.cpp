// SPDX-License-Identifier: MIT
// A long random life of a service: whatever happens in whatever order, the invariants hold.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

constexpr std::uint64_t most_instances = 6;
constexpr std::uint64_t most_per_source = 3;

/// Does what the State says as a Runner would, and remembers enough to choose the next event.
class Walk {
 public:
  Walk(std::uint32_t seed, bool wait)
      : random_(seed), wait_(wait), policy_(policy_of(service(most_instances))), state_(policy_) {}

  void run(int steps) {
    feed(Opened{});
    for (int step = 0; step < steps; ++step) {
      advance();
      check();
    }
    feed(Retire{});
    for (int step = 0; step < steps / 10; ++step) {
      advance();
      check();
    }
    while (!asked_.empty()) feed(Withdrawn{take(asked_)});
    while (!starting_.empty()) feed(StartFailed{take(starting_), false});
    while (!retrying_.empty()) feed(RetryDue{take(retrying_)});
    while (!running_.empty()) feed(Exited{take(running_)});
    CHECK(state_.running() == 0);
    CHECK(spawned_ > 100);
    CHECK(pauses_ > 0);
    CHECK(upgrades_ > 100);
  }

 private:
  [[nodiscard]] config::Service service(std::uint64_t instances) const {
    config::Service s = wait_ ? waiting_service(config::SocketType::dgram) : stream_service();
    s.settings.instances = config::Limit{instances};
    s.settings.per_source = config::Limit{most_per_source};
    s.settings.cps = config::Rate{wait_ ? 1u : 4u, 2};
    s.settings.no_access = pattern(".example.org");
    s.settings.only_from = pattern("192.0.2.1");
    for (const char* address : {"192.0.2.2", "192.0.2.3", "2001:db8::1"})
      s.settings.only_from->push_back(pattern(address).front());
    return s;
  }

  std::uint32_t dice(std::uint32_t sides) { return random_() % sides; }

  Token take(std::vector<Token>& from) {
    const std::size_t index = dice(static_cast<std::uint32_t>(from.size()));
    std::swap(from[index], from.back());
    const Token token = from.back();
    from.pop_back();
    return token;
  }

  Request next_request(Token token) {
    static constexpr const char* peers[]{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2",
                                         "192.0.2.3", "2001:db8::1",      "192.0.2.66"};
    Request r = request(token, peers[dice(6)], at(now_));
    r.question.processes = dice(20);
    r.question.process_limit = 19;
    return r;
  }

  void advance() {
    now_ += std::chrono::milliseconds(dice(400));
    switch (dice(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return arrive();
      case 4:
        return asked_.empty() ? void() : answer();
      case 5:
      case 6:
        return starting_.empty() ? void() : start();
      case 7:
        return retrying_.empty() ? void() : feed(RetryDue{take(retrying_)});
      case 8:
      case 9:
        return running_.empty() ? void() : feed(Exited{take(running_)});
      case 10:
        return pending_due_ ? (pending_due_ = false, feed(Due{})) : void();
      default:
        return rarely();
    }
  }

  /// Connections of a batch, or held up by a banner, come even when the socket is closed; a wait = yes
  /// service is only asked while it is watched.
  void arrive() {
    if (wait_ && !watched_) return;
    const Request request = next_request(++last_token_);
    peers_[last_token_] = request.question.peer;
    feed(request);
  }

  void answer() {
    const Token token = take(asked_);
    Request request = next_request(token);
    request.question.peer = peers_.at(token);
    feed(named(request, dice(3) == 0 ? std::vector<std::string>{"a.example.org"}
                                                 : std::vector<std::string>{"a.example.com"}));
  }

  void start() {
    const Token token = take(starting_);
    const auto what = dice(6);
    if (what == 0) return feed(StartFailed{token, true});
    if (what == 1) return feed(Withdrawn{token});
    if (what == 2) {
      failing_ = token;
      return feed(StartFailed{token, false});
    }
    running_.push_back(token);
    feed(Started{token});
  }

  void rarely() {
    if (dice(20) == 0) feed(Reconfigured{policy_ = policy_of(service(most_instances - dice(3)))});
    if (dice(4) == 0) upgrade();
    if (state_.phase() == Phase::closed) feed(Opened{});
  }

  /// Another State goes on from here, and nobody notices.
  void upgrade() {
    State next(policy_);
    next.restore(state_.snapshot());
    CHECK(next.snapshot() == state_.snapshot());
    state_ = std::move(next);
    ++upgrades_;
  }

  void feed(const Event& event) {
    for (const Action& action : state_.handle(event))
      std::visit([this](const auto& a) { perform(a); }, action);
  }

  void perform(const Listen&) {
    CHECK(state_.phase() == Phase::listening);
    watched_ = true;
  }
  void perform(const Suspend&) { watched_ = false; }
  void perform(const CloseSocket&) {
    CHECK((state_.phase() == Phase::paused || state_.phase() == Phase::retiring));
    watched_ = false;
  }
  void perform(const OpenSocket&) {
    CHECK(state_.phase() == Phase::paused);
    dice(3) == 0 ? feed(Closed{}) : feed(Opened{});
  }
  void perform(const Spawn& a) {
    CHECK(state_.phase() != Phase::retiring);
    CHECK((!wait_ || (starting_.empty() && running_.empty() && !watched_)));
    starting_.push_back(a.token);
    ++spawned_;
  }
  void perform(const Refuse&) {}
  void perform(const AskName& a) { asked_.push_back(a.token); }
  void perform(const Queue&) { FAIL("nothing waits without a queue"); }
  void perform(const Ban&) { FAIL("nobody is banned without ban_on"); }
  void perform(const Call&) { FAIL("nothing waits without a queue"); }
  void perform(const ArmPause&) {
    pending_due_ = true;
    ++pauses_;
  }
  void perform(const ArmRetry& a) {
    CHECK(a.token == failing_);
    retrying_.push_back(a.token);
  }

  void check() {
    REQUIRE(state_.places().consistent());
    REQUIRE(state_.running() <= (wait_ ? 1 : most_instances));
    // Who waits for a name has a place, but for the one request of a wait = yes service.
    const std::size_t waiting = wait_ ? 0 : asked_.size();
    REQUIRE(state_.running() == waiting + starting_.size() + running_.size() + retrying_.size());
    REQUIRE(state_.places().retrying() == retrying_.size());
    std::size_t sum = 0;
    for (const char* peer : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.66", "2001:db8::1"}) {
      const std::size_t from_here = state_.places().count_from(*base::Address::parse(peer));
      REQUIRE(from_here <= most_per_source);
      sum += from_here;
    }
    REQUIRE(sum == state_.running());
    REQUIRE(watched_ == (state_.phase() == Phase::listening));
  }

  std::mt19937 random_;
  bool wait_;
  std::shared_ptr<const policy::Policy> policy_;
  State state_;
  std::vector<Token> asked_, starting_, running_, retrying_;
  std::map<Token, base::Endpoint> peers_;
  Token last_token_ = 0;
  Token failing_ = 0;
  std::chrono::milliseconds now_{0};
  bool watched_ = false;
  bool pending_due_ = false;
  int spawned_ = 0;
  int pauses_ = 0;
  int upgrades_ = 0;
};

}  // namespace

TEST_CASE("whatever happens to a service, its counts stay right and its limits hold") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    Walk(seed, false).run(10000);
  }
}

TEST_CASE("whatever happens to a wait = yes service, it never has two servers nor listens beside one") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    Walk(seed, true).run(10000);
  }
}
