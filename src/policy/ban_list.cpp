// SPDX-License-Identifier: MIT
#include "xsuperd/policy/ban_list.hpp"

#include <algorithm>
#include <functional>

namespace xsuperd::policy {

std::size_t BanList::kind_of(const base::Address& address) {
  return !address.is_ip() ? 2 : address.family() == base::Address::Family::ipv4 ? 1 : 0;
}

void BanList::count(const Network& peer) {
  Lengths& lengths = lengths_of(peer);
  if (lengths.counts[peer.length]++ > 0) return;
  const auto at = std::lower_bound(lengths.used.begin(), lengths.used.end(), peer.length, std::greater<>());
  lengths.used.insert(at, peer.length);
}

void BanList::uncount(const Network& peer) {
  Lengths& lengths = lengths_of(peer);
  if (--lengths.counts[peer.length] == 0) std::erase(lengths.used, peer.length);
}

BanList::Result BanList::add(const Network& peer, int minutes, base::Moment now) {
  const base::Moment until = minutes < 0 ? base::Moment::max() : now + std::chrono::minutes(minutes);
  auto& by_peer = bans_.get<0>();
  auto& by_touch = bans_.get<1>();
  if (const auto there = by_peer.find(peer); there != by_peer.end()) {
    by_peer.modify(there, [&](Ban& ban) { ban.until = std::max(ban.until, until); });
    by_touch.relocate(by_touch.end(), bans_.project<1>(there));
    return {Added::extended, false};
  }
  const bool full = bans_.size() >= capacity_;
  if (full) {
    uncount(by_touch.front().peer);
    by_touch.pop_front();
  }
  by_peer.insert({peer, until});
  count(peer);
  return {Added::fresh, full};
}

bool BanList::banned(const base::Address& peer, base::Moment now) const { return covering(peer, now).has_value(); }

std::optional<Network> BanList::covering(const base::Address& peer, base::Moment now) const {
  if (bans_.empty() || !peer.known()) return std::nullopt;
  const base::Address address = peer.unmapped();
  for (const std::uint8_t length : lengths_[kind_of(address)].used) {
    const Network network = Network::of(address, length);
    if (contains(network, now)) return network;
  }
  return std::nullopt;
}

bool BanList::contains(const Network& peer, base::Moment now) const {
  const auto there = bans_.get<0>().find(peer);
  return there != bans_.get<0>().end() && now < there->until;
}

bool BanList::remove(const Network& peer) {
  if (bans_.get<0>().erase(peer) == 0) return false;
  uncount(peer);
  return true;
}

std::size_t BanList::expire(base::Moment now) {
  auto& by_end = bans_.get<2>();
  const std::size_t before = bans_.size();
  const auto last = by_end.upper_bound(now);
  for (auto over = by_end.begin(); over != last; ++over) uncount(over->peer);
  by_end.erase(by_end.begin(), last);
  return before - bans_.size();
}

std::vector<std::pair<Network, base::Moment>> BanList::all(base::Moment now) const {
  std::vector<std::pair<Network, base::Moment>> found;
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
  lengths_ = {};
  auto& by_touch = bans_.get<1>();
  for (auto one = bans.rbegin(); one != bans.rend() && bans_.size() < capacity_; ++one) {
    const Network peer = Network::of(one->peer.address, one->peer.length);
    if (by_touch.push_front({peer, one->until}).second) count(peer);
  }
}

}  // namespace xsuperd::policy
