// SPDX-License-Identifier: MIT
// The only place that knows tcpd.h. For the helper's processes alone: the library keeps its state in globals,
// logs and looks up names as it pleases, and may end or replace the process it runs in. Internal to net.
#pragma once
#include <string>

#include "xsuperd/base/address.hpp"
#include "xsuperd/net/libwrap.hpp"

namespace xsuperd::net::wrap {

/// Which files libwrap reads in this process and those forked from it.
void use_tables(const LibwrapTables& tables);

/// The answer of hosts_access(3). May take any time, and with `twist` never returns. At most once a process:
/// the library refuses `twist` afterwards (fact B5.23).
[[nodiscard]] bool evaluate(const std::string& daemon, const base::Endpoint& peer,
                            const base::Endpoint& local, int connection);

}  // namespace xsuperd::net::wrap
