// SPDX-License-Identifier: MIT
// The only place that knows tcpd.h. For the helper's processes alone: the library keeps its state in globals,
// logs and looks up names as it pleases, and may end or replace the process it runs in. Internal to net.
#pragma once
#include <string>

#include "xsuperd/base/address.hpp"
#include "xsuperd/net/libwrap.hpp"

namespace xsuperd::net::wrap {

/// Loads the library, and says which files it reads in this process and those forked from it. An error names it.
[[nodiscard]] base::Result<void> load(const LibwrapTables& tables);

/// The answer of hosts_access(3). May take any time, and with `twist` never returns. At most once a process:
/// the library refuses `twist` afterwards (fact B5.23). Refused without load() before.
[[nodiscard]] bool evaluate(const std::string& daemon, const base::Endpoint& peer,
                            const base::Endpoint& local, int connection);

}  // namespace xsuperd::net::wrap
