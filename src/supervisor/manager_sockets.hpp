// SPDX-License-Identifier: MIT
// The service manager that started the daemon: what it hands over, and what it is told of the services. Internal to
// supervisor.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/in_force.hpp"
#include "supervisor/manager_link.hpp"
#include "supervisor/roster.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/net/activated_sockets.hpp"

namespace xsuperd::supervisor {

/// Puts what the manager has activated over into the pool; what no service can use is closed, and the log says so. The link
/// learns which of it the manager kept for this start.
void take_in(std::vector<net::ActivatedSocket> activated, net::ActivatedSockets& pool, ManagerLink& manager,
             const log::DaemonLog& log);
/// Closes what was kept and has no service any more, before the services are opened: it would be in the way of those that
/// are to be bound now. The manager hears of it with the rest, when all is open.
void drop_stale_sockets(net::ActivatedSockets& pool, const InForce& in_force);
/// Closes what no service has taken, after the services were opened: peers are to be refused, not to wait for ever.
void close_unclaimed_sockets(net::ActivatedSockets& pool, const InForce& in_force, const log::DaemonLog& log);

/// The sockets that the manager is to keep for the next start: of services that are to be open. Its own it has anyway.
[[nodiscard]] std::vector<ManagerLink::Kept> sockets_to_keep(const Roster& roster);
/// One line about all services, which have `instances` places taken.
[[nodiscard]] std::string manager_status(const Roster& roster, const InForce& in_force, std::uint64_t instances);

}  // namespace xsuperd::supervisor
