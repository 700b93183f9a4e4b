// SPDX-License-Identifier: MIT
// A network of the calling thread's own, in which every address is this machine's. Internal to net.
#pragma once
#include "xsuperd/base/error.hpp"

namespace xsuperd::net {

/// Puts the calling thread, and no other, into a new network namespace (network_namespaces(7)) whose loopback interface is
/// up and has all addresses of IPv4 and, where the kernel has it, of IPv6: a route of type `local` for each. Nobody else is in
/// that namespace and nothing leads out of it; it ends with the thread and the last socket made in it. Connections that have
/// been closed leave nothing behind there (TIME_WAIT), which in a network that loses and delays nothing would be of no use;
/// where /proc/sys is read-only they stay, as on the host. There is no way back: a thread in which this has failed half way
/// must end, too. Blocks for a millisecond. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
[[nodiscard]] base::Result<void> enter_private_network();

}  // namespace xsuperd::net
