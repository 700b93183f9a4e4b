// SPDX-License-Identifier: MIT
#include "supervisor/ban_firewall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace xsuperd::supervisor {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t bans_a_turn = 1000;
constexpr std::size_t most_updated = 20'000;  ///< by one transaction
constexpr std::chrono::hours fill_every{1};
constexpr milliseconds longest_rest = seconds(60);
constexpr std::size_t most_left = 16;

/// Each set by itself.
template <typename One>
struct ByKind {
  std::array<std::vector<One>, nft::kinds.size()> all;
  std::vector<One>& operator[](nft::Kind kind) { return all[static_cast<std::size_t>(kind)]; }
};

std::string name_of(const config::BanNft& where) { return fmt::format("{} {} {}", where.family, where.table, where.set); }

/// Has somebody deleted the table, or a set? Said by the kernel, and in the same words by the library.
bool is_gone(const base::Result<std::string>& outcome) {
  return !outcome && outcome.error().sentence.find("No such file or directory") != std::string::npos;
}

}  // namespace

BanFirewall::BanFirewall(boost::asio::io_context& loop, net::Nft& nft, const policy::BanList& bans, const std::function<base::Moment()>& now,
                         const log::DaemonLog& log, const Pace& pace)
    : nft_(nft), bans_(bans), now_([&now] { return now(); }), log_(log), pace_(pace), alarm_(loop, [this] { step(); }), pause_(pace.pause) {}

void BanFirewall::use(const std::optional<config::BanNft>& where) {
  if (where == where_) {
    if (trouble_ && !busy_) alarm_.set(milliseconds(0));
    return;
  }
  if (std::exchange(ours_, false) && left_.size() < most_left) left_.push_back(*where_);
  if (where) std::erase(left_, *where);
  if (where == leaving_) leaving_.reset();
  where_ = where;
  ++attempt_;
  full_ = stale_ = false;
  filling_.reset();
  changed_.clear();
  networks_.clear();
  identity_.clear();
  trouble_.reset();
  pause_ = pace_.pause;
  wake();
}

void BanFirewall::changed(const policy::Network& peer) {
  if (!where_ || !nft::kind_of(peer, *where_)) return;
  if (stale_ || (!full_ && !filling_)) return;  // all of them will be written
  if (changed_.size() >= most_changed) return refill();
  try {
    const bool first = changed_.insert(peer).second && changed_.size() == 1;
    if (first && !busy_ && !trouble_) wake();
  } catch (const std::bad_alloc&) {
    refill();
  }
}

void BanFirewall::refill() {
  stale_ = true;
  changed_.clear();
  if (!trouble_ || !alarm_.is_set()) wake();
}

void BanFirewall::end() {
  alive_.reset();
  alarm_.cancel();
}

milliseconds BanFirewall::until_next() const {
  if (trouble_) return pause_;
  if (!left_.empty() || (!full_ && !stale_)) return milliseconds(0);
  if (stale_ || !changed_.empty()) return pace_.gathering;
  const base::Moment due = networks_.next();
  if (due >= now_() + pace_.look) return pace_.look;
  return std::max(pace_.gathering, std::chrono::ceil<milliseconds>(due - now_()));
}

void BanFirewall::wake() {
  if (busy_ || (!where_ && left_.empty())) return;
  alarm_.set(until_next());
}

void BanFirewall::step() {
  if (busy_) return;
  try {
    if (!left_.empty()) return leave();
    if (!where_) return;
    if (!full_ || stale_ || now_() - filled_ > fill_every) return look(&BanFirewall::looked);
    if (now_() - looked_ < pace_.look && (!changed_.empty() || networks_.due(now_()))) return update();
    look(&BanFirewall::looked_at_own);
  } catch (const std::bad_alloc&) {
    failed("memory is exhausted");
  }
}

void BanFirewall::tell(net::Nft::Text text, std::function<void(const Outcome&)> then) {
  nft_.run(std::move(text), [this, alive = std::weak_ptr(alive_), then = std::move(then)](const Outcome& outcome) {
    if (alive.expired()) return;
    busy_ = false;
    try {
      then(outcome);
    } catch (const std::bad_alloc&) {
      failed("memory is exhausted");
    }
  });
  busy_ = true;  // if nothing was thrown
}

/// `then` hears what was printed, unless it was about sets that are not ours any more.
void BanFirewall::run(net::Nft::Text text, void (BanFirewall::*then)(const Outcome&)) {
  begun_ = now_();
  tell([this, alive = std::weak_ptr(alive_), number = attempt_, text = std::move(text)](
           std::string& to) { return !alive.expired() && number == attempt_ && text(to); },
       [this, number = attempt_, then](const Outcome& outcome) { number == attempt_ ? (this->*then)(outcome) : wake(); });
}

/// Somebody may have made other sets of these names: they are looked at before.
void BanFirewall::leave() {
  leaving_ = std::move(left_.back());
  left_.pop_back();
  tell([where = *leaving_](std::string& to) { return to += nft::list_table(where), false; },
       [this](const Outcome& listing) { looked_at_left(listing); });
}

void BanFirewall::looked_at_left(const Outcome& listing) {
  if (!leaving_) return wake();  // they are ours again
  std::string text;
  if (listing)
    for (const nft::Kind kind : nft::read_table(*listing, *leaving_).ours) text += nft::flush(*leaving_, kind);
  if (text.empty()) return left(listing);
  tell([text = std::move(text)](std::string& to) { return to += text, false; }, [this](const Outcome& outcome) { left(outcome); });
}

void BanFirewall::left(const Outcome& outcome) {
  if (leaving_ && !outcome && !is_gone(outcome))
    log_.error("the sets of nftables that were named before are not empty: {} ({})", outcome.error().sentence, name_of(*leaving_));
  leaving_.reset();
  wake();
}

