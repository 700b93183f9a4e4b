// SPDX-License-Identifier: MIT
// Who may come, and how often: rates of systemd.socket(5) and systemd.unit(5), lists of systemd.resource-control(5),
// and the conditions under which a unit is started at all.
#include <fmt/format.h>

#include <algorithm>

#include "convert/from_units.hpp"
#include "convert/networks.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/limits.hpp"

namespace xsuperd::convert {

namespace {

/// So many starts in so much time; 0 of either is no limit.
struct Rate {
  std::uint64_t burst = 0, seconds = 0;
  const Directive* from = nullptr;  ///< null: nobody has said so
  [[nodiscard]] bool limits() const { return burst > 0 && seconds > 0; }
};

/// The names of the two directives of a rate, and what holds without them.
struct RateNames {
  std::string_view section, interval, burst;
  Rate usual;
};

Rate read_rate(Unit& unit, const RateNames& names, Report& report) {
  Rate rate = names.usual;
  if (const Directive* d = unit.last(names.section, names.interval)) {
    rate.from = d;
    const auto seconds = unit_seconds(d->value);
    if (!seconds) no_value(*d, report);
    rate.seconds = seconds.value_or(rate.seconds);
  }
  if (const Directive* d = unit.last(names.section, names.burst)) {
    rate.from = d;
    const auto burst = base::parse_number(d->value, 0, 0xffff'ffff);
    if (!burst) no_value(*d, report);
    rate.burst = burst ? static_cast<std::uint64_t>(*burst) : rate.burst;
  }
  return rate;
}

/// What keeps within either of two.
Rate stricter(const Rate& a, const Rate& b) {
  if (!a.limits()) return b;
  if (!b.limits()) return a;
  return {std::min(a.burst, b.burst), std::max(a.seconds, b.seconds), a.from ? a.from : b.from};
}

/// rate = N/PERIOD BURST for so many in so many microseconds; empty where no period makes N a whole number.
std::vector<std::string> bucket(std::uint64_t burst, std::uint64_t microseconds) {
  constexpr std::uint64_t most = 1'000'000;
  constexpr std::pair<std::string_view, std::uint64_t> periods[]{
      {"second", 1'000'000}, {"minute", 60'000'000}, {"hour", 3'600'000'000}, {"day", 86'400'000'000}};
  if (burst > most) return {};
  for (const auto& [word, length] : periods) {
    const std::uint64_t count = burst * length / microseconds;
    if (burst * length % microseconds == 0 && count >= 1 && count <= most)
      return {fmt::format("{}/{}", count, word), std::to_string(burst)};
  }
  return {};
}

/// Do connections at the rate of `burst` in so many microseconds exceed the other one?
bool exceeds(std::uint64_t burst, std::uint64_t microseconds, const Rate& other) {
  const auto each = [](std::uint64_t number, double time) { return static_cast<double>(number) / time; };
  return other.limits() && (burst > other.burst || each(burst, static_cast<double>(microseconds)) >
                                                       each(other.burst, 1e6 * static_cast<double>(other.seconds)));
}

/// What exceeds PollLimit= waits in the kernel, and nothing is closed: our rate, and a queue. False where they cannot say
/// it, or where TriggerLimit= would close the socket before.
bool take_poll_limit(Unit& socket, const Rate& poll, const Rate& trigger, Draft& draft, Report& report) {
  if (!poll.from || !poll.limits()) return false;
  const Directive* interval = socket.last("Socket", "PollLimitIntervalSec");
  const auto exact = interval ? unit_microseconds(interval->value) : std::nullopt;
  const std::uint64_t microseconds = exact.value_or(poll.seconds * 1'000'000);
  const std::vector<std::string> rate = bucket(poll.burst, microseconds);
  if (rate.empty() || exceeds(poll.burst, microseconds, trigger)) return false;
  const config::QueueLimit queue = config::like_backlog;
  draft.set("rate", rate, poll.from);
  draft.set("queue", {std::to_string(queue.number), std::to_string(queue.time)}, poll.from);
  draft.set("cps", {"0", "0"}, poll.from);
  report.note(poll.from->place,
              fmt::format("rate: further connections wait in the daemon, up to {}, a quarter of them from one source, and "
                          "{} s; so do those that MaxConnections= and MaxConnectionsPerSource= would close",
                          queue.number, queue.time));
  return true;
}

/// The lists of one unit.
struct Lists {
  Networks allow = {}, deny = {};
  const Directive* from = nullptr;  ///< null: they refuse nobody
  [[nodiscard]] bool refuse_all_others() const { return without(everybody(), deny).empty(); }
};

void take_words(const Directive& d, Networks& to, Report& report) {
  for (const std::string_view word : base::split_words(d.value)) {
    const auto add = [&](std::string_view network) { to.push_back(*parse_network(network)); };
    if (word == "any") {
      const Networks all = everybody();
      to.insert(to.end(), all.begin(), all.end());
    } else if (word == "localhost") {
      add("127.0.0.0/8"), add("::1");
    } else if (word == "link-local") {
      add("169.254.0.0/16"), add("fe80::/64");
    } else if (word == "multicast") {
      add("224.0.0.0/4"), add("ff00::/8");
    } else if (const auto network = parse_network(word)) {
      to.push_back(*network);
    } else {
      no_value(d, report);
    }
  }
}

Lists lists_of(Unit& unit, std::string_view section, Report& report) {
  Lists lists;
  for (const Directive* one : unit.all(section, "IPAddressAllow")) take_words(*one, lists.allow, report);
  for (const Directive* one : unit.all(section, "IPAddressDeny")) {
    take_words(*one, lists.deny, report);
    if (!lists.from) lists.from = one;
  }
  return lists;
}

std::vector<std::string> texts_of(const Networks& networks) {
  std::vector<std::string> texts;
  for (const Network& one : networks) texts.push_back(text_of(one));
  return texts;
}

Networks in_both(const Networks& a, const Networks& b) {
  Networks both;
  for (const Network& one : a)
    for (const Network& other : b)
      if (contains(one, other))
        both.push_back(other);
      else if (contains(other, one))
        both.push_back(one);
  return both;
}

/// Does a condition hold on this machine? Nothing where only systemd can tell.
std::optional<bool> holds(const Unit& unit, const Directive& d, config::Files& files) {
  const auto value = resolved(unit, d.value);
  if (!value || !d.key.ends_with("PathExists") || value->starts_with("|")) return std::nullopt;
  const bool missing = value->starts_with("!");
  return files.kind(value->substr(missing ? 1 : 0)).has_value() != missing;
}

}  // namespace

void take_rate(Unit& socket, Unit* service, Way way, Draft& draft, Report& report) {
  const bool accepts = way == Way::accepts;
  const Rate poll =
      read_rate(socket, {"Socket", "PollLimitIntervalSec", "PollLimitBurst", {accepts ? 150u : 15u, 2, nullptr}}, report);
  const Rate trigger = read_rate(
      socket, {"Socket", "TriggerLimitIntervalSec", "TriggerLimitBurst", {accepts ? 200u : 20u, 2, nullptr}}, report);
  // A relay is started once and accepts all connections by itself.
  if (way == Way::relays) return draft.set("cps", {"0", "0"}, nullptr);
  if (accepts && take_poll_limit(socket, poll, trigger, draft, report)) return;
  Rate rate = poll.from ? stricter(poll, trigger) : trigger;
  if (way == Way::waits && service)
    for (const RateNames& names : {RateNames{"Unit", "StartLimitIntervalSec", "StartLimitBurst", {5, 10, nullptr}},
                                   RateNames{"Service", "StartLimitInterval", "StartLimitBurst", {5, 10, nullptr}}})
      if (const Rate starts = read_rate(*service, names, report); starts.from) rate = stricter(rate, starts);
  if (!rate.limits()) return draft.set("cps", {"0", "0"}, rate.from);
  constexpr std::uint64_t greatest = 0x7fff'ffff;
  constexpr std::uint64_t day = 86'400;
  rate.burst = std::min(rate.burst, greatest);
  if (rate.seconds > day) {
    const std::string why = fmt::format("{} is more than cps_window allows", quoted(*rate.from));
    report.loss(rate.from->place, why);
    return draft.unfit.push_back(why);
  }
  constexpr std::uint64_t pause = 10;
  draft.set("cps", {std::to_string(rate.burst), std::to_string(pause)}, rate.from);
  if (rate.seconds != 1) draft.set("cps_window", {std::to_string(rate.seconds)}, rate.from);
  if (rate.from)
    report.note(rate.from->place,
                fmt::format("cps: after more than {} connections in {} s the service pauses for {} s and opens again",
                            rate.burst,
                            rate.seconds, pause));
}

void take_access(Unit& socket, Unit* service, const Sockets& at, Way way, Draft& draft, Report& report) {
  // Nobody who comes by another socket has an address. What the service may not send is reported as what confined it.
  if (!at.any(Listening::Kind::ip)) {
    for (const char* key : {"IPAddressAllow", "IPAddressDeny"}) socket.pass_over("Socket", key);
    return;
  }
  const Lists all[]{lists_of(socket, "Socket", report), service ? lists_of(*service, "Service", report) : Lists{}};
  std::optional<Networks> only_from;
  Networks no_access;
  const Directive* from = nullptr;
  for (const Lists& one : all) {
    if (!one.from) continue;
    from = from ? from : one.from;
    if (one.refuse_all_others()) {
      only_from = only_from ? in_both(*only_from, one.allow) : one.allow;
    } else {
      const Networks refused = without(one.deny, one.allow);
      no_access.insert(no_access.end(), refused.begin(), refused.end());
    }
  }
  if (all[1].from) {
    const std::string why = fmt::format(
        "{}: here, the lists of a service apply to its peers, and not to what it sends by "
        "itself", quoted(*all[1].from));
    report.loss(all[1].from->place, why + ", so the entry is written disabled");
    draft.unfit.push_back(why);
  }
  if (!from) return;
  report.note(from->place, "refused peers will see their connections closed, and are logged");
  if (only_from && std::ranges::any_of(at.all, [](const Listening& one) { return one.kind != Listening::Kind::ip; }))
    report.loss(from->place,
                "only_from: peers that do not come over IP are refused, too; only_uid, only_gid and only_cid let them in");
  if (only_from) draft.set("only_from", texts_of(*only_from), from);
  if (!no_access.empty()) draft.set("no_access", texts_of(no_access), from);
  // Without it the peers of further datagrams are not looked at.
  if (way == Way::waits && at.type == config::SocketType::dgram && (only_from || !no_access.empty())) draft.add_flag("INTERCEPT", from);
}

void take_conditions(Unit& unit, config::Files& files, Draft& draft, Report& report) {
  for (const std::string_view prefix : {"Condition", "Assert"})
    for (const Directive* d : unit.all_beginning("Unit", prefix)) {
      const auto held = holds(unit, *d, files);
      if (held == true) {
        report.loss(d->place, fmt::format("{} has no equivalent: it is met here now, and is not checked again",
                                          quoted(*d)));
        continue;
      }
      const char* why = held ? "it is not met here" : "only systemd can tell whether it is met";
      report.loss(d->place, fmt::format("{} has no equivalent: {}, so the entry is written disabled", quoted(*d), why));
      draft.unfit.push_back(fmt::format("{}: {}", quoted(*d), why));
    }
}

}  // namespace xsuperd::convert
