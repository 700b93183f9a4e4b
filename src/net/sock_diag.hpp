// SPDX-License-Identifier: MIT
// Sockets of TCP as the kernel lists them (sock_diag(7)). Internal to net.
#pragma once
#include <linux/inet_diag.h>

#include <cstdint>
#include <functional>
#include <string_view>

#include "xsuperd/base/error.hpp"

namespace xsuperd::net {

struct SocketsWanted {
  std::uint8_t family = 0;     ///< AF_INET or AF_INET6
  std::uint32_t states = 0;    ///< a bit for each of tcp_states.h
  std::uint16_t port = 0;      ///< the local one; 0: any
};
/// Gets one of them with the bytes of its attributes (netlink(7)); false ends the list.
using EachSocket = std::function<bool(const inet_diag_msg& one, std::string_view attributes)>;

/// Asks for those of the network namespace that the calling thread is in. Does not wait for anything, but the kernel works
/// for as long as there are sockets. Fails when it does not tell all of them, with ECANCELED when `each` has not wanted
/// more; `each` may have had some by then.
[[nodiscard]] base::Result<void> list_tcp_sockets(const SocketsWanted& wanted, const EachSocket& each);

}  // namespace xsuperd::net
