// SPDX-License-Identifier: MIT
#include "supervisor/ban_hearing.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::supervisor {

namespace {

/// The store counts in whole seconds: a ban of ours that it has told back is no longer one.
constexpr std::chrono::seconds rounding{2};

bool within(const policy::Network& inner, const config::AddressPattern& pattern) {
  if (pattern.kind != config::AddressPattern::Kind::network) return false;
  const auto outer = pattern.network();
  if (outer.base.family() != inner.address.family() || outer.prefix > inner.length) return false;
  const auto length = static_cast<std::uint8_t>(outer.prefix);
  return policy::Network::of(inner.address, length).address == policy::Network::of(outer.base, length).address;
}

base::Moment end_of(const fleet::Heard& heard, base::Moment now) {
  return heard.seconds == 0 ? base::Moment::max() : now + std::chrono::seconds(heard.seconds);
}

/// Whoever says so: empty for us, or what origins of his begin with.
std::string_view speaker_of(std::string_view origin) {
  if (policy::ban_origin::is_fleet(origin)) return policy::ban_origin::fleet;
  return origin == policy::ban_origin::crowdsec ? policy::ban_origin::crowdsec : std::string_view();
}
std::string_view speaker_of(fleet::Source source) { return source == fleet::Source::crowdsec ? policy::ban_origin::crowdsec : policy::ban_origin::fleet; }

bool is_over(const std::vector<policy::BanList::Ban>& all, base::Moment now) {
  return std::ranges::all_of(all, [&](const policy::BanList::Ban& one) { return one.until <= now; });
}

constexpr std::chrono::minutes look_every{1};

void forget(BansBehind& behind, const policy::Network& peer, std::string_view speaker) {
  const auto there = behind.peers.find(peer);
  if (there == behind.peers.end()) return;
  std::erase_if(there->second, [&](const policy::BanList::Ban& one) { return speaker_of(one.origin) == speaker; });
  if (there->second.empty()) behind.peers.erase(there);
}

/// Those that have ended give way. All are gone through for that, and others say how often there is a reason to: so not each time.
bool keep(BansBehind& behind, const policy::BanList::Ban& ban, base::Moment now) {
  if (behind.peers.size() >= most_behind && now - behind.looked_at >= look_every) {
    behind.looked_at = now;
    erase_if(behind.peers, [&](const auto& one) { return is_over(one.second, now); });
  }
  if (behind.peers.size() >= most_behind && !behind.peers.contains(ban.peer)) return false;
  auto& all = behind.peers[ban.peer];
  const auto same = std::ranges::find(all, speaker_of(ban.origin), [](const policy::BanList::Ban& one) { return speaker_of(one.origin); });
  if (same == all.end())
    all.push_back(ban);
  else if (same->until < ban.until)
    *same = ban;
  return true;
}

/// What is not longer is kept behind somebody else's ban alone: when ours is lifted here, an administrator wants the peer in.
Heeded join(policy::BanList& bans, BansBehind& behind, const policy::BanList::Ban& there, const policy::BanList::Ban& said, base::Moment now) {
  const bool same = speaker_of(there.origin) == speaker_of(said.origin);
  const bool longer = there.until != base::Moment::max() && (said.until == base::Moment::max() || said.until > there.until + rounding);
  if (!longer) {
    if (!same && policy::ban_origin::is_foreign(there.origin)) (void)keep(behind, said, now);
    return Heeded::known;
  }
  if (!same && !keep(behind, there, now)) return Heeded::known;
  forget(behind, said.peer, speaker_of(said.origin));
  if (!same) bans.remove(there.peer);  // what an administrator has said would stay his, prolonged
  // In front of his it does not make room for what peers cause either: his would be gone with it.
  bans.add_until(said.peer, said.until, now, {.reason = said.reason, .origin = said.origin, .stays = there.stays});
  return Heeded::taken;
}

void bring_back(policy::BanList& bans, BansBehind& behind, const policy::Network& peer, base::Moment now) {
  const auto there = behind.peers.find(peer);
  if (there == behind.peers.end()) return;
  auto& all = there->second;
  std::ranges::sort(all, {}, &policy::BanList::Ban::until);
  if (!all.empty() && all.back().until > now) {
    bans.put(all.back(), now);
    all.pop_back();
  }
  if (is_over(all, now)) behind.peers.erase(there);
}

}  // namespace

ExemptNetworks exempt_from_others(const config::Settings& defaults) {
  return (defaults.ban_exempt ? defaults.ban_exempt : defaults.limit_exempt).value_or(ExemptNetworks{});
}

Heeded heed(policy::BanList& bans, BansBehind& behind, const fleet::Heard& heard, const ExemptNetworks& exempt, base::Moment now) {
  if (!fleet::may_travel(heard.peer)) return Heeded::too_wide;
  if (std::ranges::any_of(exempt, [&](const auto& one) { return within(heard.peer, one); })) return Heeded::exempt;
  const bool host = heard.source == fleet::Source::store;
  const policy::BanList::Ban said{.peer = heard.peer, .until = end_of(heard, now), .since = now, .reason = heard.reason,
                                  .origin = std::string(speaker_of(heard.source)) + (host ? heard.host : std::string())};
  if (const auto there = bans.find(heard.peer, now)) return join(bans, behind, *there, said, now);
  const auto [capacity, from_fleet, from_crowdsec] = bans.filling();
  if (bans.size() >= capacity || from_fleet + from_crowdsec >= std::max<std::size_t>(capacity / 2, 1)) return Heeded::full;
  bans.put(said, now);
  return Heeded::taken;
}

bool heed(policy::BanList& bans, BansBehind& behind, const fleet::Lifted& lifted, base::Moment now) {
  const auto there = bans.find(lifted.peer, now);
  if (!there || speaker_of(there->origin) != speaker_of(lifted.source)) return forget(behind, lifted.peer, speaker_of(lifted.source)), false;
  bans.remove(lifted.peer);
  bring_back(bans, behind, lifted.peer, now);
  return true;
}

bool note(Heeded outcome, Hearsay& said, const log::DaemonLog& log) {
  if (outcome == Heeded::too_wide || outcome == Heeded::full) ++said.left_out;
  if (outcome == Heeded::full && !std::exchange(said.full_told, true))
    log.error("there is no more room for bans of {}: what all others say may take at most half of ban_limit; new ones are ignored from now on", said.whose);
  return outcome == Heeded::taken;
}

}  // namespace xsuperd::supervisor
