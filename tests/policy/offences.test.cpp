// SPDX-License-Identifier: MIT
#include "xsuperd/policy/offences.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd;
using namespace std::chrono_literals;
using config::BanCause;
using config::Penalty;
using policy::Misdeed;
using policy::Offences;

namespace {

const base::Moment start = base::Moment{} + 1h;
const base::Address peer = *base::Address::parse("192.0.2.1");
const base::Address other = *base::Address::parse("192.0.2.2");

config::Settings banning(std::vector<BanCause> causes) {
  config::Settings settings;
  settings.ban_on = std::move(causes);
  return settings;
}

bool bans(Offences& offences, const config::Settings& settings, const Misdeed& misdeed, base::Moment now, const base::Address& source = peer) {
  return offences.note(settings, source, misdeed, {}, now) != nullptr;
}

constexpr Misdeed refused{Penalty::Cause::refused, 0};
Misdeed exited(int status) { return {Penalty::Cause::exit, status}; }

}  // namespace

TEST_CASE("Without ban_on nobody is banned for anything") {
  Offences offences;
  CHECK_FALSE(bans(offences, {}, refused, start));
}

TEST_CASE("A source is banned when it has been refused so often within the time, counted from the first") {
  Offences offences;
  const auto settings = banning({{.kind = BanCause::Kind::refused, .count = 3, .window = 60}});
  CHECK_FALSE(bans(offences, settings, refused, start));
  CHECK_FALSE(bans(offences, settings, refused, start + 1s, other));
  CHECK_FALSE(bans(offences, settings, refused, start + 30s));
  CHECK(bans(offences, settings, refused, start + 59s));
  CHECK_FALSE(bans(offences, settings, refused, start + 60s));
  CHECK_FALSE(bans(offences, settings, refused, start + 60s, other));
}

TEST_CASE("To be refused because of a ban is no offence, and because of a penalty it is one") {
  Offences offences;
  const auto settings = banning({{.kind = BanCause::Kind::refused}});
  CHECK_FALSE(bans(offences, settings, {Penalty::Cause::refused, 0, Misdeed::By::ban}, start));
  CHECK(bans(offences, settings, {Penalty::Cause::refused, 0, Misdeed::By::penalty}, start));
}

TEST_CASE("What others take from a source is no offence of it") {
  Offences offences;
  const Misdeed full{Penalty::Cause::refused, 0, Misdeed::By::circumstances};
  CHECK_FALSE(bans(offences, banning({{.kind = BanCause::Kind::refused}}), full, start));
  CHECK_FALSE(offences.note(banning({{.kind = BanCause::Kind::penalty, .window = 60}}), peer, full, start + 99s, start));
  using policy::Reason;
  for (const Reason reason : {Reason::service_limit, Reason::process_limit, Reason::load, Reason::connections_per_second, Reason::rate,
                              Reason::queue_full, Reason::queue_timeout, Reason::fork, Reason::fleet_per_source, Reason::fleet_rate})
    CHECK_FALSE(policy::is_peers_doing(reason));
  for (const Reason reason : {Reason::address, Reason::time, Reason::per_source_limit, Reason::per_source_rate, Reason::tls, Reason::certificate})
    CHECK(policy::is_peers_doing(reason));
}

TEST_CASE("An exit status is meant by its number, or by none for all but 0") {
  Offences offences;
  const auto any = banning({{.kind = BanCause::Kind::exit}});
  CHECK_FALSE(bans(offences, any, exited(0), start));
  CHECK(bans(offences, any, exited(1), start));
  CHECK_FALSE(bans(offences, any, {Penalty::Cause::signal, 9}, start));
  const auto one = banning({{.kind = BanCause::Kind::exit, .status = 77}});
  CHECK(bans(offences, one, exited(77), start));
  CHECK_FALSE(bans(offences, one, exited(1), start));
  const auto zero = banning({{.kind = BanCause::Kind::exit, .status = 0}});
  CHECK(bans(offences, zero, exited(0), start));
}

TEST_CASE("Penalties lead to a ban when they have reached the time") {
  Offences offences;
  const auto settings = banning({{.kind = BanCause::Kind::penalty, .window = 600}});
  CHECK_FALSE(offences.note(settings, peer, exited(1), start + 599s, start));
  CHECK_FALSE(offences.note(settings, peer, exited(1), std::nullopt, start));
  CHECK(offences.note(settings, peer, exited(1), start + 600s, start) == &settings.ban_on->front());
}

