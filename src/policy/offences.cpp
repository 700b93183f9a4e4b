// SPDX-License-Identifier: MIT
#include "xsuperd/policy/offences.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::policy {

namespace {

using config::BanCause;

BanCause::Kind kind_of(config::Penalty::Cause cause) {
  switch (cause) {
    case config::Penalty::Cause::exit:
      return BanCause::Kind::exit;
    case config::Penalty::Cause::signal:
      return BanCause::Kind::signal;
    case config::Penalty::Cause::timeout:
      return BanCause::Kind::timeout;
    case config::Penalty::Cause::refused:
      break;
  }
  return BanCause::Kind::refused;
}

/// Is the misdeed one that the element counts? Of penalties their end decides.
bool is_meant(const BanCause& cause, const Misdeed& misdeed) {
  if (cause.kind != kind_of(misdeed.cause)) return false;
  if (cause.kind != BanCause::Kind::exit) return true;
  return cause.status == BanCause::any_failure ? misdeed.status != 0 : misdeed.status == cause.status;
}

}  // namespace

const BanCause* Offences::note(const config::Settings& settings, const base::Address& source, const Misdeed& misdeed,
                               std::optional<base::Moment> penalty_end, base::Moment now) {
  const bool counts = misdeed.by != Misdeed::By::ban && misdeed.by != Misdeed::By::circumstances;
  if (!settings.ban_on || !source.known() || !counts) return nullptr;
  const auto& causes = *settings.ban_on;
  counts_.resize(causes.size());
  const BanCause* found = nullptr;
  for (std::size_t i = 0; i < causes.size(); ++i) {
    const BanCause& cause = causes[i];
    bool reached = false;
    if (cause.kind == BanCause::Kind::penalty)
      reached = penalty_end && *penalty_end - now >= std::chrono::seconds(cause.window);
    else if (is_meant(cause, misdeed))
      reached = cause.count == 1 || counts_[i].trips({cause.count - 1, cause.window, 0}, source, now);
    if (reached && !found) found = &cause;
  }
  return found;
}

std::vector<Offences::Entry> Offences::snapshot() const {
  std::vector<Entry> all;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    for (const SourceRates::Count& one : counts_[i].snapshot()) all.push_back({static_cast<std::uint32_t>(i), one});
  return all;
}

void Offences::restore(const std::vector<Entry>& entries) {
  std::vector<std::vector<SourceRates::Count>> counts;
  for (const Entry& one : entries) {
    if (one.cause >= most_causes) continue;
    if (one.cause >= counts.size()) counts.resize(one.cause + 1);
    counts[one.cause].push_back(one.count);
  }
  counts_.assign(counts.size(), {});
  for (std::size_t i = 0; i < counts.size(); ++i) counts_[i].restore(counts[i]);
}

std::uint32_t Offenders::times(const Network& peer, base::Moment now) const {
  const auto found = entries_.find(peer);
  return found == entries_.end() || found->second.forgotten <= now ? 0 : found->second.times;
}

/// For so many. Few ends are looked at each time: where all of the first have been put off, there are more than `most` for a while.
void Offenders::make_room(std::size_t count, base::Moment now) {
  const auto is_to_go = [&] { return ends_.front().at <= now || entries_.size() + count > most; };
  for (int few = 8; few > 0 && !ends_.empty() && is_to_go(); --few) forget_first();
}

void Offenders::again(const Network& peer, base::Moment forgotten, base::Moment now) {
  if (const auto there = entries_.find(peer); there != entries_.end()) {
    Entry& entry = there->second;
    entry.times = entry.forgotten <= now ? 1 : std::max(entry.times, entry.times + 1);
    entry.forgotten = std::max(entry.forgotten, forgotten);
    return make_room(0, now);
  }
  make_room(1, now);
  add_end({forgotten, peer});  // an end without an entry is forgotten in its time
  entries_.emplace(peer, Entry{peer, 1, forgotten});
}

void Offenders::forget(const Network& peer) {
  if (entries_.erase(peer) > 0 && ends_.size() > 2 * entries_.size() + spare_ends) remake_ends();
}

/// There is room: they are less than before.
void Offenders::remake_ends() {
  ends_.clear();
  for (const auto& [peer, entry] : entries_) ends_.push_back({entry.forgotten, peer});
  std::make_heap(ends_.begin(), ends_.end(), later);
}

void Offenders::add_end(const End& end) {
  ends_.push_back(end);
  std::push_heap(ends_.begin(), ends_.end(), later);
}

/// Or puts it where it belongs now.
void Offenders::forget_first() {
  std::pop_heap(ends_.begin(), ends_.end(), later);
  End& first = ends_.back();
  const auto entry = entries_.find(first.peer);
  if (entry != entries_.end() && entry->second.forgotten > first.at) {
    first.at = entry->second.forgotten;
    return std::push_heap(ends_.begin(), ends_.end(), later);
  }
  if (entry != entries_.end()) entries_.erase(entry);
  ends_.pop_back();
}

std::vector<Offenders::Entry> Offenders::snapshot() const {
  std::vector<Entry> all;
  all.reserve(entries_.size());
  for (const auto& [peer, entry] : entries_) all.push_back(entry);
  std::ranges::sort(all, [](const Entry& a, const Entry& b) { return a.forgotten != b.forgotten ? a.forgotten < b.forgotten : a.peer < b.peer; });
  if (all.size() > most) all.erase(all.begin(), all.end() - most);
  return all;
}

void Offenders::restore(const std::vector<Entry>& entries) {
  entries_.clear();
  ends_.clear();
  for (Entry one : entries) {
    one.peer = Network::of(one.peer.address, one.peer.length);
    if (entries_.size() < most && one.peer.address.known() && entries_.emplace(one.peer, one).second) add_end({one.forgotten, one.peer});
  }
}

std::uint32_t ban_seconds(const config::BanTime& time, std::uint32_t times) {
  std::uint64_t seconds = time.first;
  for (; times > 0 && time.factor > 1 && seconds < time.greatest; --times) seconds *= time.factor;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(seconds, time.greatest));
}

std::string ban_reason(const BanCause& cause, const std::string& service) {
  const std::string_view word = config::word_of(config::vocabulary<BanCause::Kind>(), cause.kind);
  return cause.status == BanCause::any_failure ? fmt::format("{} {}", word, service) : fmt::format("{}:{} {}", word, cause.status, service);
}

}  // namespace xsuperd::policy
