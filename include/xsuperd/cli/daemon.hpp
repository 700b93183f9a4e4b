// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "xsuperd/cli/options.hpp"

namespace xsuperd::cli {

/// Turns this process into the daemon and serves until it is told to end; the order of things is xinetd's (fact
/// B1.23). `program` is the name we were called by. Returns the exit status.
[[nodiscard]] int serve(const CommandLine& command, const std::string& program);

/// The version as it is printed and logged: bare numbers when called xinetd, else "xsuperd N" (decision B15.23).
[[nodiscard]] std::string version_text(const std::string& program);
/// What was built in, each word with a blank before it, as -version prints it (fact B1.21): " libwrap loadavg".
[[nodiscard]] std::string features();

}  // namespace xsuperd::cli
