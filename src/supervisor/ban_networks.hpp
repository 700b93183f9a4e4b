// SPDX-License-Identifier: MIT
// The banned networks, as a firewall has them. Internal to supervisor.
#pragma once
#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <optional>
#include <string>

#include "supervisor/nft_text.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

/// Which networks are to be written, and when: their sets are always written as a whole, since what is done to one element takes
/// as long, and then rest for ten times as long as that has taken. Pure.
class BanNetworks {
 public:
  static constexpr std::size_t most = 16'384;  ///< in each set

  void clear() { *this = {}; }
  /// That one is banned.
  void insert(const policy::Network& network) { networks_.insert(network); }
  /// They have to be written again.
  void change() { changed_ = true; }
  [[nodiscard]] bool due(base::Moment now) const { return next() <= now; }
  /// Moment::max(): never.
  [[nodiscard]] base::Moment next() const { return changed_ ? not_before_ : std::max(again_, not_before_); }
  /// Adds the commands that make the sets as the list is, but for those that make them empty before.
  void put(std::string& to, const config::BanNft& where, const policy::BanList& bans, base::Moment now);
  /// The transaction with these commands was begun then, and is done now. No effect if there were none.
  void written(base::Moment begun, base::Moment now);
  /// Why not all are there.
  [[nodiscard]] const std::optional<std::string>& lacking() const { return lacking_; }

 private:
  boost::unordered_flat_set<policy::Network> networks_;  ///< those that are banned, and more
  bool changed_ = false;
  bool put_ = false;
  base::Moment again_ = base::Moment::max();  ///< when one ends that others are a part of
  base::Moment not_before_{};
  std::optional<std::string> lacking_;
};

}  // namespace xsuperd::supervisor
