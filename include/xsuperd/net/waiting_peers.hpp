// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <vector>

#include "xsuperd/base/address.hpp"

namespace xsuperd::net {

/// Who waits at a socket of ours: the peers of the connections of a listening TCP socket that nobody has accepted yet, told
/// by sock_diag(7), or the senders of the datagrams in its queue, which stay there (SO_PEEK_OFF). Nothing is taken, and
/// nothing waits. Empty optional: it cannot be told, because the kernel has no sock_diag for TCP, or because there are more
/// than `most`.
[[nodiscard]] std::optional<std::vector<base::Address>> waiting_peers(int fd, std::size_t most = 8192);

}  // namespace xsuperd::net
