// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/log/output.hpp"

namespace xsuperd::log {

/// Lines on their way to the writer thread. Two of them change places for ever, so that neither side
/// allocates any more once they have grown to what the program needs.
class Batch {
 public:
  struct Entry {
    std::shared_ptr<Output> to;
    Level level;
    base::WallTime when;
    std::size_t offset;  ///< of its text among all texts
    std::size_t length;
  };

  void add(const std::shared_ptr<Output>& to, Level level, base::WallTime when, std::string_view text) {
    // An offset of its own for every entry: should memory run out between these two steps, the rest stays
    // right.
    const std::size_t offset = texts_.size();
    texts_.append(text);
    entries_.push_back({to, level, when, offset, text.size()});
  }
  void clear() {
    entries_.clear();
    texts_.clear();
  }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return texts_.size() + entries_.size() * sizeof(Entry); }
  /// What a text of this length adds to bytes().
  [[nodiscard]] static std::size_t cost(std::size_t length) { return length + sizeof(Entry); }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] Output::Line line(const Entry& entry) const {
    return {entry.level, entry.when, std::string_view(texts_).substr(entry.offset, entry.length)};
  }

 private:
  std::vector<Entry> entries_;
  std::string texts_;
};

}  // namespace xsuperd::log
