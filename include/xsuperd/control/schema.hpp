// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/control/schema/bans.hpp"
#include "xsuperd/control/schema/daemon.hpp"
#include "xsuperd/control/schema/events.hpp"
#include "xsuperd/control/schema/services.hpp"
#include "xsuperd/control/schema/sessions.hpp"

/// What travels through the control socket, described once: the daemon fills these structs, xsuperctl reads them, and
/// docs/schema and xsuperd-control(7) are made from them. Members stand in the order in which they are written. None is
/// renamed or taken away; one that a later version adds is a Maybe, since daemons without it are asked, too.
namespace xsuperd::control {

/// All commands, those of one subject together.
using Commands = boost::mp11::mp_append<DaemonCommands, ServiceCommands, SessionCommands, BanCommands, EventCommands>;

}  // namespace xsuperd::control
