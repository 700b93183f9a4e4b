// SPDX-License-Identifier: MIT
#include "xsuperd/log/history.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/json.hpp"
#include "log/texts.hpp"

namespace xsuperd::log {

namespace {

/// Puts the texts of the event behind each other.
void copy_texts(char* to, const Event& event) {
  for_each_text(event, [&](const auto& text) {
    const std::string_view bytes(text);
    to = std::copy(bytes.begin(), bytes.end(), to);
  });
}

}  // namespace

History::History(const Bounds& bounds, base::WallTime now)
    : bounds_(bounds),
      base_(static_cast<Number>(std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count())),
      last_(base_),
      entries_(bounds.all + 1) {
  for (Slot slot = 0; slot < entries_.size(); ++slot) entries_[slot].next = std::exchange(free_, slot);
  places_.resize(2 * bounds_.all + 2);
  places_.clear();
}

void History::add(std::string_view id, base::WallTime when, const Event& record) {
  const std::size_t size = text_size(record);
  auto chain = chains_.find(id);
  if (chain == chains_.end()) {
    chain = chains_.try_emplace(std::string(id)).first;
    chain->second.id = chain->first;
  }
  std::string more;
  if (size > std::tuple_size_v<decltype(Entry::texts)>) more.resize(size);
  if (places_.size() == places_.capacity()) forget_dropped_places();

  const Slot slot = std::exchange(free_, entries_[free_].next);
  Entry& entry = entries_[slot];
  entry.number = ++last_;
  entry.when = when;
  entry.record = record;
  entry.more = std::move(more);
  copy_texts(entry.more.empty() ? entry.texts.data() : entry.more.data(), record);
  entry.chain = &chain->second;
  entry.next = none;
  entry.before = chain->second.last;
  (entry.before == none ? chain->second.first : entries_[entry.before].next) = slot;
  chain->second.last = slot;
  ++chain->second.count;
  ++size_;
  places_.push_back({last_, slot});
  make_room(chain->second);
}

void History::make_room(Chain& of_service) {
  if (of_service.count > bounds_.of_one) return drop(of_service.first);
  if (size_ <= bounds_.all) return;
  of_service.count > bounds_.spared ? drop(of_service.first) : drop_oldest();
}

/// The first of its chain.
void History::drop(Slot slot) {
  Entry& entry = entries_[slot];
  Chain& chain = *entry.chain;
  chain.first = entry.next;
  if (--chain.count == 0)
    chains_.erase(chains_.find(chain.id));
  else
    entries_[chain.first].before = none;
  entry.number = 0;
  entry.more.clear();
  entry.next = std::exchange(free_, slot);
  --size_;
}

void History::drop_oldest() {
  while (!holds(places_[oldest_])) ++oldest_;
  drop(places_[oldest_].slot);
}

/// There is room for twice as many as are kept, so that this is done seldom.
void History::forget_dropped_places() {
  std::erase_if(places_, [this](const Place& place) { return !holds(place); });
  oldest_ = 0;
}

History::Places::const_iterator History::behind(Number number) const {
  auto at = std::ranges::upper_bound(places_, number, {}, &Place::number);
  while (at != places_.end() && !holds(*at)) ++at;
  return at;
}

const History::Chain* History::chain_of(std::string_view id) const {
  const auto found = chains_.find(id);
  return found == chains_.end() ? nullptr : &found->second;
}

History::Slot History::slot_of(Number number) const {
  const auto at = std::ranges::lower_bound(places_, number, {}, &Place::number);
  return at != places_.end() && at->number == number && holds(*at) ? at->slot : none;
}

History::Number History::after(Number number, std::string_view id) const {
  if (id.empty()) {
    const auto next = behind(number);
    return next == places_.end() ? 0 : next->number;
  }
  const Chain* chain = chain_of(id);
  if (!chain || entries_[chain->last].number <= number) return 0;
  if (entries_[chain->first].number > number) return entries_[chain->first].number;
  if (const Slot there = slot_of(number); there != none && entries_[there].chain == chain) return entries_[entries_[there].next].number;
  Slot next = chain->last;
  while (entries_[entries_[next].before].number > number) next = entries_[next].before;
  return entries_[next].number;
}

History::Number History::before_last(std::size_t count, std::string_view id) const {
  if (count == 0) return last_;
  if (id.empty()) {
    Number first = last_ + 1;
    for (auto at = places_.end(); count > 0 && at != places_.begin();)
      if (holds(*--at)) first = at->number, --count;
    return first - 1;
  }
  const Chain* chain = chain_of(id);
  if (!chain) return last_;
  Slot at = chain->last;
  while (--count > 0 && entries_[at].before != none) at = entries_[at].before;
  return entries_[at].number - 1;
}

std::uint64_t History::lost_after(Number number) const {
  if (number < base_ || number >= last_) return 0;
  const auto kept = std::count_if(behind(number), places_.end(), [this](const Place& place) { return holds(place); });
  return last_ - number - static_cast<std::uint64_t>(kept);
}

std::string History::json_of(Number number) const {
  const Slot slot = slot_of(number);
  if (slot == none) return {};
  const Entry& entry = entries_[slot];
  const std::string_view texts = entry.more.empty() ? std::string_view(entry.texts.data(), entry.texts.size()) : entry.more;
  Stamp stamp{utc_stamp};
  std::string text;
  append_json(text, stamp, entry.when, with_texts(entry.record, texts));
  return text;
}

}  // namespace xsuperd::log
