// SPDX-License-Identifier: MIT
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <string_view>
#include <vector>

#include "xsuperd/base/time.hpp"
#include "xsuperd/policy/ban_list.hpp"
#include "xsuperd/policy/network.hpp"

namespace xsuperd::policy {

inline constexpr std::size_t most_behind = 65'536;  ///< peers

/// Of us, the fleet and CrowdSec, up to two are behind one who bans the peer for longer: their bans are in force again when he
/// lifts his, the longest first. Ours ends no later than the one in front. Who has told of a ban is its speaker, see
/// ban_origin::speaker_of(). What is said of peers who are not on the list any more counts for nothing. Pure; the daemon has one,
/// beside its list, on the loop thread.
struct BansBehind {
  boost::unordered_flat_map<Network, std::vector<BanList::Ban>> peers = {};
  base::Moment looked_at{};  ///< when they were full, for such as have ended

  /// The one of that speaker; null: there is none, or it has ended. It stays there until something changes.
  [[nodiscard]] const BanList::Ban* find(const Network& peer, std::string_view speaker, base::Moment now) const;
  /// Keeps it; of two by one speaker the one that ends later, but ours as it is. False where there is no room for one more peer
  /// beside those of `bans`. Throws std::bad_alloc.
  bool keep(const BanList& bans, const BanList::Ban& ban, base::Moment now);
  void forget(const Network& peer, std::string_view speaker);
  void forget(const Network& peer) { peers.erase(peer); }
  /// The peer's ban has been taken off `bans`: the one that ends last comes forward. Throws std::bad_alloc.
  void bring_back(BanList& bans, const Network& peer, base::Moment now);
};

/// A ban of ours, which has not ended yet. Where somebody else bans the peer for longer it is kept behind his, unless there is no
/// room: then his becomes ours. Where there is one of ours, it lasts for the longer of both times, as with BanList::add_until().
/// Throws std::bad_alloc.
BanList::Result ban_too(BanList& bans, BansBehind& behind, const BanList::Ban& ours, base::Moment now);
/// The same, of one that begins now and lasts until that moment.
BanList::Result ban_until(BanList& bans, BansBehind& behind, const Network& peer, base::Moment until, base::Moment now, const BanWhy& why);

}  // namespace xsuperd::policy