void BanFirewall::look(void (BanFirewall::*then)(const Outcome&)) {
  run([where = *where_](std::string& to) { return to += nft::list_table(where), false; }, then);
}

/// A table that is not there is no mistake: it is made.
void BanFirewall::looked(const Outcome& listing) {
  if (!listing && !is_gone(listing)) return failed(listing.error().sentence);
  if (listing)
    if (const nft::Found found = nft::read_table(*listing, *where_); !found.foreign.empty()) return failed(found.foreign);
  fill();
}

void BanFirewall::fill() {
  full_ = stale_ = false;
  ours_ = true;
  changed_.clear();
  networks_.clear();
  filling_ = Filling{};
  run([this](std::string& to) { return put_pieces(to); }, &BanFirewall::filled);
}

/// The first transaction makes the sets empty.
bool BanFirewall::put_pieces(std::string& to) {
  if (!filling_) return false;  // all of it begins anew
  if (!std::exchange(filling_->begun, true)) {
    to += nft::create(*where_);
    for (const nft::Kind kind : nft::kinds_of(*where_)) to += nft::flush(*where_, kind);
  }
  ByKind<nft::Element> some;
  std::size_t looked_at = 0;
  std::optional<policy::BanList::Ban> ban;
  for (; looked_at < bans_a_turn && (ban = bans_.next(filling_->cursor)); ++looked_at) {
    const auto kind = nft::kind_of(ban->peer, *where_);
    if (!kind) continue;
    if (nft::of_networks(*kind)) {
      networks_.insert(ban->peer);
      continue;
    }
    some[*kind].push_back({ban->peer, ban->until});
    ++filling_->in_this;
  }
  for (const nft::Kind kind : nft::kinds_of(*where_)) nft::add(to, *where_, kind, some[kind], now_());
  if (ban) return filling_->in_this < most_in_one;
  filling_->all = true;
  networks_.put(to, *where_, bans_, now_());
  return false;
}

void BanFirewall::filled(const Outcome& outcome) {
  if (!outcome) return failed(outcome.error().sentence);
  if (!filling_) return wake();
  networks_.written(begun_, now_());
  filling_->in_this = 0;
  if (!filling_->all) return run([this](std::string& to) { return put_pieces(to); }, &BanFirewall::filled);
  look(&BanFirewall::looked_at_own);
}

/// Somebody may have made the table anew.
void BanFirewall::looked_at_own(const Outcome& listing) {
  looked_ = now_();
  const bool filled = std::exchange(filling_, std::nullopt).has_value();
  if (is_gone(listing)) return refill();
  if (!listing) return failed(listing.error().sentence);
  const nft::Found found = nft::read_table(*listing, *where_);
  if (!found.foreign.empty()) return failed(found.foreign);
  if (filled && !found.complete()) return failed("the sets are not there though they have been made");
  if (filled)
    now_full(found.identity);
  else if (!found.complete() || found.identity != identity_)
    stale_ = true;
  wake();
}

void BanFirewall::now_full(const std::string& identity) {
  if (identity_.empty() || trouble_) log_.notice("the sets of nftables hold the bans: {}, {} in all", name_of(*where_), bans_.size());
  full_ = true;
  filled_ = now_();
  identity_ = identity;
  pause_ = pace_.pause;
  trouble_.reset();
}

void BanFirewall::update() {
  updating_.clear();
  for (auto next = changed_.begin(); next != changed_.end() && updating_.size() < most_updated;) {
    updating_.push_back(*next);
    changed_.erase(next++);
  }
  run([this](std::string& to) { return put_changes(to); }, &BanFirewall::updated);
}

/// As they are now, whatever has become of them meanwhile. What is there is taken out first, because kernels before Linux 6.12 do
/// not change the time of an element.
bool BanFirewall::put_changes(std::string& to) {
  const base::Moment now = now_();
  ByKind<policy::Network> all;
  ByKind<nft::Element> banned;
  for (std::size_t count = 0; count < bans_a_turn && !updating_.empty(); ++count, updating_.pop_back()) {
    const policy::Network& peer = updating_.back();
    const nft::Kind kind = *nft::kind_of(peer, *where_);
    const auto ban = bans_.find(peer, now);
    if (nft::of_networks(kind)) {
      if (ban) networks_.insert(peer);
      networks_.change();
      continue;
    }
    all[kind].push_back(peer);
    if (ban) banned[kind].push_back({peer, ban->until});
  }
  for (const nft::Kind kind : {nft::Kind::ipv4, nft::Kind::ipv6}) {
    nft::take_out(to, *where_, kind, all[kind]);
    nft::add(to, *where_, kind, banned[kind], now);
  }
  if (!updating_.empty()) return true;
  if (!networks_.due(now)) return false;
  for (const nft::Kind kind : nft::kinds_of(*where_))
    if (nft::of_networks(kind)) to += nft::flush(*where_, kind);
  networks_.put(to, *where_, bans_, now);
  return false;
}

void BanFirewall::updated(const Outcome& outcome) {
  if (is_gone(outcome)) return refill();
  if (!outcome) return failed(outcome.error().sentence);
  networks_.written(begun_, now_());
  wake();
}

void BanFirewall::failed(const std::string& why) {
  if (!where_) return alarm_.set(pace_.look);  // only what was named before is to be made empty
  if (trouble_ != why) log_.error("the bans are not in the firewall: {} ({}); they stay in force; retrying", why, name_of(*where_));
  trouble_ = why;
  filling_.reset();
  full_ = stale_ = false;
  changed_.clear();
  alarm_.set(pause_);
  pause_ = std::min(2 * pause_, longest_rest);
}

}  // namespace xsuperd::supervisor
