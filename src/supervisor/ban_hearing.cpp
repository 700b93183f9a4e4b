// SPDX-License-Identifier: MIT
#include "supervisor/ban_hearing.hpp"

#include <algorithm>
#include <chrono>
#include <string>

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

constexpr std::chrono::minutes look_every{1};

/// Those that have ended give way. All are gone through for that, and others say how often there is a reason to: so not each time.
bool keep(OwnBans& own, const policy::BanList::Ban& ban, base::Moment now) {
  if (own.bans.size() >= most_own_behind && now - own.looked_at >= look_every) {
    own.looked_at = now;
    erase_if(own.bans, [&](const auto& one) { return one.second.until <= now; });
  }
  if (own.bans.size() >= most_own_behind && !own.bans.contains(ban.peer)) return false;
  own.bans.insert_or_assign(ban.peer, ban);
  return true;
}

Heeded lengthen(policy::BanList& bans, OwnBans& own, const policy::BanList::Ban& there, base::Moment until, const policy::BanWhy& why, base::Moment now) {
  if (there.until == base::Moment::max() || (until != base::Moment::max() && until <= there.until + rounding)) return Heeded::known;
  const bool ours = !policy::ban_origin::is_fleet(there.origin);
  if (ours && !keep(own, there, now)) return Heeded::known;
  if (ours) bans.remove(there.peer);  // what an administrator has said would stay his, prolonged
  // In front of his it does not make room for what peers cause either: his would be gone with it.
  bans.add_until(there.peer, until, now, {.reason = why.reason, .origin = why.origin, .stays = there.stays});
  return Heeded::taken;
}

}  // namespace

Heeded heed(policy::BanList& bans, OwnBans& own, const fleet::Heard& heard, const ExemptNetworks& exempt, base::Moment now) {
  if (!fleet::may_travel(heard.peer)) return Heeded::too_wide;
  if (std::ranges::any_of(exempt, [&](const auto& one) { return within(heard.peer, one); })) return Heeded::exempt;
  const std::string origin = std::string(policy::ban_origin::fleet) + heard.host;
  const policy::BanWhy why{.reason = heard.reason, .origin = origin};
  const base::Moment until = end_of(heard, now);
  if (const auto there = bans.find(heard.peer, now)) return lengthen(bans, own, *there, until, why, now);
  const auto [capacity, of_others] = bans.filling();
  if (bans.size() >= capacity || of_others >= std::max<std::size_t>(capacity / 2, 1)) return Heeded::full;
  bans.add_until(heard.peer, until, now, why);
  return Heeded::taken;
}

bool heed(policy::BanList& bans, OwnBans& own, const fleet::Lifted& lifted, base::Moment now) {
  const auto there = bans.find(lifted.peer, now);
  if (!there || !policy::ban_origin::is_fleet(there->origin)) return false;
  bans.remove(lifted.peer);
  const auto ours = own.bans.find(lifted.peer);
  if (ours == own.bans.end()) return true;
  if (ours->second.until > now) bans.put(ours->second, now);
  own.bans.erase(ours);
  return true;
}

}  // namespace xsuperd::supervisor
