// SPDX-License-Identifier: MIT
#include "xsuperd/policy/source_times.hpp"

#include <algorithm>

namespace xsuperd::policy {

const SourceTimes::Entry* SourceTimes::find(const base::Address& source, base::Moment now) const {
  const auto found = entries_.find(source);
  return found == entries_.end() || found->second.end <= now ? nullptr : &found->second;
}

void SourceTimes::add_end(const End& end) {
  ends_.push_back(end);
  std::push_heap(ends_.begin(), ends_.end(), later);
}

/// Or puts it where it belongs now.
void SourceTimes::forget_first() {
  std::pop_heap(ends_.begin(), ends_.end(), later);
  End& first = ends_.back();
  const auto entry = entries_.find(first.source);
  if (entry != entries_.end() && entry->second.end > first.at) {
    first.at = entry->second.end;
    return std::push_heap(ends_.begin(), ends_.end(), later);
  }
  if (entry != entries_.end()) entries_.erase(entry);
  ends_.pop_back();
}

void SourceTimes::set(const Entry& entry, base::Moment now) {
  const auto before = entries_.find(entry.source);
  if (before == entries_.end()) return add(entry, now);
  before->second = entry;
}

void SourceTimes::add(const Entry& entry, base::Moment now) {
  if (!entry.source.known()) return;
  while (!ends_.empty() && ends_.front().at <= now) forget_first();
  while (entries_.size() >= most) forget_first();
  add_end({entry.end, entry.source});  // an end without a source is forgotten in its time
  entries_.emplace(entry.source, entry);
}

void SourceTimes::shorten(base::Moment end) {
  for (auto& [source, entry] : entries_) entry.end = std::min(entry.end, end);
  for (End& one : ends_) one.at = std::min(one.at, end);
  std::make_heap(ends_.begin(), ends_.end(), later);
}

void SourceTimes::clear() {
  entries_.clear();
  ends_.clear();
}

std::vector<SourceTimes::Entry> SourceTimes::snapshot() const {
  std::vector<Entry> all;
  all.reserve(entries_.size());
  for (const auto& [source, entry] : entries_) all.push_back(entry);
  std::ranges::sort(all, [](const Entry& a, const Entry& b) { return a.end != b.end ? a.end < b.end : a.source < b.source; });
  return all;
}

void SourceTimes::restore(const std::vector<Entry>& entries) {
  clear();
  for (const Entry& one : entries)
    if (entries_.size() < most && one.source.known() && entries_.emplace(one.source, one).second) add_end({one.end, one.source});
}

}  // namespace xsuperd::policy
