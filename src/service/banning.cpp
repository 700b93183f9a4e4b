// SPDX-License-Identifier: MIT
#include "service/banning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::service {

namespace {

const config::BanCause* sensor_cause(const config::Service& service) {
  if (!service.settings.ban_on) return nullptr;
  const auto& causes = *service.settings.ban_on;
  const auto found = std::ranges::find(causes, config::BanCause::Kind::sensor, &config::BanCause::kind);
  return found == causes.end() ? nullptr : &*found;
}

/// "10 minutes", "90 seconds".
std::string time_text(std::uint32_t seconds) {
  const auto text = [](std::uint32_t count, std::string_view unit) { return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s"); };
  if (seconds % 3600 == 0) return text(seconds / 3600, "hour");
  return seconds % 60 == 0 ? text(seconds / 60, "minute") : text(seconds, "second");
}

}  // namespace

policy::Network Banning::network_of(const base::Address& peer) const {
  const config::Settings& s = service().settings;
  const auto prefix = s.ban_prefix ? *s.ban_prefix : s.source_prefix.value_or(config::SourcePrefix{});
  const base::Address plain = peer.unmapped();
  return policy::Network::of(plain, plain.family() == base::Address::Family::ipv4 ? prefix.ipv4 : prefix.ipv6);
}

bool Banning::ban(const policy::Network& peer, base::Moment until, const std::string& reason) {
  const auto result =
      policy::ban_until(bans_.list, bans_.behind, peer, until, clock_.now(), {.reason = reason, .origin = policy::ban_origin::service});
  if (result.displaced && !std::exchange(bans_.displaced_told, true))
    journal_.daemon().error("Maximum global_no_access count reached: from now on the oldest addresses are dropped");
  if (bans_.on_ban && result.added != policy::BanList::Added::unchanged) bans_.on_ban(peer);
  return result.added == policy::BanList::Added::fresh;
}

/// Fact B5.27, decision B12.29. What ban_on says comes last, so that xinetd's line is not lost.
void Banning::touched(const base::Endpoint& peer, bool proxied) {
  if (!peer.address.known() || setup_.policy->spares(peer.address, proxied)) return;
  const policy::Network network = network_of(peer.address);
  const bool again = bans_.list.contains(network, clock_.now());
  if (const int minutes = service().settings.deny_time.value_or(0); minutes != 0) deny(peer, network, minutes);
  // Whoever has sent a datagram, its address may be somebody else's.
  if (const config::BanCause* cause = sensor_cause(service()); cause && !service().datagrams()) punish(peer, network, *cause, again);
}

void Banning::deny(const base::Endpoint& peer, const policy::Network& network, int minutes) {
  const std::string reason = policy::ban_reason({.kind = config::BanCause::Kind::sensor}, service().id);
  if (ban(network, policy::ban_end(minutes, clock_.now()), reason))
    journal_.daemon().critical("process_sensor", fmt::format("Adding {} to the global_no_access list for {} minutes",
                                                             peer.address.source().text(), minutes));
  journal_.banned(peer, network, minutes, reason, "deny_time");
}

void Banning::offended(const base::Endpoint& peer, const config::BanCause& cause) {
  const policy::Network network = network_of(peer.address);
  punish(peer, network, cause, bans_.list.contains(network, clock_.now()));
}

/// What it does while it is banned, over connections that it had before, makes the ban begin again, and not the next, longer
/// one.
void Banning::punish(const base::Endpoint& peer, const policy::Network& network, const config::BanCause& cause, bool again) {
  const base::Moment now = clock_.now();
  const config::BanTime time = service().settings.ban_time.value_or(config::BanTime{});
  const std::uint32_t times = bans_.offenders.times(network, now);
  const std::uint32_t seconds = policy::ban_seconds(time, again && times > 0 ? times - 1 : times);
  const base::Moment until = now + std::chrono::seconds(seconds);
  const std::string reason = policy::ban_reason(cause, service().id);
  ban(network, until, reason);
  if (!again) {
    bans_.offenders.again(network, until + std::chrono::seconds(time.greatest), now);
    journal_.daemon().notice("{} is banned for {}: {}", network.text(), time_text(seconds), reason);
  }
  journal_.banned(peer, network, static_cast<int>((seconds + 59) / 60), reason, "ban_on");
}

}  // namespace xsuperd::service
