// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/config/listen.hpp"
#include "xsuperd/net/port_lookup.hpp"

/// Who listens on this machine, whoever that is.
namespace xsuperd::net {

/// A place where connections of TCP are taken.
struct TcpListener {
  base::Endpoint at;          ///< 0.0.0.0 and :: stand for all addresses
  bool ipv6_only = false;     ///< of ::, it takes none of IPv4
  bool operator==(const TcpListener&) const = default;
};

/// All of the network namespace that the calling thread is in. With thousands of them it takes milliseconds, so not for the
/// loop. Fails when it does not tell.
[[nodiscard]] base::Result<std::vector<TcpListener>> tcp_listeners();

/// The ports of the range at which one of them takes connections for at least one address of its network. Not that of
/// `own`, which is where the socket of the range is bound itself. Pure.
[[nodiscard]] PortSet ports_in_use(const config::PortRange& range, const std::vector<TcpListener>& listeners,
                                   const base::Endpoint& own);

}  // namespace xsuperd::net
