// SPDX-License-Identifier: MIT
// What the limits of a service come to for a peer: on number, rate, load and time of day, penalties and the queue.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "policy/explaining.hpp"

namespace xsuperd::policy::explaining {

namespace {

/// What its requests are counted under.
std::string_view source_word(const Case& c) {
  const base::Address& peer = c.inquiry.peer;
  return peer.is_local() ? "user" : peer.is_vsock() ? "virtual machine" : "address";
}

std::string seconds_text(double seconds) { return fmt::format("{} s", static_cast<long long>(std::ceil(std::max(seconds, 0.0)))); }

/// per_source_rate with a period.
std::string source_tokens(const Case& c) {
  const std::string limit = values(c.service, "per_source_rate");
  if (!c.inquiry.live) return fmt::format("at run time: admits {} from this {}", limit, source_word(c));
  if (c.inquiry.live->source_token_in <= 0) return fmt::format("passes: {} from this {}", limit, source_word(c));
  return fmt::format("refuses: the next one from this {} is admitted in {}", source_word(c), seconds_text(c.inquiry.live->source_token_in));
}

std::string count(const std::optional<config::Limit>& limit, std::string_view whose,
                  std::optional<std::uint64_t> running) {
  if (!limit || limit->is_unlimited()) return "no limit";
  if (limit->value == 0) return "refuses: the limit is 0";
  if (running)
    return fmt::format("{}: {} of {} servers run{}", *running >= limit->value ? "refuses" : "passes", *running,
                       limit->value, whose);
  return fmt::format("at run time: refuses while {} servers run{}", limit->value, whose);
}

/// Why a limit of the fleet says nothing of the peer; empty: it does, or will.
std::string_view without_fleet(const Case& c) {
  if (!c.inquiry.peer.is_ip()) return "not counted: limits of the fleet are for peers with IP addresses";
  if (c.policy.counted(c.inquiry.peer).exempt) return "not counted: limit_exempt";
  return c.inquiry.live && !c.inquiry.live->fleet ? "not in effect: it needs ban_share in the defaults" : "";
}

}  // namespace

std::string cps(const Case& c) {
  const config::Rate rate = c.service.rate();
  if (rate.connections == 0) return "no limit";
  const std::string time = rate.window > 0 ? fmt::format("in {} s", rate.window) : "a second";
  if (c.inquiry.live)
    return fmt::format("{}: {} requests lately; above {} {} the service closes for {} s",
                       c.verdict_is(Reason::connections_per_second) ? "refuses" : "passes", c.inquiry.live->recent,
                       rate.connections, time, rate.pause);
  return fmt::format("at run time: above {} requests {} the service closes for {} s", rate.connections, time, rate.pause);
}

std::string per_source_rate(const Case& c) {
  const auto rate = c.service.settings.per_source_rate.value_or(config::SourceRate{});
  if (rate.connections == 0) return "no limit";
  if (rate.burst > 0) return source_tokens(c);
  if (c.inquiry.live)
    return fmt::format("{}: {} of {} requests of this {} in {} s",
                       c.verdict_is(Reason::per_source_rate) ? "refuses" : "passes", c.inquiry.live->recent_from_source,
                       rate.connections, source_word(c), rate.window);
  return fmt::format("at run time: refuses this {} above {} requests in {} s", source_word(c), rate.connections, rate.window);
}

std::string max_load(const Case& c) {
  const double load = c.service.settings.max_load.value_or(0);
  if (load > 0 && c.inquiry.live && c.inquiry.live->load)
    return fmt::format("{}: the load is {}, the limit {}", *c.inquiry.live->load >= load ? "refuses" : "passes",
                       *c.inquiry.live->load, load);
  return load > 0 ? fmt::format("at run time: refuses while the load is {} or more", load) : "no limit";
}

std::string access_times(const Case& c) {
  const auto& times = c.service.settings.access_times;
  if (!times) return "passes: always";
  const bool inside = within(*times, c.inquiry.at);
  return fmt::format("{}: {}:{:02} is {} {}", inside ? "passes" : "refuses", c.inquiry.at.hour,
                     c.inquiry.at.minute, inside ? "within" : "outside", values(c.service, "access_times"));
}

std::string instances(const Case& c) {
  const auto& live = c.inquiry.live;
  return count(c.service.settings.instances, "", live ? std::optional(live->running) : std::nullopt);
}
std::string per_source(const Case& c) {
  const auto& live = c.inquiry.live;
  return count(c.service.settings.per_source, fmt::format(" for this {}", source_word(c)),
               live ? std::optional(live->running_from_source) : std::nullopt);
}

/// Whoever has no limits of a fleet reads nothing of them.
std::string fleet_per_source(const Case& c) {
  const auto& limit = c.service.settings.fleet_per_source;
  if (!limit || limit->is_unlimited()) return {};
  if (const std::string_view why = without_fleet(c); !why.empty()) return std::string(why);
  if (!c.inquiry.live) return fmt::format("at run time: refuses while {} servers run for this address in the fleet", limit->value);
  const policy::Live& live = *c.inquiry.live;
  const std::uint64_t all = live.running_from_source + live.fleet->elsewhere;
  return fmt::format("{}: {} of {} servers run for this address in the fleet, {} of them elsewhere", all >= limit->value ? "refuses" : "passes", all,
                     limit->value, live.fleet->elsewhere);
}

std::string fleet_rate(const Case& c) {
  const auto& rate = c.service.settings.fleet_rate;
  if (!rate || rate->is_unlimited()) return {};
  if (const std::string_view why = without_fleet(c); !why.empty()) return std::string(why);
  const std::string limit = values(c.service, "fleet_rate");
  if (!c.inquiry.live) return fmt::format("at run time: the fleet admits {} from this address", limit);
  const policy::FleetCounts::Known& fleet = *c.inquiry.live->fleet;
  return fmt::format("{}: the fleet has admitted about {} of {} from this address", fleet.rate_reached ? "refuses" : "passes", fleet.admitted, limit);
}

std::string process_limit(const Case& c) {
  if (c.inquiry.live && c.inquiry.process_limit == 0) return "no limit";
  if (c.inquiry.live)
    return fmt::format("{}: {} of {} servers of all services run",
                       c.inquiry.live->processes >= c.inquiry.process_limit ? "refuses" : "passes",
                       c.inquiry.live->processes, c.inquiry.process_limit);
  if (c.inquiry.process_limit == 0) return "at run time: if the daemon is started with it";
  return fmt::format("at run time: refuses while {} servers of all services run", c.inquiry.process_limit);
}

std::string penalty(const Case& c) {
  if (!c.service.settings.penalty) return "none";
  if (!c.inquiry.live) return "at run time: refuses this source while its penalties are not over";
  if (c.inquiry.live->penalty <= 0) return "passes: this source has none that counts";
  return fmt::format("refuses: this source is refused for another {}", seconds_text(c.inquiry.live->penalty));
}

std::string token_rate(const Case& c) {
  const auto& rate = c.service.settings.rate;
  if (!rate) return "no limit";
  if (!c.inquiry.live) return fmt::format("at run time: admits {}", values(c.service, "rate"));
  if (c.inquiry.live->token_in <= 0) return fmt::format("passes: {}", values(c.service, "rate"));
  return fmt::format("refuses: the next one is admitted in {}", seconds_text(c.inquiry.live->token_in));
}

std::string queue(const Case& c) {
  const auto& queue = c.service.settings.queue;
  if (!queue || queue->number == 0) return "none";
  if (!c.inquiry.live) return fmt::format("at run time: up to {} requests wait for a place, up to {} s", queue->number, queue->time);
  const Live& live = *c.inquiry.live;
  if (!c.would_wait()) return fmt::format("not needed: {} of {} places taken", live.waiting, queue->number);
  if (live.waiting >= queue->number) return fmt::format("refuses: {} of {} places taken", live.waiting, queue->number);
  if (!live.queue_takes) return "refuses: this source has its share of it";
  return fmt::format("would wait: {} before it{}", live.waiting_before,
                     live.expected_wait > 0 ? fmt::format(", about {}", seconds_text(live.expected_wait)) : std::string());
}

}  // namespace xsuperd::policy::explaining
