// SPDX-License-Identifier: MIT
// What is served after the start, for people. Internal to supervisor.
#pragma once
#include <vector>

#include "supervisor/roster.hpp"
#include "xsuperd/supervisor/supervisor.hpp"

namespace xsuperd::supervisor {

/// In reading order.
[[nodiscard]] std::vector<Served> served_now(const Roster& roster);

}  // namespace xsuperd::supervisor
