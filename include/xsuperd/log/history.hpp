// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "xsuperd/base/time.hpp"
#include "xsuperd/log/event.hpp"

namespace xsuperd::log {

/// The last records of the daemon and of each service, for those who ask afterwards what has happened; whether there is an event
/// log does not matter. Bounded in number: a busy service displaces its own records, before those of others. Keeps copies with
/// their texts; nothing is formatted before somebody asks, and what a record takes was taken at the beginning. Loop thread only.
class History {
 public:
  /// Numbers grow, also from one image of the daemon to the next as long as the clock does not go backwards. 0: none.
  using Number = std::uint64_t;
  struct Bounds {
    std::size_t all = 1'000;
    std::size_t of_one = 500;  ///< of one service, or of what concerns none
    std::size_t spared = 20;     ///< these of a service are not displaced by it for the sake of others
  };

  History() : History(Bounds{}, std::chrono::system_clock::now()) {}
  /// `now` is where the numbers begin, in microseconds.
  History(const Bounds& bounds, base::WallTime now);

  /// Keeps the record under the id of its service; empty: it concerns none. Throws std::bad_alloc, and has kept nothing then.
  void add(std::string_view id, base::WallTime when, const Event& record);

  /// The number of the newest; of a daemon to which nothing has happened yet, the one before the first.
  [[nodiscard]] Number newest() const { return last_; }
  /// The first record behind this number, of the service or, where `id` is empty, of all; 0 when there is none.
  [[nodiscard]] Number after(Number number, std::string_view id = {}) const;
  /// The number behind which the last `count` records begin, likewise.
  [[nodiscard]] Number before_last(std::size_t count, std::string_view id = {}) const;
  /// How many records behind this number are not kept any more; 0 for a number of another image.
  [[nodiscard]] std::uint64_t lost_after(Number number) const;
  /// A record that is kept, as a JSON object like in an event log; empty when it is not.
  [[nodiscard]] std::string json_of(Number number) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using Slot = std::uint32_t;
  static constexpr Slot none = static_cast<Slot>(-1);
  /// The records of one service, which are linked with each other.
  struct Chain {
    std::string_view id;  ///< its own key
    Slot first = none, last = none;
    std::size_t count = 0;
  };
  /// Texts that are longer than most lie in `more`.
  struct Entry {
    Number number = 0;  ///< 0: free
    base::WallTime when{};
    Event record;  ///< its texts are in `texts`, or `more`
    std::array<char, 120> texts;
    std::string more;
    Chain* chain = nullptr;
    Slot next = none, before = none;  ///< of the same chain; `next` of a free one is another free one
  };
  /// In the order of their numbers. The slot may have another record by now.
  struct Place {
    Number number;
    Slot slot;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Places = std::vector<Place>;
  [[nodiscard]] bool holds(const Place& place) const { return entries_[place.slot].number == place.number; }
  [[nodiscard]] Places::const_iterator behind(Number number) const;
  [[nodiscard]] const Chain* chain_of(std::string_view id) const;
  [[nodiscard]] Slot slot_of(Number number) const;
  void make_room(Chain& of_service);
  void drop(Slot slot);
  void drop_oldest();
  void forget_dropped_places();

  const Bounds bounds_;
  const Number base_;  ///< before the first
  Number last_;
  std::size_t size_ = 0;
  std::vector<Entry> entries_;  ///< all that there will ever be, so that the daemon does not grow
  Slot free_ = none;
  Places places_;
  std::size_t oldest_ = 0;  ///< places before this one hold nothing
  std::unordered_map<std::string, Chain, Hash, std::equal_to<>> chains_;
};

}  // namespace xsuperd::log
