// SPDX-License-Identifier: MIT
#pragma once
#include <string_view>

/// The process itself: the same program, executed by Client under another name.
namespace xsuperd::fleet {

/// argv[0] of the process, and the name by which it shows in lists of processes.
constexpr std::string_view program_name = "xsuperd-fleet";

/// Set in the environment of a process that is to talk with a Local API of CrowdSec: it lives without the library for stores, too.
constexpr std::string_view crowdsec_variable = "XSUPERD_FLEET_CROWDSEC";

/// The whole life of the process; returns the exit status. `socket_fd` is the one descriptor that it keeps; it ends when the
/// daemon closes the other end. Loads what it needs and enters the sandbox of the worker, but may make no sockets: the daemon
/// gives it connections. Then it speaks with one store at a time, and one Local API. User and group as for the worker, by
/// XSUPERD_WORKER_UID and XSUPERD_WORKER_GID.
[[nodiscard]] int run_fleet(int socket_fd);

}  // namespace xsuperd::fleet
