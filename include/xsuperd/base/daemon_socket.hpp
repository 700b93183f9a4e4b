// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::base {

/// Where a process of ours has its socket to the daemon, alone beside 0, 1 and 2.
inline constexpr int daemon_socket = 3;

/// What such a process begins with, on its only thread: of all descriptors it keeps the socket, whatever its number, as
/// daemon_socket, close-on-exec. 0, 1 and 2 become /dev/null, so that no stray word ends up in the socket. The error says what
/// could not be had; it is of no use then.
[[nodiscard]] Result<Fd> keep_only(int socket_fd);

}  // namespace xsuperd::base
