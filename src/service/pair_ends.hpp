// SPDX-License-Identifier: MIT
// What the two ends of a pair in place of a session's connection are called. Internal to service.
#pragma once
#include <utility>

#include "xsuperd/service/session.hpp"

namespace xsuperd::service {

enum class Shows : std::uint8_t { socket_peer, client };

struct PairEnds {
  base::Endpoint peer, local;
};
/// For net::TruePairs, which wants both of one family: an address that the client called is replaced by the one of this
/// machine itself where it is of the other family than the client's. Pure.
[[nodiscard]] PairEnds pair_ends(const SessionFacts& session, Shows shows);

}  // namespace xsuperd::service
