// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/config/loader.hpp"

namespace xsuperd::net {

/// What this program, as it was built, can do on this machine beyond what every xsuperd can. The answers are thread
/// safe; they load the library in question, if it is not yet.
[[nodiscard]] config::Abilities abilities();

}  // namespace xsuperd::net
