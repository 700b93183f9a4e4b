// SPDX-License-Identifier: MIT
// The list of bans as one text, for an upgrade. Internal to supervisor.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/hand_over.hpp"
#include "xsuperd/policy/bans_behind.hpp"

namespace xsuperd::supervisor {

/// The bans at `now`, those that are over left out: a line each, in numbers and with texts that are used often by their
/// place in `texts`. As an element of the state each would cost ten times the time, and all of them would hold up an upgrade.
void pack_bans(const policy::BanList& bans, const policy::BansBehind& behind, base::Moment now, HandOver& state);
/// The other way round. Trusts nothing: a line that is not right is an error, which says where it stands.
[[nodiscard]] base::Result<std::vector<policy::BanList::Ban>> unpack_bans(const HandOver& state, base::Moment now);
/// Those behind.
[[nodiscard]] base::Result<std::vector<policy::BanList::Ban>> unpack_bans_behind(const HandOver& state, base::Moment now);
/// What is wrong with them; empty: nothing.
[[nodiscard]] std::string ban_trouble(const HandOver& state);

}  // namespace xsuperd::supervisor
