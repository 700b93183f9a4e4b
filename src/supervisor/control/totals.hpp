// SPDX-License-Identifier: MIT
// What status and stats both tell of the daemon as a whole. Internal to supervisor.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "supervisor/control/view.hpp"
#include "xsuperd/control/schema/services.hpp"

namespace xsuperd::supervisor {

/// Of -limit; nothing: none.
[[nodiscard]] std::optional<std::uint64_t> process_limit_of(const View& daemon);
/// Process numbers.
[[nodiscard]] std::vector<std::int64_t> workers_of(const View& daemon);
/// Of this process.
[[nodiscard]] control::reply::ProcessorTime processor_time();
[[nodiscard]] control::reply::Totals totals_of(const View& daemon);

}  // namespace xsuperd::supervisor
