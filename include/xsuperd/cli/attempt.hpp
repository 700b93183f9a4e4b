// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/cli/options.hpp"

namespace xsuperd::cli {

/// The exit status when the server could not be run at all.
inline constexpr int not_tried = 125;

/// `--try`: reads the configuration, runs the server of a service once, on descriptors 0 to 2 and confined as its entry says,
/// and prints to stderr what it was denied; with `json` to stdout, as the last line. Returns the server's exit status,
/// 128 + N when signal N ended it, 126 or 127 when it could not be executed, `not_tried` when it did not come so far.
[[nodiscard]] int try_service(const CommandLine& command);

}  // namespace xsuperd::cli
