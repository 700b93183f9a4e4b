// SPDX-License-Identifier: MIT
#include "xsuperd/log/history.hpp"

#include <utility>

#include "log/json.hpp"
#include "log/texts.hpp"

namespace xsuperd::log {

History::History(const Bounds& bounds, base::WallTime now)
    : bounds_(bounds),
      base_(static_cast<Number>(std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count())),
      last_(base_) {}

void History::add(std::string_view id, base::WallTime when, const Event& record) {
  Entry entry{.when = when, .record = record, .texts = {}, .id = std::string(id)};
  entry.texts.reserve(text_size(record));
  append_texts(entry.texts, record);
  const auto [chain, fresh] = chains_.try_emplace(entry.id);
  entry.before = chain->second.last;
  Entries::iterator at;
  try {
    at = entries_.emplace_hint(entries_.end(), last_ + 1, std::move(entry));
  } catch (...) {
    if (fresh) chains_.erase(chain);
    throw;
  }
  ++last_;
  Chain& own = chain->second;
  (own.count == 0 ? own.first : entries_.at(own.last).next) = last_;
  own.last = last_;
  ++own.count;
  make_room(&own);
}

void History::make_room(Chain* of_service) {
  if (of_service->count > bounds_.of_one) return drop(entries_.find(of_service->first));
  if (entries_.size() <= bounds_.all) return;
  drop(of_service->count > bounds_.spared ? entries_.find(of_service->first) : entries_.begin());
}

/// The oldest of its chain.
void History::drop(Entries::iterator entry) {
  const auto chain = chains_.find(entry->second.id);
  chain->second.first = entry->second.next;
  if (--chain->second.count == 0)
    chains_.erase(chain);
  else
    entries_.at(entry->second.next).before = 0;
  entries_.erase(entry);
}

History::Number History::after(Number number, std::string_view id) const {
  if (id.empty()) {
    const auto next = entries_.upper_bound(number);
    return next == entries_.end() ? 0 : next->first;
  }
  const auto chain = chains_.find(std::string(id));
  if (chain == chains_.end() || chain->second.last <= number) return 0;
  if (chain->second.first > number) return chain->second.first;
  if (const auto there = entries_.find(number); there != entries_.end() && there->second.id == id) return there->second.next;
  Number next = chain->second.last;
  while (entries_.at(next).before > number) next = entries_.at(next).before;
  return next;
}

History::Number History::before_last(std::size_t count, std::string_view id) const {
  if (id.empty()) {
    auto at = entries_.end();
    while (count-- > 0 && at != entries_.begin()) --at;
    return at == entries_.end() ? last_ : at->first - 1;
  }
  const auto chain = chains_.find(std::string(id));
  if (chain == chains_.end() || count == 0) return last_;
  Number at = chain->second.last;
  while (--count > 0 && entries_.at(at).before != 0) at = entries_.at(at).before;
  return at - 1;
}

std::uint64_t History::lost_after(Number number) const {
  if (number < base_ || number >= last_) return 0;
  std::uint64_t kept = 0;
  for (auto at = entries_.upper_bound(number); at != entries_.end(); ++at) ++kept;
  return last_ - number - kept;
}

std::string History::json_of(Number number) const {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return {};
  const Entry& entry = found->second;
  Stamp stamp{utc_stamp};
  std::string text;
  append_json(text, stamp, entry.when, with_texts(entry.record, entry.texts));
  return text;
}

}  // namespace xsuperd::log
