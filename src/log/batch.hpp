// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "log/texts.hpp"
#include "xsuperd/log/output.hpp"

namespace xsuperd::log {

/// Events on their way to the writer thread. Two of them change places forever, so that neither side allocates once
/// they have grown to what the program needs.
class Batch {
 public:
  struct Entry {
    std::shared_ptr<Output> to;
    Level level;
    base::WallTime when;
    Event event;         ///< of its texts only the sizes count
    std::size_t offset;  ///< of its texts among all texts
  };

  void add(const std::shared_ptr<Output>& to, Level level, base::WallTime when, const Event& event) {
    // An offset of its own for every entry: should memory run out between these two steps, the rest stays
    // right.
    const std::size_t offset = texts_.size();
    append_texts(texts_, event);
    entries_.push_back({to, level, when, event, offset});
  }
  void clear() {
    entries_.clear();
    texts_.clear();
  }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return texts_.size() + entries_.size() * sizeof(Entry); }
  /// What an event whose texts have this length adds to bytes().
  [[nodiscard]] static std::size_t cost(std::size_t length) { return length + sizeof(Entry); }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] Output::Line line(const Entry& entry) const {
    return {entry.level, entry.when, with_texts(entry.event, std::string_view(texts_).substr(entry.offset))};
  }

 private:
  std::vector<Entry> entries_;
  std::string texts_;
};

}  // namespace xsuperd::log
