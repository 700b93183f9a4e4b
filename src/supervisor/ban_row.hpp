// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/control/schema/bans.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

/// A ban as `xsuperctl bans` and the page tell of it. Pure but for the clock of the calendar.
[[nodiscard]] control::reply::Ban ban_row(const policy::BanList::Ban& ban, base::Moment now);

}  // namespace xsuperd::supervisor
