// SPDX-License-Identifier: MIT
// For what a State has a peer banned.
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using config::BanCause;
using config::Penalty;

namespace {

config::Service banning(const std::function<void(config::Settings&)>& change = [](config::Settings&) {}) {
  config::Service service = stream_service();
  service.settings.ban_on = {{.kind = BanCause::Kind::refused, .count = 2, .window = 60}, {.kind = BanCause::Kind::exit, .status = 77}};
  change(service.settings);
  return service;
}

Misbehaved misdeed(const char* peer, Penalty::Cause cause, int status, std::chrono::seconds when = 0s,
                   policy::Misdeed::By by = policy::Misdeed::By::other) {
  return {*base::Address::parse(peer), {cause, status, by}, at(when)};
}

}  // namespace

TEST_CASE("who does what ban_on names is banned, by each element for itself") {
  State state = listening(banning());
  CHECK(does(state, misdeed("192.0.2.1", Penalty::Cause::exit, 1)) == "");
  CHECK(does(state, misdeed("192.0.2.1", Penalty::Cause::exit, 77)) == "Ban 192.0.2.1");
  CHECK(does(state, misdeed("192.0.2.2", Penalty::Cause::refused, 0)) == "");
  CHECK(does(state, misdeed("192.0.2.2", Penalty::Cause::refused, 0, 1s, policy::Misdeed::By::ban)) == "");
  CHECK(does(state, misdeed("192.0.2.2", Penalty::Cause::refused, 0, 59s)) == "Ban 192.0.2.2");
}

TEST_CASE("who is exempt is not banned: ban_exempt counts, and without it limit_exempt") {
  State limits = listening(banning([](auto& s) { s.limit_exempt = pattern("192.0.2.0/24"); }));
  CHECK(does(limits, misdeed("192.0.2.1", Penalty::Cause::exit, 77)) == "");
  CHECK(does(limits, misdeed("198.51.100.1", Penalty::Cause::exit, 77)) == "Ban 198.51.100.1");
  State bans = listening(banning([](auto& s) { s.limit_exempt = pattern("192.0.2.0/24"), s.ban_exempt = pattern("198.51.100.0/24"); }));
  CHECK(does(bans, misdeed("192.0.2.1", Penalty::Cause::exit, 77)) == "Ban 192.0.2.1");
  CHECK(does(bans, misdeed("::ffff:198.51.100.1", Penalty::Cause::exit, 77)) == "");
}

TEST_CASE("a proxy is not banned, whose clients would all be kept out with it") {
  State state = listening(banning([](auto& s) { s.proxy_from = pattern("192.0.2.0/24"), s.ban_exempt = pattern("198.51.100.0/24"); }));
  CHECK(does(state, misdeed("192.0.2.1", Penalty::Cause::exit, 77)) == "");
  CHECK(does(state, misdeed("203.0.113.1", Penalty::Cause::exit, 77)) == "Ban 203.0.113.1");
}

TEST_CASE("who has only been told to have a proxy's address is banned as anybody else, unless ban_exempt has it") {
  State state = listening(banning([](auto& s) { s.proxy_from = pattern("192.0.2.0/24"), s.ban_exempt = pattern("198.51.100.0/24"); }));
  Misbehaved through_proxy = misdeed("192.0.2.7", Penalty::Cause::exit, 77);
  through_proxy.proxied = true;
  CHECK(does(state, through_proxy) == "Ban 192.0.2.7");
  through_proxy.peer = *base::Address::parse("198.51.100.7");
  CHECK(does(state, through_proxy) == "");
}

TEST_CASE("penalties that reach their time are a cause, and a source is what source_prefix says") {
  State state = listening(banning([](auto& s) {
    s.source_prefix = config::SourcePrefix{24, 64};
    s.ban_on = {{.kind = BanCause::Kind::penalty, .window = 60}};
    s.penalty = {{Penalty::Cause::exit, Penalty::any_failure, 30}};
  }));
  CHECK(does(state, misdeed("192.0.2.1", Penalty::Cause::exit, 1)) == "");
  CHECK(does(state, misdeed("192.0.2.2", Penalty::Cause::exit, 1)) == "Ban 192.0.2.2");
}

TEST_CASE("what has been counted for bans goes on in another image") {
  State before = listening(banning());
  (void)does(before, misdeed("192.0.2.1", Penalty::Cause::refused, 0));
  State after(std::make_shared<policy::Policy>(std::make_shared<config::Service>(banning())));
  after.restore(before.snapshot());
  CHECK(does(after, misdeed("192.0.2.1", Penalty::Cause::refused, 0, 1s)) == "Ban 192.0.2.1");
}
