// SPDX-License-Identifier: MIT
#pragma once
#include <random>
#include <string>

#include "supervisor/hand_over.hpp"

namespace xsuperd::supervisor::testing {

/// States with whatever values their members may have.
class Maker {
 public:
  explicit Maker(std::uint32_t seed) : random_(seed) {}

  HandOver state() {
    HandOver all;
    all.daemon = {1 + dice(1000), text(), {text(), text(), {text(), text()}, text(), text(), text(), descriptor()}, flag(), mode_t{022}, dice(40) - 20,
                  random_(), ~std::uint64_t{0}, descriptor()};
    all.defaults = text();
    all.started = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    all.log_level = static_cast<log::Level>(dice(6));
    all.gone = counters();
    for (int n = dice(3); n > 0; --n) all.default_origins.push_back({text(), flag(), text(), dice(99)});
    for (int n = dice(3); n > 0; --n) all.standings.push_back({text(), static_cast<service::Standing>(dice(4))});
    for (int n = dice(4); n >= 0; --n) all.services.push_back({text(), text(), dice(1000), flag(), {{"port", flag(), text(), dice(99)}}});
    all.configured = static_cast<std::size_t>(dice(static_cast<int>(all.services.size()) + 1));
    for (int n = dice(3); n > 0; --n) all.absent.push_back({text(), text(), text(), dice(9), config::Fate::disabled});
    for (int n = dice(4); n > 0; --n) all.runners.push_back(runner(all.services.size()));
    for (int n = dice(4); n > 0; --n) all.bans.push_back({policy::Network::of(address(), static_cast<std::uint8_t>(dice(129))), flag() ? base::Moment::max() : moment()});
    all.displaced_told = flag();
    all.chargen_line = static_cast<unsigned>(dice(95));
    all.last_token = last_token_;
    for (int n = dice(3); n > 0; --n) all.workers.push_back(worker());
    for (int n = dice(3); n > 0; --n) all.handed.push_back({text(), descriptor()});
    for (int n = dice(3); n > 0; --n) all.leftovers.push_back({descriptor()});
    for (int n = dice(3); n > 0; --n) all.lingering.push_back({descriptor(), moment()});
    all.reload_wanted = flag();
    all.worker_failures = random_();
    all.last_worker_failure = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    all.log_behind = flag();
    all.last_load = {base::WallTime(base::WallTime::duration(dice(1 << 30))), flag(), flag() ? "refused" : "applied", number(), number()};
    all.notes = text();
    all.now = moment();
    all.clock = text();
    return all;
  }

 private:
  int dice(int sides) { return static_cast<int>(random_() % static_cast<std::uint32_t>(sides)); }
  bool flag() { return dice(2) == 1; }
  std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }
  int descriptor() { return flag() ? ++last_descriptor_ : -1; }
  std::string text() {
    std::string all(static_cast<std::size_t>(dice(20)), ' ');
    for (char& c : all) c = static_cast<char>(dice(256));  // whatever bytes names of files have
    return all;
  }
  base::Moment moment() { return base::Moment(base::Moment::duration(static_cast<std::int64_t>(random_()) - (1 << 30))); }
  base::Address address() {
    if (dice(3) == 0) return {};
    if (flag()) return base::Address::ipv4(number());
    std::array<std::uint8_t, 16> bytes{};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(dice(256));
    return base::Address::ipv6(bytes, flag() ? number() : 0);
  }
  base::Endpoint endpoint() { return {address(), static_cast<std::uint16_t>(random_())}; }

  service::HandedSession session(service::StateSnapshot& state) {
    service::HandedSession one;
    one.token = ++last_token_;
    one.peer = endpoint();
    one.socket = descriptor();
    one.endpoint = number();
    if (flag()) one.pid = 1 + dice(30000), one.pidfd = ++last_descriptor_;
    one.started = moment();
    one.started_wall = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    one.arrival = moment().time_since_epoch().count();
    one.stage = static_cast<service::Stage>(dice(5));
    one.phase = static_cast<service::SessionPhase>(dice(12));
    one.accepted = moment();
    one.judged = flag(), one.judged_again = flag(), one.through_tcpmux = flag();
    one.conversing = one.pid == 0 && flag();
    if (flag()) one.datagram = service::HandedDatagram{text(), text(), text()};
    if (flag()) state.places.push_back({one.token, address(), static_cast<unsigned>(dice(5)), flag(), flag(), number()});
    return one;
  }
  service::Counters counters() {
    service::Counters all;
    all.accepted = random_(), all.served = random_(), all.banned = number(), all.failed = number();
    all.withdrawn = number(), all.bytes_in = random_(), all.bytes_out = random_();
    for (auto& count : all.refused) count = random_();
    all.since = all.last_refusal = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    all.last_failure = base::WallTime(base::WallTime::duration(dice(1 << 30)));
    all.last_refused_peer = endpoint();
    all.last_reason = static_cast<policy::Reason>(dice(9));
    all.slowest_start = std::chrono::nanoseconds(dice(1 << 30));
    return all;
  }
  HandOver::Runner runner(std::size_t services) {
    HandOver::Runner one;
    one.service = static_cast<std::size_t>(dice(static_cast<int>(services)));
    one.retired = flag();
    one.state.counters = counters();
    one.state.standing = static_cast<service::Standing>(dice(4));
    service::HandedRunner& r = one.state;
    r.state.phase = static_cast<service::Phase>(dice(5));
    r.state.rate = {moment(), random_()};
    r.state.attempts = ~std::uint64_t{0} - random_();
    for (std::uint32_t n = static_cast<std::uint32_t>(dice(4)); n > 0; --n) {
      r.endpoints.push_back({n, descriptor(), descriptor(), descriptor(), text(), flag(), number(), text(), flag()});
      r.state.endpoints.push_back({n, flag()});
    }
    r.terminates = flag();
    if (flag()) r.pause_end = moment();
    if (flag()) r.kill_at = moment();
    for (int n = dice(3); n > 0; --n) r.targets.push_back(endpoint());
    for (int n = dice(3); n > 0; --n) r.refused_lately.push_back({endpoint(), moment()});
    for (int n = dice(5); n > 0; --n) r.sessions.push_back(session(r.state));
    return one;
  }
  worker::HandedWorker worker() {
    worker::HandedWorker one{1 + dice(30000), descriptor(), descriptor(), number(), text(), {}};
    for (int n = dice(3); n > 0; --n) one.conversations.push_back({1 + random_(), ~std::uint64_t{0}});
    return one;
  }

  std::mt19937 random_;
  int last_descriptor_ = 2;
  service::Token last_token_ = 0;
};

}  // namespace xsuperd::supervisor::testing
