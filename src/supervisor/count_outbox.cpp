// SPDX-License-Identifier: MIT
#include "supervisor/count_outbox.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace xsuperd::supervisor {

namespace {

using std::chrono::milliseconds;
using policy::FleetCounts;
using policy::FleetWindow;

/// By then all hosts have told what they have in a bucket, and it stands for itself.
constexpr milliseconds settled_after{3'000};

std::uint64_t less(std::uint64_t all, std::uint64_t part) { return all - std::min(all, part); }
std::int64_t difference(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a) - static_cast<std::int64_t>(b); }

}  // namespace

void CountOutbox::put(const Key& key, bool admitted) {
  Told& told = told_[key];
  if (!told.sessions_wait && !told.admitted_wait) order_.push_back(key);
  told.sessions_wait = true;
  told.admitted_wait = told.admitted_wait || admitted;
}

void CountOutbox::gather() {
  for (const Key& key : counts_.take_changed()) put(key, true);
}

/// Of sources that are forgotten nothing waits either: a store that does not say what time it is would have us keep all that
/// ever came.
void CountOutbox::walk() {
  std::erase_if(order_, [&](const Key& key) { return !counts_.find(key); });
  boost::unordered::erase_if(told_, [&](auto& one) { return !counts_.find(one.first) && (refusals_.forget(one.second.refused), true); });
  walking_ = counts_.running();
}

/// There may be many of those that are walked through: they are looked at when their turn comes.
bool CountOutbox::have_one() {
  if (order_.empty() && !walking_.empty()) {
    put(walking_.back(), false);
    walking_.pop_back();
  }
  return !order_.empty();
}

void CountOutbox::ask_time() {
  const bool asked = std::ranges::any_of(under_way_, [](const UnderWay& one) { return one.kind == Kind::time; });
  time_wanted_ = !asked;
}

std::optional<fleet::Order> CountOutbox::next(base::Moment now) {
  if (std::exchange(time_wanted_, false)) {
    under_way_.push_back({});
    return fleet::AskTime{};
  }
  while (time_known_ && have_one()) {
    const Key key = order_.front();
    const auto told = told_.find(key);
    const Entry* entry = told == told_.end() ? nullptr : counts_.find(key);
    if (entry)
      if (auto order = order_of(key, *entry, told->second, counts_.clock(now))) return order;
    if (!entry && told != told_.end()) refusals_.forget(told->second.refused), told_.erase(told);
    order_.pop_front();
  }
  return std::nullopt;
}

std::optional<fleet::Order> CountOutbox::order_of(const Key& key, const Entry& entry, Told& told, milliseconds clock) {
  if (told.number != entry.number) {
    told.number = entry.number;
    told.sessions = told.admitted = {};
    refusals_.forget(told.refused);
  }
  if (!entry.per_source) refusals_.mark(told.refused.sessions, false);
  if (std::exchange(told.sessions_wait, false) && entry.per_source) return sessions_of(key, entry, told, clock);
  if (std::exchange(told.admitted_wait, false) && entry.period > 0) return admitted_of(key, entry, told, clock);
  return std::nullopt;
}

/// A bucket has as many as there are now.
fleet::Order CountOutbox::sessions_of(const Key& key, const Entry& entry, Told& told, milliseconds clock) {
  FleetWindow& has = told.sessions;
  has.shift(policy::bucket_at(clock, FleetCounts::session_bucket));
  const std::int64_t add = difference(entry.running, has.now);
  has.now = entry.running;
  return send(Kind::sessions, key, entry, add, has);
}

/// What was admitted at the very end of the bucket before goes there.
fleet::Order CountOutbox::admitted_of(const Key& key, const Entry& entry, Told& told, milliseconds clock) {
  FleetWindow& has = told.admitted;
  FleetWindow ours = entry.ours;
  const std::int64_t bucket = policy::bucket_at(clock, std::chrono::seconds(entry.period));
  has.shift(bucket);
  ours.shift(bucket);
  // A bucket ahead of the clock, which was put right, is left alone by that.
  if (ours.bucket != has.bucket) ours.bucket < has.bucket ? ours.shift(has.bucket) : has.shift(ours.bucket);
  if (const std::int64_t late = difference(ours.before, has.before); late != 0) {
    told.admitted_wait = true;
    has.before = ours.before;
    return send(Kind::late, key, entry, late, has);
  }
  const std::int64_t add = difference(ours.now, has.now);
  has.now = ours.now;
  return send(Kind::admitted, key, entry, add, has);
}

