// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/config/loader.hpp"

namespace xsuperd::cli {

/// `-t`: reads the configuration, prints every finding and a summary to stderr, and with `show` the
/// configuration in effect to stdout. Opens no socket and no log, and changes nothing. Returns the exit status: 0 good, 1
/// only warnings and `strict`, 2 errors.
[[nodiscard]] int check_configuration(const config::Sources& sources, bool strict, bool show);

}  // namespace xsuperd::cli
