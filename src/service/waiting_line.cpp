// SPDX-License-Identifier: MIT
#include "xsuperd/service/waiting_line.hpp"

#include <algorithm>

namespace xsuperd::service {

bool WaitingLine::in_force(const Turn& turn) const {
  const Source& source = sources_[turn.source];
  return source.turn == turn.number && !source.aside;
}

const WaitingLine::Source* WaitingLine::first() {
  while (!turns_.empty() && !in_force(turns_.front())) {
    std::pop_heap(turns_.begin(), turns_.end(), later);
    turns_.pop_back();
  }
  return turns_.empty() ? nullptr : &sources_[turns_.front().source];
}

std::optional<WaitingLine::Next> WaitingLine::next() const {
  if (turns_.empty() || !in_force(turns_.front())) return std::nullopt;
  const Source& source = sources_[turns_.front().source];
  return Next{waits_[source.first].token, source.exempt};
}

void WaitingLine::put_aside() {
  sources_[turns_.front().source].aside = true;
  std::pop_heap(turns_.begin(), turns_.end(), later);
  turns_.pop_back();
}

/// There is room: push() has made it for two of each source, and of more than that the rest is out of date.
void WaitingLine::add_turn(std::uint32_t source) {
  if (turns_.size() == turns_.capacity()) {
    std::erase_if(turns_, [this](const Turn& turn) { return !in_force(turn); });
    std::make_heap(turns_.begin(), turns_.end(), later);
  }
  turns_.push_back({sources_[source].turn, source});
  std::push_heap(turns_.begin(), turns_.end(), later);
}

void WaitingLine::take_back(const base::Address& source) {
  const auto found = source_index_.find(source);
  if (found == source_index_.end() || !sources_[found->second].aside) return;
  sources_[found->second].aside = false;
  add_turn(found->second);
}

/// That of a new one has no turn yet.
std::uint32_t WaitingLine::source_number(const base::Address& address, bool exempt) {
  if (const auto found = source_index_.find(address); found != source_index_.end()) return found->second;
  const std::size_t wanted = 2 * (source_index_.size() + 1);
  if (turns_.capacity() < wanted) turns_.reserve(2 * wanted);
  Source source;
  source.address = address;
  source.exempt = exempt;
  const std::uint32_t number = sources_.put(source);
  try {
    source_index_.emplace(address, number);
  } catch (...) {
    sources_.drop(number);
    throw;
  }
  return number;
}

void WaitingLine::append(std::uint32_t number) {
  Wait& wait = waits_[number];
  Source& source = sources_[wait.source];
  wait.before = source.last;
  (source.last == none ? source.first : waits_[source.last].after) = number;
  source.last = number;
  ++source.count;
  wait.older = youngest_;
  (youngest_ == none ? oldest_ : waits_[youngest_].younger) = number;
  youngest_ = number;
}

void WaitingLine::push(Token token, const base::Address& source, bool exempt, base::Moment since) {
  if (contains(token)) return;
  const std::uint32_t from = source_number(source, exempt);
  std::uint32_t number = none;
  try {
    Wait wait;
    wait.token = token;
    wait.since = since;
    wait.source = from;
    number = waits_.put(wait);
    index_.emplace(token, number);
  } catch (...) {  // no memory
    if (number != none) waits_.drop(number);
    if (sources_[from].count == 0) forget_source(from);
    throw;
  }
  append(number);
  if (sources_[from].turn != 0) return;
  sources_[from].turn = new_turn(sources_[from]);
  add_turn(from);
}

void WaitingLine::unlink(const Wait& wait) {
  Source& source = sources_[wait.source];
  (wait.before == none ? source.first : waits_[wait.before].after) = wait.after;
  (wait.after == none ? source.last : waits_[wait.after].before) = wait.before;
  --source.count;
  (wait.older == none ? oldest_ : waits_[wait.older].younger) = wait.younger;
  (wait.younger == none ? youngest_ : waits_[wait.younger].older) = wait.older;
}

void WaitingLine::forget_source(std::uint32_t number) {
  source_index_.erase(sources_[number].address);
  sources_.drop(number);
  if (source_index_.empty()) turns_.clear();
}

bool WaitingLine::take_out(Token token, bool served) {
  const auto found = index_.find(token);
  if (found == index_.end()) return false;
  const std::uint32_t number = found->second;
  const std::uint32_t from = waits_[number].source;
  unlink(waits_[number]);
  waits_.drop(number);
  index_.erase(found);
  if (sources_[from].count == 0) return forget_source(from), true;
  if (!served) return true;
  sources_[from].turn = new_turn(sources_[from]);
  if (!sources_[from].aside) add_turn(from);
  return true;
}

std::optional<WaitingLine::Oldest> WaitingLine::oldest() const {
  if (oldest_ == none) return std::nullopt;
  return Oldest{waits_[oldest_].token, waits_[oldest_].since};
}

std::size_t WaitingLine::count_from(const base::Address& source) const {
  const auto found = source_index_.find(source);
  return found == source_index_.end() ? 0 : sources_[found->second].count;
}

std::size_t WaitingLine::before(const base::Address& source, bool exempt) const {
  const std::size_t own = count_from(source);
  std::size_t count = own;
  for (const auto& [address, number] : source_index_) {
    const Source& other = sources_[number];
    if (address == source || (exempt && !other.exempt)) continue;
    count += other.exempt && !exempt ? other.count : std::min<std::size_t>(other.count, own + 1);
  }
  return count;
}

std::vector<StateSnapshot::Waiting> WaitingLine::snapshot() const {
  std::vector<const Source*> sources;
  for (const auto& [address, number] : source_index_) sources.push_back(&sources_[number]);
  std::ranges::sort(sources, {}, &Source::turn);
  std::vector<StateSnapshot::Waiting> all;
  all.reserve(size());
  for (const Source* source : sources)
    for (std::uint32_t at = source->first; at != none; at = waits_[at].after)
      all.push_back({waits_[at].token, source->address, waits_[at].since, source->exempt});
  return all;
}

/// Twice: the first time for the turns of the sources, then in the order of age.
void WaitingLine::restore(std::vector<StateSnapshot::Waiting> waiting) {
  for (const StateSnapshot::Waiting& one : waiting)
    if (const std::uint32_t source = source_number(one.source, one.exempt); sources_[source].turn == 0) {
      sources_[source].turn = new_turn(sources_[source]);
      add_turn(source);
    }
  std::ranges::stable_sort(waiting, {}, [](const auto& one) { return std::pair(one.since, one.token); });
  for (const StateSnapshot::Waiting& one : waiting) push(one.token, one.source, one.exempt, one.since);
}

}  // namespace xsuperd::service