fleet::Order CountOutbox::send(Kind kind, const Key& key, const Entry& entry, std::int64_t add, const FleetWindow& ours) {
  const auto bounded = static_cast<std::int32_t>(std::clamp<std::int64_t>(add, -fleet::most_added, fleet::most_added));
  under_way_.push_back({kind, key, entry.number, bounded, ours});
  const bool sessions = kind == Kind::sessions;
  const auto length = sessions ? std::chrono::duration_cast<std::chrono::seconds>(FleetCounts::session_bucket).count() : entry.period;
  return fleet::Count{.what = sessions ? fleet::Count::What::sessions : fleet::Count::What::admitted,
                      .service = fleet::service_name(key.service),
                      .source = entry.source,
                      .length = static_cast<std::uint32_t>(length),
                      .bucket = static_cast<std::uint64_t>(std::max<std::int64_t>(ours.bucket - (kind == Kind::late ? 1 : 0), 0)),
                      .add = bounded};
}

bool CountOutbox::counted(const fleet::Counted& word, base::Moment now) {
  if (under_way_.empty() || under_way_.front().kind == Kind::time) return false;
  const UnderWay one = std::move(under_way_.front());
  under_way_.pop_front();
  if (const auto told = told_.find(one.key); told != told_.end() && told->second.number == one.number)
    refusals_.mark(one.kind == Kind::sessions ? told->second.refused.sessions : told->second.refused.admitted, false);
  const Entry* entry = counts_.find(one.key);
  if (!entry || entry->number != one.number || one.kind == Kind::late) return true;
  heed_loss(one, word);
  const FleetWindow others{one.ours.bucket, less(word.now, one.ours.now), less(word.before, one.ours.before)};
  if (one.kind == Kind::admitted) return counts_.tell_admitted(one.key, others), true;
  const milliseconds since = counts_.clock(now) - others.bucket * FleetCounts::session_bucket;
  counts_.tell_sessions(one.key, others.bucket, since < settled_after ? std::max(others.now, others.before) : others.now);
  return true;
}

/// A store that has begun anew has less than we have told it: what is missing is told with the next change. Only if nothing newer is
/// under way.
void CountOutbox::heed_loss(const UnderWay& one, const fleet::Counted& word) {
  const auto told = told_.find(one.key);
  if (told == told_.end() || told->second.number != one.number) return;
  FleetWindow& has = one.kind == Kind::sessions ? told->second.sessions : told->second.admitted;
  if (has == one.ours) has.now = std::min(has.now, word.now), has.before = std::min(has.before, word.before);
}

bool CountOutbox::told_time(const fleet::Time& word, base::Moment now) {
  if (under_way_.empty() || under_way_.front().kind != Kind::time) return false;
  under_way_.pop_front();
  counts_.set_clock(milliseconds(static_cast<std::int64_t>(word.shown)), now);
  time_known_ = true;
  if (std::exchange(inherits_, false)) take_as_told(policy::bucket_at(counts_.clock(now), FleetCounts::session_bucket));
  return true;
}

void CountOutbox::take_as_told(std::int64_t bucket) {
  for (const Key& key : counts_.running()) {
    const Entry& entry = *counts_.find(key);
    Told& told = told_[key];
    told.number = entry.number;
    told.sessions = {bucket, entry.running, entry.running};
  }
}

bool CountOutbox::failed(bool added) {
  if (under_way_.empty()) return false;
  const UnderWay one = std::move(under_way_.front());
  under_way_.pop_front();
  if (one.kind == Kind::time) return time_wanted_ = true;
  if (!added) take_back(one);
  if (const auto told = told_.find(one.key); told != told_.end() && told->second.number == one.number) {
    refusals_.mark(one.kind == Kind::sessions ? told->second.refused.sessions : told->second.refused.admitted, true);
    put(one.key, one.kind != Kind::sessions);
  }
  return true;
}

/// It has not been counted.
void CountOutbox::take_back(const UnderWay& one) {
  const auto found = told_.find(one.key);
  if (found == told_.end() || found->second.number != one.number) return;
  FleetWindow& has = one.kind == Kind::sessions ? found->second.sessions : found->second.admitted;
  const auto undo = [&](std::uint64_t& count) { count = static_cast<std::uint64_t>(std::max<std::int64_t>(static_cast<std::int64_t>(count) - one.add, 0)); };
  const std::int64_t older = has.bucket - one.ours.bucket;
  if (older == 0) undo(one.kind == Kind::late ? has.before : has.now);
  if (older == 1 && one.kind != Kind::late) undo(has.before);
}

void CountOutbox::lost() {
  under_way_.clear();
  time_wanted_ = time_known_ = false;
}

void CountOutbox::start_anew() {
  walk();
  for (auto& [key, told] : told_) {
    told.sessions = told.admitted = {};
    put(key, true);
  }
  std::erase_if(walking_, [&](const Key& key) { return told_.contains(key); });
}

void CountOutbox::clear() {
  told_.clear();
  refusals_.clear();
  order_.clear();
  walking_.clear();
  lost();
}

}  // namespace xsuperd::supervisor
