// SPDX-License-Identifier: MIT
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/described.hpp"
#include "xsuperd/base/time.hpp"

namespace xsuperd::policy {

/// A moment for each of many sources, in which something about it is over: its bucket is full, its penalty has passed. What
/// is over is forgotten. Bounded: beyond `most` sources the one whose moment comes first is forgotten. A value; pure.
class SourceTimes {
 public:
  static constexpr std::size_t most = 65'536;

  struct Entry {
    base::Address source;
    base::Moment end{};
    bool active = false;  ///< of a penalty: it has reached the time from which on it counts
    bool operator==(const Entry&) const = default;
  };
  /// Null when nothing is known of it, or its moment is over.
  [[nodiscard]] const Entry* find(const base::Address& source, base::Moment now) const;
  /// Moments never go back. A source that is not known has none. Throws std::bad_alloc, and nothing has happened then.
  void set(const Entry& entry, base::Moment now);
  /// Likewise, to the moment that `to` makes of the one that the source has, or of `now` if it has none.
  template <typename To>
  void put_off(const base::Address& source, base::Moment now, const To& to) {
    const auto found = entries_.find(source);
    if (found == entries_.end()) return add({source, to(now), false}, now);
    found->second.end = to(found->second.end);
  }
  /// No moment is later than that one.
  void shorten(base::Moment end);
  void clear();
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// In the order of their moments.
  [[nodiscard]] std::vector<Entry> snapshot() const;
  /// Instead of what is there.
  void restore(const std::vector<Entry>& entries);

 private:
  struct End {
    base::Moment at{};
    base::Address source;
  };
  static bool later(const End& a, const End& b) { return a.at > b.at; }
  void add(const Entry& entry, base::Moment now);
  void add_end(const End& end);
  void forget_first();

  boost::unordered_flat_map<base::Address, Entry> entries_;
  /// A heap, the first end on top: one for each source, as it was when it was added. A moment that has been put off since is
  /// seen when it is on top.
  std::vector<End> ends_;
};
BOOST_DESCRIBE_STRUCT(SourceTimes::Entry, (), (source, end, active))

}  // namespace xsuperd::policy
