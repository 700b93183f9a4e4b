// SPDX-License-Identifier: MIT
// Why there are bans. Internal to policy.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xsuperd::policy {

/// Texts of bans, each pair once.
class Whys {
 public:
  using Id = std::uint32_t;
  using Texts = std::pair<std::string, std::string>;
  /// Counts one more that has it.
  Id take(std::string_view reason, std::string_view origin) {
    auto there = latest_;  // many come with the same texts, one after the other
    if (there == entries_.end() || there->first.first != reason || there->first.second != origin) there = entries_.find(std::pair(reason, origin));
    if (there == entries_.end()) there = add({std::string(reason), std::string(origin)});
    ++there->second.users;
    latest_ = there;
    return there->second.id;
  }
  void release(Id id) noexcept {
    if (--places_[id]->second.users > 0) return;
    unused_.push_back(id);  // there is room, see add()
    if (latest_ == places_[id]) latest_ = entries_.end();
    entries_.erase(places_[id]);
  }
  [[nodiscard]] const Texts& operator[](Id id) const { return places_[id]->first; }

 private:
  struct Entry {
    Id id = 0;
    std::uint32_t users = 0;
  };
  struct Less {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return views(a) < views(b); }
    static auto views(const auto& texts) { return std::pair<std::string_view, std::string_view>(texts.first, texts.second); }
  };
  using Entries = std::map<Texts, Entry, Less>;
  Entries::iterator add(Texts texts) {
    if (unused_.empty()) {
      if (unused_.capacity() <= places_.size()) unused_.reserve(2 * places_.size() + 1);
      places_.emplace_back();
      unused_.push_back(static_cast<Id>(places_.size() - 1));
    }
    const auto there = entries_.emplace(std::move(texts), Entry{.id = unused_.back()}).first;
    unused_.pop_back();
    return places_[there->second.id] = there;
  }

  Entries entries_;
  Entries::iterator latest_ = entries_.end();  ///< what was taken last
  std::vector<Entries::iterator> places_;
  std::vector<Id> unused_;
};

}  // namespace xsuperd::policy