TEST_CASE("What is counted goes on from a snapshot") {
  const auto settings = banning({{.kind = BanCause::Kind::signal}, {.kind = BanCause::Kind::refused, .count = 3, .window = 60}});
  Offences before;
  CHECK_FALSE(bans(before, settings, refused, start));
  CHECK_FALSE(bans(before, settings, refused, start));
  Offences after;
  after.restore(before.snapshot());
  CHECK(after.snapshot() == before.snapshot());
  CHECK(bans(after, settings, refused, start + 1s));
  after.reset();
  CHECK_FALSE(bans(after, settings, refused, start + 1s));
  // What no service can have is left out.
  after.restore({{Offences::most_causes, {start, peer, 2}}});
  CHECK(after.snapshot().empty());
}

TEST_CASE("Each ban takes longer than the one before, and none longer than the greatest") {
  const config::BanTime time{600, 2, 3000};
  CHECK(policy::ban_seconds(time, 0) == 600);
  CHECK(policy::ban_seconds(time, 1) == 1200);
  CHECK(policy::ban_seconds(time, 2) == 2400);
  CHECK(policy::ban_seconds(time, 3) == 3000);
  CHECK(policy::ban_seconds(time, 4'000'000'000) == 3000);
  CHECK(policy::ban_seconds({600, 1, 600}, 4'000'000'000) == 600);
  CHECK(policy::ban_seconds({300'000'000, 1000, 316'224'000}, 5) == 316'224'000);
}

TEST_CASE("How often somebody has been banned is remembered until its moment") {
  policy::Offenders offenders;
  const auto network = policy::Network::of(peer);
  CHECK(offenders.times(network, start) == 0);
  offenders.again(network, start + 1h, start);
  CHECK(offenders.times(network, start) == 1);
  offenders.again(network, start + 2h, start);
  CHECK(offenders.times(network, start + 2h - 1ns) == 2);
  CHECK(offenders.times(network, start + 2h) == 0);
  policy::Offenders after;
  after.restore(offenders.snapshot());
  CHECK(after.times(network, start) == 2);
  offenders.again(network, start + 9h, start + 2h);
  CHECK(offenders.times(network, start + 3h) == 1);
  offenders.forget(network);
  CHECK(offenders.times(network, start + 3h) == 0);
}

TEST_CASE("Of too many offenders those are forgotten whose moments come first") {
  policy::Offenders offenders;
  const auto one = [](std::uint32_t i) { return policy::Network::of(base::Address::ipv4(i + 1)); };
  for (std::uint32_t i = 0; i < policy::Offenders::most + 10; ++i) offenders.again(one(i), start + std::chrono::seconds(i + 1), start);
  CHECK(offenders.snapshot().size() == policy::Offenders::most);
  CHECK(offenders.times(one(9), start) == 0);
  CHECK(offenders.times(one(10), start) == 1);
}

TEST_CASE("Offenders whose moments have all been put off are forgotten a few at a time, and the latest stay") {
  policy::Offenders offenders;
  const auto one = [](std::uint32_t i) { return policy::Network::of(base::Address::ipv4(i + 1)); };
  for (std::uint32_t i = 0; i < policy::Offenders::most; ++i) offenders.again(one(i), start + 1h, start);
  for (std::uint32_t i = 0; i < policy::Offenders::most; ++i) offenders.again(one(i), start + 2h + std::chrono::seconds(i), start);
  for (std::uint32_t i = 0; i < 30'000; ++i) offenders.again(one(1'000'000 + i), start + 1000h, start);
  CHECK(offenders.snapshot().size() <= policy::Offenders::most);
  CHECK(offenders.times(one(1'029'999), start) == 1);
  CHECK(offenders.times(one(policy::Offenders::most - 1), start) == 2);
  CHECK(offenders.times(one(0), start) == 0);
}

TEST_CASE("Who is forgotten by an administrator's word and offends again is as good as new, however often") {
  policy::Offenders offenders;
  const auto network = policy::Network::of(peer);
  offenders.again(policy::Network::of(other), start + 9h, start);
  for (int i = 0; i < 1000; ++i) {
    offenders.again(network, start + 1h + std::chrono::seconds(i), start);
    CHECK(offenders.times(network, start) == 1);
    offenders.forget(network);
  }
  CHECK(offenders.snapshot().size() == 1);
  offenders.again(network, start + 20h, start + 10h);
  CHECK(offenders.times(network, start + 10h) == 1);
  for (int few_at_a_time = 0; few_at_a_time < 30; ++few_at_a_time) offenders.again(network, start + 20h, start + 10h);
  CHECK(offenders.snapshot().size() == 1);
}

TEST_CASE("The reason of a ban has its cause and its service") {
  CHECK(policy::ban_reason({.kind = BanCause::Kind::refused, .count = 3, .window = 60}, "ftp") == "refused ftp");
  CHECK(policy::ban_reason({.kind = BanCause::Kind::exit, .status = 77}, "ssh") == "exit:77 ssh");
}
