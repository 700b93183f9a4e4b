// SPDX-License-Identifier: MIT
// What other hosts of a fleet and CrowdSec say of bans, and a list of bans. Internal to supervisor.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "xsuperd/config/settings.hpp"
#include "xsuperd/fleet/words.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/policy/ban_list.hpp"
#include "xsuperd/policy/bans_behind.hpp"

namespace xsuperd::supervisor {

using ExemptNetworks = std::vector<config::AddressPattern>;

/// Who is not banned for what others say.
[[nodiscard]] ExemptNetworks exempt_from_others(const config::Settings& defaults);

/// What has become of a ban that somebody else has told us of.
enum class Heeded : std::uint8_t {
  taken,     ///< it is in force here now, or for longer than before
  known,     ///< nothing has changed
  too_wide,  ///< nobody else may ban so many
  exempt,    ///< the defaults say that nobody there is banned
  full,      ///< there is no room for more of others
};

using policy::BansBehind;

/// Puts it on the list unless one of these is the case. A ban of ours becomes no shorter; if others ban the peer for longer the
/// ban is theirs, and ours is kept in `behind`, if there is room; likewise between the fleet and CrowdSec. What others say takes at
/// most half of the list, and never the place of another ban. Pure. Throws std::bad_alloc.
[[nodiscard]] Heeded heed(policy::BanList& bans, BansBehind& behind, const fleet::Heard& heard, const ExemptNetworks& exempt, base::Moment now);
/// Who has told of it has lifted it: true when the list has changed. A ban of ours, or of somebody else, stays.
[[nodiscard]] bool heed(policy::BanList& bans, BansBehind& behind, const fleet::Lifted& lifted, base::Moment now);
/// What the fleet is to know of that peer: the ban of ours, in front or behind. Nothing where a ban of the fleet ends later: the
/// store has one ban for a peer, and ours would shorten it. Pure.
[[nodiscard]] std::optional<policy::BanList::Ban> ban_to_tell(const policy::BanList& bans, const BansBehind& behind, const policy::Network& peer,
                                                             base::Moment now);

/// What has come of what one of them has said so far.
struct Hearsay {
  std::string_view whose;      ///< bans, for the log
  std::uint64_t left_out = 0;  ///< bans
  bool full_told = false;      ///< that there is no room for more
};
/// Counts the outcome, and says in the log, once, that there is no more room. True when the list has changed.
[[nodiscard]] bool note(Heeded outcome, Hearsay& said, const log::DaemonLog& log);

}  // namespace xsuperd::supervisor
