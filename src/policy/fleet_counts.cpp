// SPDX-License-Identifier: MIT
#include "xsuperd/policy/fleet_counts.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <utility>

namespace xsuperd::policy {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t greatest = 1'000'000'000;  ///< more than any limit: what comes of it fits into 64 bits

milliseconds length_of(std::uint32_t period) { return std::chrono::seconds(period); }

/// So many of the bucket before count yet as have come in the part of it that is within a period of now, were they spread evenly.
void add_rate(FleetCounts::Known& known, FleetWindow ours, FleetWindow others, const config::FleetRate& rate, milliseconds clock) {
  const milliseconds period = length_of(rate.period);
  const std::int64_t bucket = bucket_at(clock, period);
  ours.shift(bucket);
  others.shift(bucket);
  const auto whole = static_cast<std::uint64_t>(period.count());
  const auto rest = static_cast<std::uint64_t>((period - clock % period).count());
  const std::uint64_t now = std::min(ours.now + others.now, greatest), before = std::min(ours.before + others.before, greatest);
  known.admitted = now + (before * rest + whole - 1) / whole;
  known.rate_reached = (now + 1) * whole + before * rest > rate.count * whole;
}

void add_to(std::uint64_t& count, int more) {
  if (more < 0) count -= std::min<std::uint64_t>(count, 1);
  if (more > 0) ++count;
}

}  // namespace

void FleetWindow::shift(std::int64_t to) {
  if (to == bucket || to == bucket - 1) return;
  before = to == bucket + 1 ? now : 0;
  now = 0;
  bucket = to;
}

std::size_t hash_value(const FleetCounts::Key& key) {
  std::size_t seed = 0;
  boost::hash_combine(seed, key.service);
  boost::hash_combine(seed, key.source);
  return seed;
}

void FleetCounts::turn(bool on) {
  if (!on) entries_.clear(), changed_.clear();
  on_ = on;
}

FleetCounts::Known FleetCounts::look(const config::Service& service, const base::Address& source, base::Moment now) const {
  Known known;
  const Entry* entry = find({service.id, source});
  if (!entry) return known;
  const milliseconds time = clock(now);
  // Told in a bucket that is far ahead, by a clock that was wrong, it would count until that bucket comes.
  const std::int64_t age = bucket_at(time, session_bucket) - entry->told_in;
  if (age >= -1 && age <= 1) known.elsewhere = entry->elsewhere;
  const auto& rate = service.settings.fleet_rate;
  if (rate && !rate->is_unlimited() && rate->period == entry->period) add_rate(known, entry->ours, entry->others, *rate, time);
  return known;
}

void FleetCounts::asked(const config::Service& service, const Network& source, std::uint64_t running, int admitted, base::Moment now) {
  if (!on_ || !source.address.is_ip() || source.address.scope() != 0) return;
  const Key key{service.id, source.address};
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= most) return void(++left_out_);
    found = entries_.emplace(key, Entry{.number = ++last_number_, .source = source}).first;
  }
  Entry& entry = found->second;
  const config::Settings& s = service.settings;
  const std::uint32_t period = s.fleet_rate && !s.fleet_rate->is_unlimited() ? s.fleet_rate->period : 0;
  if (period != entry.period || source != entry.source) {  // the store has it elsewhere
    entry.source = source;
    entry.period = period;
    entry.ours = entry.others = {};
    entry.number = ++last_number_;
  }
  entry.per_source = s.fleet_per_source && !s.fleet_per_source->is_unlimited();
  entry.running = running;
  entry.touched = now;
  if (period > 0) {
    entry.ours.shift(bucket_at(clock(now), length_of(period)));
    add_to(entry.ours.now, admitted);
  }
  change(key, entry);
}

void FleetCounts::ended(const std::string& service, const base::Address& source, std::uint64_t running) {
  const Key key{service, source};
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.running == running) return;
  found->second.running = running;
  change(key, found->second);
}

void FleetCounts::change(const Key& key, Entry& entry) {
  if (entry.changed) return;
  changed_.push_back(key);
  entry.changed = true;
}

void FleetCounts::forget(const std::string& service) {
  boost::unordered::erase_if(entries_, [&](const auto& one) { return one.first.service == service; });
  std::erase_if(changed_, [&](const Key& key) { return key.service == service; });
}

std::vector<FleetCounts::Key> FleetCounts::take_changed() {
  for (const Key& key : changed_)
    if (const auto found = entries_.find(key); found != entries_.end()) found->second.changed = false;
  return std::exchange(changed_, {});
}

std::vector<FleetCounts::Key> FleetCounts::running() const {
  std::vector<Key> all;
  for (const auto& [key, entry] : entries_)
    if (entry.running > 0 && entry.per_source) all.push_back(key);
  return all;
}

const FleetCounts::Entry* FleetCounts::find(const Key& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

void FleetCounts::tell_sessions(const Key& key, std::int64_t bucket, std::uint64_t elsewhere) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  found->second.elsewhere = elsewhere;
  found->second.told_in = bucket;
}

void FleetCounts::tell_admitted(const Key& key, const FleetWindow& others) {
  if (const auto found = entries_.find(key); found != entries_.end()) found->second.others = others;
}

void FleetCounts::expire(base::Moment now) {
  boost::unordered::erase_if(entries_, [&](const auto& one) {
    const Entry& entry = one.second;
    const milliseconds lasts = 2 * std::max(session_bucket, length_of(entry.period));
    return entry.running == 0 && !entry.changed && now - entry.touched >= lasts;
  });
}

}  // namespace xsuperd::policy
