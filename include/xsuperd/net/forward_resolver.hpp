// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"

/// The way from a name to addresses, for the targets of `redirect` (fact B10.1).
namespace xsuperd::net {

/// Where connections to `host` may go, in the order in which they should be tried, each once. `host` is a
/// name, IPv4 and IPv6 addresses of which are taken in the order of the resolver, or an address: IPv6 with an
/// optional %scope, or IPv4 in any form that inet_aton(3) reads. Empty when there is none. Blocks as long as
/// the system's look-up does, so call it on the blocking pool; thread safe.
[[nodiscard]] std::vector<base::Endpoint> resolve_target(const std::string& host, std::uint16_t port);

}  // namespace xsuperd::net
