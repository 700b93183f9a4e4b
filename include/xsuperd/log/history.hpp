// SPDX-License-Identifier: MIT
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "xsuperd/base/time.hpp"
#include "xsuperd/log/event.hpp"

namespace xsuperd::log {

/// The last records of the daemon and of each service, for those who ask afterwards what has happened; whether there is an event
/// log does not matter. Bounded in number: a busy service displaces its own records, before those of others. Keeps copies with
/// their texts; nothing is formatted before somebody asks. Loop thread only.
class History {
 public:
  /// Numbers grow, also from one image of the daemon to the next as long as the clock does not go backwards. 0: none.
  using Number = std::uint64_t;
  struct Bounds {
    std::size_t all = 20'000;
    std::size_t of_one = 1'000;  ///< of one service, or of what concerns none
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
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    base::WallTime when{};
    Event record;       ///< its texts are in `texts`
    std::string texts;
    std::string id;
    Number next = 0;    ///< of the same service
    Number before = 0;  ///< likewise
  };
  /// The records of one service, which are linked with each other.
  struct Chain {
    Number first = 0, last = 0;
    std::size_t count = 0;
  };
  using Entries = std::map<Number, Entry>;
  void make_room(Chain* of_service);
  void drop(Entries::iterator entry);

  const Bounds bounds_;
  const Number base_;  ///< before the first
  Number last_;
  Entries entries_;
  boost::unordered_flat_map<std::string, Chain> chains_;
};

}  // namespace xsuperd::log
