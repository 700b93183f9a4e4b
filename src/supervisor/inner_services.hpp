// SPDX-License-Identifier: MIT
// What tcpmux, servers, services, xadmin and ranges of ports need to know of all the others. Internal to supervisor.
#pragma once
#include "supervisor/roster.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::supervisor {

/// From now on the services of `around` that ask for others find those of `roster`, which outlives them.
void connect_inner_services(service::Surroundings& around, const Roster& roster);
/// To be called whenever other services are served.
void note_internal_ports(service::Surroundings& around, const Roster& roster);
/// The same: ranges of ports leave those of all served services alone.
void note_places(service::Surroundings& around, const Roster& roster);

}  // namespace xsuperd::supervisor
