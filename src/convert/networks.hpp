// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/model.hpp"

/// Sets of addresses as lists of networks. xinetd lets no_access win over only_from, systemd IPAddressAllow= over
/// IPAddressDeny=: what one says by order the other must be told by subtraction.
namespace xsuperd::convert {

using Network = config::AddressPattern::Network;
using Networks = std::vector<Network>;

/// All addresses of `from` that are in none of `holes`.
[[nodiscard]] Networks without(const Networks& from, const Networks& holes);
/// Does `outer` hold all of `inner`?
[[nodiscard]] bool contains(const Network& outer, const Network& inner);
/// All addresses of both families.
[[nodiscard]] Networks everybody();

/// "10.0.0.0/8"; single addresses without a prefix.
[[nodiscard]] std::string text_of(const Network& network);
/// ADDRESS[/PREFIX]. Bits below the prefix are cleared.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text);

}  // namespace xsuperd::convert
