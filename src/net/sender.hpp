// SPDX-License-Identifier: MIT
// Who has sent a datagram over a UNIX socket. Internal to net.
#pragma once
#include <sys/socket.h>

#include "xsuperd/base/address.hpp"

namespace xsuperd::net {

/// As the kernel has told with a message that recvmsg(2) filled in, from a socket with SO_PASSCRED; a user that nobody is
/// where it has not.
[[nodiscard]] base::Address sender(msghdr& message);

}  // namespace xsuperd::net
