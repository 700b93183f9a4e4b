// SPDX-License-Identifier: MIT
// Lints about peers that have no IP address. Internal to config.
#pragma once
#include <vector>

#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

/// What only_uid, only_gid and only_cid do not do in a service, what only_from does to peers that match no address, and whom
/// proxy_from trusts. Appends to `found`. Pure.
void lint_peers(const Service& service, std::vector<Diagnostic>& found);

}  // namespace xsuperd::config
