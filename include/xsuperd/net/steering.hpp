// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/error.hpp"

/// Two sockets on one endpoint, between which the kernel chooses by the source address of each packet or connection
/// request (SO_REUSEPORT with a classic BPF program): one for peers that a waiting server may meet, one for those that
/// the daemon turns away. So access lists hold for every packet of a server that owns its socket, at the speed of the
/// kernel and with nothing between peer and server (decision B15.22). Nothing here waits.
namespace xsuperd::net {

/// Packets whose source lies in a network. An IPv4 network is for IPv4 packets, also on a dual-stack socket.
struct SteeringRule {
  base::Address network;  ///< host bits zero
  int prefix = 0;
  bool admit = false;
};

/// The first rule that matches decides, else `otherwise`: admitted packets go to the socket that was bound first,
/// others to the second. `fd` is either of them; the second was opened by open_beside(). Replaces the rules that are
/// there. Fails with E2BIG when they do not fit into the 4,096 instructions that the kernel allows, and with EINVAL when
/// `fd` is in no group: then the second one has joined that of a stranger, in which it would stand elsewhere.
[[nodiscard]] base::Result<void> steer(int fd, const std::vector<SteeringRule>& rules, bool otherwise);

/// The same rules as a filter of the first socket itself (SO_ATTACH_FILTER, socket(7)), in whatever process it is open:
/// should the second one close with a daemon that dies, the kernel has only the first to choose, and drops there what is
/// not admitted. A connection keeps the filter that it was accepted under. Replaces the filter that is there, at once unless
/// both are too much for net.core.optmem_max; fails with E2BIG as above, and then changes nothing, with EPERM when a server
/// has locked the filter, or with ENOMEM when it takes more than that bound, and then there is none.
[[nodiscard]] base::Result<void> guard(int fd, const std::vector<SteeringRule>& rules, bool otherwise);
/// A filter that lets nothing through.
void shut_off(int fd);
/// Takes the filter away, if there is one.
void unguard(int fd);

}  // namespace xsuperd::net
