// SPDX-License-Identifier: MIT
// What other hosts are yet to be told of our bans. Internal to supervisor.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "supervisor/ban_hearing.hpp"
#include "xsuperd/fleet/words.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

/// Changes in their order, each peer once, and those that are under way. Bounded: what finds no room is found in the list of bans,
/// through which walk() goes, and the lifting of a ban that finds none is lost. Pure, but for the list that it is given.
class BanOutbox {
 public:
  static constexpr std::size_t most = 65'536;

  /// False when it is full; the lifting of a ban is lost then, and for any other walk() has been called.
  bool put(const policy::Network& peer, bool lifted);
  /// All bans of ours are to be told.
  void walk();
  /// Nothing of the store is known, or of what it has got: it is going to say what it has.
  void start_anew();
  /// The store has that ban of ours, or has it no more.
  void has(const policy::Network& peer);
  void lacks(const policy::Network& peer) { there_.erase(peer); }
  /// It has said all: the bans of ours that it does not have are to be told.
  void listed();
  /// What is to be told next; it is under way then. At most `steps` bans of the list are looked at, which is counted down.
  [[nodiscard]] std::optional<fleet::Order> next(const policy::BanList& bans, const BansBehind& behind, base::Moment now, std::size_t& steps);
  /// The oldest so many that were under way have come out well, or not: then they are put back.
  void done(std::size_t count);
  void refused(std::size_t count);
  /// Is its ban to be lifted elsewhere yet?
  [[nodiscard]] bool lifts(const policy::Network& peer) const;
  /// Nothing is under way, or waits.
  [[nodiscard]] bool all_known() const { return empty() && under_way_.empty(); }
  [[nodiscard]] bool empty() const { return waiting_.empty() && !walking_; }
  void clear() { *this = {}; }

 private:
  struct Change {
    policy::Network peer;
    bool lifted = false;
  };
  [[nodiscard]] std::optional<fleet::Order> take_waiting(const policy::BanList& bans, const BansBehind& behind, base::Moment now);
  [[nodiscard]] std::optional<fleet::Order> walk_on(const policy::BanList& bans, const BansBehind& behind, base::Moment now, std::size_t& steps);
  void put_back(Change change);

  std::deque<policy::Network> order_;                           ///< of waiting_
  boost::unordered_flat_map<policy::Network, bool> waiting_;    ///< true: lifted
  std::deque<Change> under_way_;
  std::optional<policy::BanList::Cursor> walking_;
  bool listing_ = false;                                        ///< the store says what it has
  boost::unordered_flat_set<policy::Network> there_;            ///< what it has of ours, until walking_ is through
};

}  // namespace xsuperd::supervisor
