// SPDX-License-Identifier: MIT
#include "supervisor/ban_outbox.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "xsuperd/policy/ban_origin.hpp"

namespace xsuperd::supervisor {

namespace {

std::optional<fleet::Order> told(const std::optional<policy::BanList::Ban>& ban, base::Moment now) {
  if (!ban || !fleet::may_travel(ban->peer) || ban->until <= now) return std::nullopt;
  std::uint64_t seconds = 0;
  if (ban->until != base::Moment::max()) seconds = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(ban->until - now).count());
  return fleet::Add{ban->peer, seconds, fleet::plain(ban->reason)};
}

}  // namespace

bool BanOutbox::put(const policy::Network& peer, bool lifted) {
  if (!fleet::may_travel(peer)) return true;
  if (const auto there = waiting_.find(peer); there != waiting_.end()) return there->second = lifted, true;
  if (waiting_.size() >= most) {
    if (!lifted) walk();
    return false;
  }
  waiting_.emplace(peer, lifted);
  order_.push_back(peer);
  return true;
}

void BanOutbox::walk() {
  walking_ = policy::BanList::Cursor();
  listing_ = false;
  there_.clear();
}

void BanOutbox::start_anew() {
  refused(under_way_.size());
  walking_.reset();
  there_.clear();
  listing_ = true;
}

/// What finds no room is told once more.
void BanOutbox::has(const policy::Network& peer) {
  if (listing_ && there_.size() < most) there_.insert(peer);
}

void BanOutbox::listed() {
  if (!std::exchange(listing_, false)) return;
  walking_ = policy::BanList::Cursor();
}

std::optional<fleet::Order> BanOutbox::next(const policy::BanList& bans, const BansBehind& behind, base::Moment now, std::size_t& steps) {
  while (steps > 0 && !order_.empty()) {
    --steps;
    if (auto change = take_waiting(bans, behind, now)) return change;
  }
  return walk_on(bans, behind, now, steps);
}

/// As it is now: it may have been lifted meanwhile, or be banned again.
std::optional<fleet::Order> BanOutbox::take_waiting(const policy::BanList& bans, const BansBehind& behind, base::Moment now) {
  const policy::Network peer = order_.front();
  const bool lifted = waiting_.at(peer);
  const auto ban = ban_to_tell(bans, behind, peer, now);
  auto change = ban || !lifted ? told(ban, now) : std::optional<fleet::Order>(fleet::Remove{peer});
  if (change) under_way_.push_back({peer, std::holds_alternative<fleet::Remove>(*change)});
  order_.pop_front();
  waiting_.erase(peer);
  return change;
}

std::optional<fleet::Order> BanOutbox::walk_on(const policy::BanList& bans, const BansBehind& behind, base::Moment now, std::size_t& steps) {
  while (walking_ && steps > 0) {
    --steps;
    const auto ban = bans.next(*walking_);
    if (!ban) return walking_.reset(), there_.clear(), std::nullopt;
    if (there_.contains(ban->peer)) continue;
    auto change = told(policy::ban_origin::is_foreign(ban->origin) ? ban_to_tell(bans, behind, ban->peer, now) : ban, now);
    if (!change) continue;
    under_way_.push_back({ban->peer, false});
    return change;
  }
  return std::nullopt;
}

void BanOutbox::done(std::size_t count) { under_way_.erase(under_way_.begin(), under_way_.begin() + static_cast<std::ptrdiff_t>(std::min(count, under_way_.size()))); }

/// What has come since counts more, but that it was lifted stays: an older change of the peer may have been put back already, and
/// where it is banned anew that is seen when its turn comes.
void BanOutbox::put_back(Change change) {
  if (const auto there = waiting_.find(change.peer); there != waiting_.end())
    there->second = there->second || change.lifted;
  else
    (void)put(change.peer, change.lifted);
}

void BanOutbox::refused(std::size_t count) {
  for (; count > 0 && !under_way_.empty(); --count) {
    put_back(under_way_.front());
    under_way_.pop_front();
  }
}

bool BanOutbox::lifts(const policy::Network& peer) const {
  if (const auto there = waiting_.find(peer); there != waiting_.end()) return there->second;
  return std::ranges::any_of(under_way_, [&](const Change& one) { return one.lifted && one.peer == peer; });
}

}  // namespace xsuperd::supervisor
