// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace xsuperd::base {

/// Elements that are named by small numbers and never move; the room of those that have gone is used again. Not shared
/// between threads.
template <typename T>
class Slab {
 public:
  using Index = std::uint32_t;
  static constexpr Index none = ~Index{0};

  /// Throws std::bad_alloc, and nothing has happened then.
  [[nodiscard]] Index put(T element) {
    if (!unused_.empty()) {
      const Index index = unused_.back();
      unused_.pop_back();
      items_[index] = std::move(element);
      return index;
    }
    if (unused_.capacity() <= items_.size()) unused_.reserve(2 * items_.size() + 16);  // so that drop() never allocates
    items_.push_back(std::move(element));
    return static_cast<Index>(items_.size() - 1);
  }
  /// Its number may be given to another one.
  void drop(Index index) {
    items_[index] = T{};
    unused_.push_back(index);
    if (unused_.size() == items_.size()) clear();
  }
  [[nodiscard]] T& operator[](Index index) { return items_[index]; }
  [[nodiscard]] const T& operator[](Index index) const { return items_[index]; }

 private:
  /// After a flood its memory is given back.
  void clear() {
    items_.clear();
    items_.shrink_to_fit();
    unused_.clear();
    unused_.shrink_to_fit();
  }

  std::deque<T> items_;
  std::vector<Index> unused_;
};

}  // namespace xsuperd::base
