// SPDX-License-Identifier: MIT
#include "xsuperd/policy/source_times.hpp"

namespace xsuperd::policy {

const SourceTimes::Entry* SourceTimes::find(const base::Address& source, base::Moment now) const {
  const auto found = entries_.find(source);
  return found == entries_.end() || found->second.end <= now ? nullptr : &found->second;
}

void SourceTimes::forget(std::set<std::pair<base::Moment, base::Address>>::iterator first) {
  entries_.erase(first->second);
  by_end_.erase(first);
}

void SourceTimes::set(const Entry& entry, base::Moment now) {
  if (!entry.source.known()) return;
  while (!by_end_.empty() && by_end_.begin()->first <= now) forget(by_end_.begin());
  if (const auto before = entries_.find(entry.source); before != entries_.end()) {
    by_end_.erase({before->second.end, entry.source});
    entries_.erase(before);
  }
  if (entries_.size() == most) forget(by_end_.begin());
  by_end_.emplace(entry.end, entry.source);
  entries_.emplace(entry.source, entry);
}

void SourceTimes::clear() {
  entries_.clear();
  by_end_.clear();
}

std::vector<SourceTimes::Entry> SourceTimes::snapshot() const {
  std::vector<Entry> all;
  all.reserve(by_end_.size());
  for (const auto& [end, source] : by_end_) all.push_back(entries_.at(source));
  return all;
}

void SourceTimes::restore(const std::vector<Entry>& entries) {
  clear();
  for (const Entry& one : entries)
    if (entries_.size() < most && one.source.known() && entries_.emplace(one.source, one).second) by_end_.emplace(one.end, one.source);
}

}  // namespace xsuperd::policy
