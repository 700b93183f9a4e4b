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

using policy::ban_origin::speaker_of;
std::string_view speaker_of(fleet::Source source) { return source == fleet::Source::crowdsec ? policy::ban_origin::crowdsec : policy::ban_origin::fleet; }

/// Does the other one end later, and not only because seconds are rounded?
bool is_longer(base::Moment until, base::Moment other) {
  return until != base::Moment::max() && (other == base::Moment::max() || other > until + rounding);
}

/// What is not longer is kept behind somebody else's ban alone, and if ours there is shorter: when ours is lifted here, an
/// administrator wants the peer in. So what the store tells back of ours is not kept either.
void keep_shorter(const policy::BanList& bans, BansBehind& behind, const policy::BanList::Ban& there, const policy::BanList::Ban& said,
                  base::Moment now) {
  if (speaker_of(there.origin) == speaker_of(said.origin) || !policy::ban_origin::is_foreign(there.origin)) return;
  if (const auto* ours = behind.find(said.peer, policy::ban_origin::ours, now); ours && !is_longer(ours->until, said.until)) return;
  (void)behind.keep(bans, said, now);
}

Heeded join(policy::BanList& bans, BansBehind& behind, const policy::BanList::Ban& there, const policy::BanList::Ban& said, base::Moment now) {
  if (!is_longer(there.until, said.until)) return keep_shorter(bans, behind, there, said, now), Heeded::known;
  const bool same = speaker_of(there.origin) == speaker_of(said.origin);
  if (!same && !behind.keep(bans, there, now)) return Heeded::known;
  behind.forget(said.peer, speaker_of(said.origin));
  if (!same) bans.remove(there.peer);  // what an administrator has said would stay his, prolonged
  // In front of his it does not make room for what peers cause either: his would be gone with it.
  bans.add_until(said.peer, said.until, now, {.reason = said.reason, .origin = said.origin, .stays = there.stays});
  return Heeded::taken;
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
  behind.forget(said.peer);  // has gone with the one in front of it
  bans.put(said, now);
  return Heeded::taken;
}

bool heed(policy::BanList& bans, BansBehind& behind, const fleet::Lifted& lifted, base::Moment now) {
  const auto there = bans.find(lifted.peer, now);
  if (!there || speaker_of(there->origin) != speaker_of(lifted.source)) return behind.forget(lifted.peer, speaker_of(lifted.source)), false;
  bans.remove(lifted.peer);
  behind.bring_back(bans, lifted.peer, now);
  return true;
}

std::optional<policy::BanList::Ban> ban_to_tell(const policy::BanList& bans, const BansBehind& behind, const policy::Network& peer, base::Moment now) {
  auto front = bans.find(peer, now);
  if (!front || !policy::ban_origin::is_foreign(front->origin)) return front;
  const auto* ours = behind.find(peer, policy::ban_origin::ours, now);
  if (!ours) return std::nullopt;
  const auto* fleets = policy::ban_origin::is_fleet(front->origin) ? &*front : behind.find(peer, policy::ban_origin::fleet, now);
  return fleets && fleets->until > ours->until ? std::nullopt : std::optional(*ours);
}

bool note(Heeded outcome, Hearsay& said, const log::DaemonLog& log) {
  if (outcome == Heeded::too_wide || outcome == Heeded::full) ++said.left_out;
  if (outcome == Heeded::full && !std::exchange(said.full_told, true))
    log.error("no room for more bans of {}: those of all others may take at most half of ban_limit; new ones are ignored", said.whose);
  return outcome == Heeded::taken;
}

}  // namespace xsuperd::supervisor
