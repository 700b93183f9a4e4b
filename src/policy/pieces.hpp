// SPDX-License-Identifier: MIT
// A table that grows without being moved. Internal to policy.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "xsuperd/base/memory.hpp"

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
    while (pieces_.size() * piece < std::size_t{size_} + more) pieces_.push_back(made());
  }
  /// There must be room.
  std::uint32_t add() noexcept { return size_++; }
  /// The last one; it is not destroyed.
  void drop() noexcept { --size_; }
  void clear() noexcept {
    std::vector<Piece>().swap(pieces_);
    size_ = 0;
  }

 private:
  static constexpr std::uint32_t piece = 512;
  struct Release {
    void operator()(T* elements) const noexcept { ::operator delete(elements); }
  };
  using Piece = std::unique_ptr<T[], Release>;
  static_assert(std::is_trivially_destructible_v<T>);
  static Piece made() {
    auto* const elements = static_cast<T*>(::operator new(piece * sizeof(T)));
    base::have_pages(elements, piece * sizeof(T));
    std::uninitialized_value_construct_n(elements, piece);
    return Piece(elements);
  }
  std::vector<Piece> pieces_;
  std::uint32_t size_ = 0;
};

}  // namespace xsuperd::policy
