// SPDX-License-Identifier: MIT
#include "xsuperd/policy/ban_list.hpp"

#include <algorithm>

namespace xsuperd::policy {

BanList::Result BanList::add(const base::Address& peer, int minutes, base::Moment now) {
  const base::Moment until = minutes < 0 ? base::Moment::max() : now + std::chrono::minutes(minutes);
  const base::Address address = peer.unmapped();
  auto& by_peer = bans_.get<0>();
  auto& by_touch = bans_.get<1>();
  if (const auto there = by_peer.find(address); there != by_peer.end()) {
    by_peer.modify(there, [&](Ban& ban) { ban.until = std::max(ban.until, until); });
    by_touch.relocate(by_touch.end(), bans_.project<1>(there));
    return {Added::extended, false};
  }
  const bool full = bans_.size() >= capacity_;
  if (full) by_touch.pop_front();
  by_peer.insert({address, until});
  return {Added::fresh, full};
}

bool BanList::banned(const base::Address& peer, base::Moment now) const {
  if (bans_.empty()) return false;
  const auto there = bans_.get<0>().find(peer.unmapped());
  return there != bans_.get<0>().end() && now < there->until;
}

bool BanList::remove(const base::Address& peer) { return bans_.get<0>().erase(peer.unmapped()) > 0; }

std::size_t BanList::expire(base::Moment now) {
  auto& by_end = bans_.get<2>();
  const std::size_t before = bans_.size();
  by_end.erase(by_end.begin(), by_end.upper_bound(now));
  return before - bans_.size();
}

std::vector<std::pair<base::Address, base::Moment>> BanList::all(base::Moment now) const {
  std::vector<std::pair<base::Address, base::Moment>> found;
  for (const Ban& ban : bans_.get<1>())
    if (now < ban.until) found.emplace_back(ban.peer, ban.until);
  return found;
}

std::optional<base::Moment> BanList::next_end() const {
  if (bans_.empty() || bans_.get<2>().begin()->until == base::Moment::max()) return std::nullopt;
  return bans_.get<2>().begin()->until;
}

std::vector<BanList::Ban> BanList::snapshot() const {
  const auto& by_touch = bans_.get<1>();
  return {by_touch.begin(), by_touch.end()};
}

void BanList::restore(const std::vector<Ban>& bans) {
  bans_.clear();
  auto& by_touch = bans_.get<1>();
  for (auto one = bans.rbegin(); one != bans.rend() && bans_.size() < capacity_; ++one)
    by_touch.push_front({one->peer.unmapped(), one->until});
}

}  // namespace xsuperd::policy
