// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace xsuperd::base {

/// Values that are due at a moment: the earliest comes first, and of those with one moment the one that was added first.
/// Each can be cancelled or moved by its handle, in a time that grows with the logarithm of the number of values. Allocates
/// only when it holds more values than ever before, so that what comes and goes with each connection takes nothing from
/// the heap. T can be moved without throwing, and made without arguments. Has no clock, and is not tied to a thread.
template <typename T>
class DeadlineQueue {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  /// Names one value until it is taken or cancelled, and none ever after. A default one names none.
  class Handle {
   public:
    Handle() = default;
    bool operator==(const Handle&) const = default;

   private:
    friend DeadlineQueue;
    Handle(std::uint32_t slot, std::uint32_t turn) : slot_(slot), turn_(turn) {}
    std::uint32_t slot_ = 0;
    std::uint32_t turn_ = 0;  ///< never 0 in a slot that is used
  };

  /// Throws bad_alloc, and has changed nothing then.
  Handle add(Moment when, T value) {
    const std::uint32_t slot = free_slot();
    Slot& taken = slots_[slot];
    heap_.push_back({when, ++last_, slot});  // there is room: as many as slots
    free_ = taken.next_free;
    taken.value = std::move(value);
    if (++taken.turn == 0) taken.turn = 1;
    rise(heap_.size() - 1);
    return {slot, taken.turn};
  }

  /// False when the handle names none.
  bool cancel(Handle handle) noexcept {
    if (!holds(handle)) return false;
    (void)remove(slots_[handle.slot_].place);
    return true;
  }

  /// Gives the value another moment, as if it were added only now. False when the handle names none.
  bool move(Handle handle, Moment when) noexcept {
    if (!holds(handle)) return false;
    const std::size_t place = slots_[handle.slot_].place;
    heap_[place].when = when;
    heap_[place].order = ++last_;
    sink(place);
    rise(place);
    return true;
  }

  [[nodiscard]] bool holds(Handle handle) const noexcept {
    return handle.turn_ != 0 && handle.slot_ < slots_.size() && slots_[handle.slot_].turn == handle.turn_ &&
           slots_[handle.slot_].place != nowhere;
  }

  /// When the first value is due; nothing when there is none.
  [[nodiscard]] std::optional<Moment> next() const noexcept {
    return heap_.empty() ? std::nullopt : std::optional(heap_.front().when);
  }

  /// The first value, if its moment is not after `now`. Its handle names none from then on.
  [[nodiscard]] std::optional<T> take_due(Moment now) noexcept {
    if (heap_.empty() || heap_.front().when > now) return std::nullopt;
    return remove(0);
  }

  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }

 private:
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  struct Slot {
    T value{};
    std::uint32_t place = nowhere;  ///< in the heap
    std::uint32_t turn = 0;
    std::uint32_t next_free = nowhere;
  };
  struct Node {
    Moment when;
    std::uint64_t order = 0;
    std::uint32_t slot = 0;
    [[nodiscard]] bool before(const Node& other) const noexcept {
      return when != other.when ? when < other.when : order < other.order;
    }
  };

  /// One that stays free until `free_` goes on to the next.
  std::uint32_t free_slot() {
    if (free_ != nowhere) return free_;
    slots_.emplace_back();
    try {
      heap_.reserve(slots_.capacity());
    } catch (...) {
      slots_.pop_back();
      throw;
    }
    free_ = static_cast<std::uint32_t>(slots_.size() - 1);
    return free_;
  }

  T remove(std::size_t place) noexcept {
    const std::uint32_t slot = heap_[place].slot;
    const Node last = heap_.back();
    heap_.pop_back();
    if (place < heap_.size()) {
      put(place, last);
      sink(place);
      rise(place);
    }
    Slot& freed = slots_[slot];
    freed.place = nowhere;
    freed.next_free = std::exchange(free_, slot);
    return std::exchange(freed.value, T{});
  }

  void put(std::size_t place, const Node& node) noexcept {
    heap_[place] = node;
    slots_[node.slot].place = static_cast<std::uint32_t>(place);
  }

  void rise(std::size_t place) noexcept {
    const Node node = heap_[place];
    for (; place > 0 && node.before(heap_[(place - 1) / 2]); place = (place - 1) / 2) put(place, heap_[(place - 1) / 2]);
    put(place, node);
  }

  void sink(std::size_t place) noexcept {
    const Node node = heap_[place];
    for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
      if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
      if (!heap_[child].before(node)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, node);
  }

  std::vector<Slot> slots_;
  std::vector<Node> heap_;
  std::uint32_t free_ = nowhere;
  std::uint64_t last_ = 0;
};

}  // namespace xsuperd::base
