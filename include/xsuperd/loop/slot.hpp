// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace xsuperd::loop {

/// Memory for one pending operation of Asio, reserved in advance: beginning that operation cannot fail for lack of
/// memory. One at a time; for one that is too large, or begun while the room is taken, the heap is used. Not tied to a
/// thread, but the two ends of an operation must be ordered by what passes it on. Outlives the operation.
class Slot {
 public:
  Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  [[nodiscard]] void* allocate(std::size_t size) {
    if (size > room_.size() || std::exchange(taken_, true)) return ::operator new(size);
    return room_.data();
  }
  void deallocate(void* memory) noexcept {
    if (memory == room_.data())
      taken_ = false;
    else
      ::operator delete(memory);
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 384> room_;
  bool taken_ = false;
};

/// The allocator that Asio finds beside a handler (boost::asio::bind_allocator): takes from a Slot.
template <typename T>
class InSlot {
 public:
  using value_type = T;
  explicit InSlot(Slot& slot) noexcept : slot_(&slot) {}
  template <typename U>
  InSlot(const InSlot<U>& other) noexcept : slot_(other.slot()) {}  // NOLINT(google-explicit-constructor): as allocators are
  [[nodiscard]] T* allocate(std::size_t count) { return static_cast<T*>(slot_->allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { slot_->deallocate(memory); }
  [[nodiscard]] Slot* slot() const noexcept { return slot_; }
  template <typename U>
  bool operator==(const InSlot<U>& other) const noexcept {
    return slot_ == other.slot();
  }

 private:
  Slot* slot_;
};

}  // namespace xsuperd::loop
