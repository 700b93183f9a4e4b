// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/net/steering.hpp"

namespace xsuperd::net {

/// Who is waiting at a socket of ours: the peers of the connections of a listening TCP socket that nobody has accepted
/// yet, told by sock_diag(7), or the senders of the datagrams in its queue, which stay there (SO_PEEK_OFF). Nothing is
/// taken, and nothing waits. Empty optional: it is not known, because the kernel has no sock_diag for TCP, or because
/// there are more than `most`.
[[nodiscard]] std::optional<std::vector<base::Address>> waiting_peers(int fd, std::size_t most = 8192);

/// Are there connections to that listening TCP socket of which the handshake has begun and is not over? Another socket
/// with the same port counts as well. False where it is not known.
[[nodiscard]] bool handshakes_under_way(int fd);

/// Locks the filter that is there for good (SO_LOCK_FILTER), and tells whether it is the one that guard() would put there:
/// then it will be that one as long as the socket is open, whoever has it.
[[nodiscard]] bool lock_guard(int fd, const std::vector<SteeringRule>& rules, bool otherwise);
/// What the rules say about a peer. Pure.
[[nodiscard]] bool admits(const std::vector<SteeringRule>& rules, bool otherwise, const base::Address& peer);

}  // namespace xsuperd::net
