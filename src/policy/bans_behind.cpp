// SPDX-License-Identifier: MIT
#include "xsuperd/policy/bans_behind.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::policy {

namespace {

using Ban = BanList::Ban;

constexpr std::chrono::minutes look_every{1};

std::string_view speaker_of(const Ban& ban) { return ban_origin::speaker_of(ban.origin); }

bool are_over(const std::vector<Ban>& all, base::Moment now) {
  return std::ranges::all_of(all, [&](const Ban& one) { return one.until <= now; });
}

BanWhy why_of(const Ban& ban) { return {.reason = ban.reason, .origin = ban.origin, .stays = ban.stays}; }

/// Of two of ours, as BanList makes one of them.
Ban joined(const Ban& old, const Ban& ours) {
  Ban both = old;
  if (ours.stays || (ours.until > old.until && !old.stays)) both.reason = ours.reason, both.origin = ours.origin;
  both.until = std::max(old.until, ours.until);
  both.stays = old.stays || ours.stays;
  return both;
}

/// `front`, which is somebody else's, ends no sooner.
BanList::Result go_behind(BanList& bans, BansBehind& behind, const Ban& front, const Ban& ours, bool changes, base::Moment now) {
  if (!behind.keep(bans, ours, now)) return bans.put({front.peer, front.until, now, 0, ours.stays, ours.reason, ours.origin}, now);
  // A touch of his as well: ours would be gone with it.
  BanWhy why = why_of(front);
  why.stays = front.stays || ours.stays;
  changes = changes || why.stays != front.stays;
  bans.add_until(front.peer, front.until, now, why);
  return {changes ? BanList::Added::extended : BanList::Added::unchanged, false};
}

}  // namespace

const Ban* BansBehind::find(const Network& peer, std::string_view speaker, base::Moment now) const {
  const auto there = peers.find(peer);
  if (there == peers.end()) return nullptr;
  const auto one = std::ranges::find(there->second, speaker, speaker_of);
  return one == there->second.end() || one->until <= now ? nullptr : &*one;
}

/// Those that have ended give way. All are gone through for that, and others say how often there is a reason to: so not each time.
bool BansBehind::keep(const BanList& bans, const Ban& ban, base::Moment now) {
  if (peers.size() >= most_behind && now - looked_at >= look_every) {
    looked_at = now;
    erase_if(peers, [&](const auto& one) { return are_over(one.second, now) || !bans.contains(one.first, now); });
  }
  if (peers.size() >= most_behind && !peers.contains(ban.peer)) return false;
  auto& all = peers[ban.peer];
  const auto same = std::ranges::find(all, speaker_of(ban), speaker_of);
  if (same == all.end())
    all.push_back(ban);
  else if (same->until < ban.until || speaker_of(ban) == ban_origin::ours)
    *same = ban;
  return true;
}

void BansBehind::forget(const Network& peer, std::string_view speaker) {
  const auto there = peers.find(peer);
  if (there == peers.end()) return;
  std::erase_if(there->second, [&](const Ban& one) { return speaker_of(one) == speaker; });
  if (there->second.empty()) peers.erase(there);
}

void BansBehind::bring_back(BanList& bans, const Network& peer, base::Moment now) {
  const auto there = peers.find(peer);
  if (there == peers.end()) return;
  auto& all = there->second;
  std::erase_if(all, [&](const Ban& one) { return one.until <= now; });
  std::ranges::sort(all, {}, [](const Ban& one) { return std::pair(one.until, speaker_of(one) == ban_origin::ours); });
  if (!all.empty()) {
    Ban front = all.back();
    front.stays = std::ranges::any_of(all, &Ban::stays);  // an administrator's would be gone with the one in front of it
    bans.put(front, now);
    all.pop_back();
  }
  if (all.empty()) peers.erase(there);
}

BanList::Result ban_too(BanList& bans, BansBehind& behind, const Ban& ours, base::Moment now) {
  const auto front = bans.find(ours.peer, now);
  if (!front) {
    behind.forget(ours.peer);  // has gone with the one in front of it
    bans.remove(ours.peer);    // its time is over
    return bans.put(ours, now);
  }
  if (!ban_origin::is_foreign(front->origin)) return bans.add_until(ours.peer, ours.until, now, why_of(ours));
  const Ban* old = behind.find(ours.peer, ban_origin::ours, now);
  const Ban both = old ? joined(*old, ours) : ours;
  if (both.until <= front->until) return go_behind(bans, behind, *front, both, !old || both != *old, now);
  behind.forget(ours.peer);
  return bans.put(both, now);
}

BanList::Result ban_until(BanList& bans, BansBehind& behind, const Network& peer, base::Moment until, base::Moment now, const BanWhy& why) {
  return ban_too(bans, behind, {peer, until, now, 0, why.stays, std::string(why.reason), std::string(why.origin)}, now);
}

}  // namespace xsuperd::policy
