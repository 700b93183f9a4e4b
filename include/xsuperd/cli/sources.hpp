// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/cli/options.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::cli {

/// Where the configuration comes from that the command line asks for. Without --inetd the main file, and with
/// -inetd_compat /etc/inetd.conf after it. As an inetd the files of inetd alone, and the options that inetds have as
/// defaults of all their services. Paths are as written.
[[nodiscard]] config::Sources sources_of(const CommandLine& command);

}  // namespace xsuperd::cli
