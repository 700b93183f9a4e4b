// SPDX-License-Identifier: MIT
// What metrics are made of. Internal to supervisor.
#pragma once
#include "supervisor/control/view.hpp"
#include "xsuperd/control/schema/metrics.hpp"

namespace xsuperd::supervisor {

/// All of the daemon but the sums over its services, which cost as much as there are services.
[[nodiscard]] control::reply::Metrics metrics_of(const View& daemon);
/// Of one service.
[[nodiscard]] control::reply::MetricsRow metrics_row(const service::Runner& runner);

}  // namespace xsuperd::supervisor
