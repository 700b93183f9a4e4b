// SPDX-License-Identifier: MIT
// What other hosts of a fleet say of bans, and a list of bans. Internal to supervisor.
#pragma once
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

/// Puts it on the list unless one of these is the case. A ban of ours stays ours, and becomes no shorter. What others say takes
/// at most half of the list, and never the place of another ban. Pure. Throws std::bad_alloc.
[[nodiscard]] Heeded heed(policy::BanList& bans, const fleet::Heard& heard, const ExemptNetworks& exempt, base::Moment now);
/// The other host has lifted it: true when it has gone, which is so of what has come from others alone.
[[nodiscard]] bool heed(policy::BanList& bans, const fleet::Lifted& lifted, base::Moment now);

}  // namespace xsuperd::supervisor
