// SPDX-License-Identifier: MIT
// What other hosts of a fleet say of bans, and a list of bans. Internal to supervisor.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <vector>

#include "xsuperd/config/settings.hpp"
#include "xsuperd/fleet/words.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

using ExemptNetworks = std::vector<config::AddressPattern>;

/// What has become of a ban that another host has told us of.
enum class Heeded : std::uint8_t {
  taken,     ///< it is in force here now, or for longer than before
  known,     ///< nothing has changed
  too_wide,  ///< nobody else may ban so many
  exempt,    ///< the defaults say that nobody there is banned
  full,      ///< there is no room for more of others
};

/// Bans of ours behind those of others that last longer: they are in force again when the others lift theirs.
struct OwnBans {
  boost::unordered_flat_map<policy::Network, policy::BanList::Ban> bans = {};
  base::Moment looked_at{};  ///< when they were full, for such as have ended
};
inline constexpr std::size_t most_own_behind = 65'536;  ///< with more, ours stay as they are

/// Puts it on the list unless one of these is the case. A ban of ours becomes no shorter; if others ban the peer for longer the
/// ban is theirs, and ours is kept in `own`. What others say takes at most half of the list, and never the place of another ban.
/// Pure. Throws std::bad_alloc.
[[nodiscard]] Heeded heed(policy::BanList& bans, OwnBans& own, const fleet::Heard& heard, const ExemptNetworks& exempt, base::Moment now);
/// The other host has lifted it: true when the list has changed. A ban of ours stays.
[[nodiscard]] bool heed(policy::BanList& bans, OwnBans& own, const fleet::Lifted& lifted, base::Moment now);

}  // namespace xsuperd::supervisor
