// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/cli/options.hpp"
#include "xsuperd/config/examine.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::cli {

/// What the options that go with -t say.
struct Checking {
  bool strict = false;  ///< warnings count
  bool show = false;    ///< the configuration in effect is printed
  config::Readers readers = config::Readers::xsuperd;
};
[[nodiscard]] Checking checking_of(const CommandLine& command);

/// `-t`: reads the configuration, prints every finding and a summary to stderr, and with `show` the
/// configuration in effect to stdout. Opens no socket and no log, and changes nothing. Returns the exit status: 0 good, 1
/// only warnings and `strict`, 2 errors.
[[nodiscard]] int check_configuration(const config::Sources& sources, const Checking& how);

}  // namespace xsuperd::cli
