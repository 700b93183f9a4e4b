// SPDX-License-Identifier: MIT
// A table that grows without being moved. Internal to policy.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace xsuperd::policy {

/// Elements that are named by small numbers, in pieces that never move: growing copies nothing, so that no single insertion
/// takes long. Nothing is freed before clear().
template <typename T>
class Pieces {
 public:
  [[nodiscard]] T& operator[](std::uint32_t at) { return pieces_[at / piece][at % piece]; }
  [[nodiscard]] const T& operator[](std::uint32_t at) const { return pieces_[at / piece][at % piece]; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  /// Makes sure that so many more can be added. Throws std::bad_alloc, and nothing has changed then.
  void make_room(std::uint32_t more) {
    while (pieces_.size() * piece < std::size_t{size_} + more) pieces_.push_back(std::make_unique<T[]>(piece));
  }
  /// There must be room.
  std::uint32_t add() noexcept { return size_++; }
  /// The last one; it is not destroyed.
  void drop() noexcept { --size_; }
  void clear() noexcept {
    std::vector<std::unique_ptr<T[]>>().swap(pieces_);
    size_ = 0;
  }

 private:
  static constexpr std::uint32_t piece = 512;
  std::vector<std::unique_ptr<T[]>> pieces_;
  std::uint32_t size_ = 0;
};

}  // namespace xsuperd::policy
