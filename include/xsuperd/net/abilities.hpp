// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/config/loader.hpp"

namespace xsuperd::net {

/// What this program, as it was built, can do on this kernel beyond what every xsuperd can. Thread safe.
[[nodiscard]] config::Abilities abilities();

}  // namespace xsuperd::net
