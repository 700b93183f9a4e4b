// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "xsuperd/cli/options.hpp"

namespace xsuperd::cli {

/// Turns this process into the daemon and serves until it is told to end; the order of things is xinetd's (fact
/// B1.23). `program` is the name we were called by, `arguments` argv as it came. Returns the exit status. When the process
/// was started by an upgrade, it goes on where the image before this one was.
[[nodiscard]] int serve(const CommandLine& command, const std::string& program,
                        const std::vector<std::string>& arguments);

/// Are these the arguments of a trial run, by which a daemon finds out whether this image could take over?
[[nodiscard]] bool is_trial(const std::vector<std::string>& arguments);
/// The trial run; the daemon is at the other end of descriptor 0. Returns the exit status.
[[nodiscard]] int try_take_over(const std::vector<std::string>& arguments, const std::string& program);

/// The version as it is printed and logged: bare numbers when called xinetd, else "xsuperd N" (decision B15.23).
[[nodiscard]] std::string version_text(const std::string& program);
/// What was built in, each word with a blank before it, as -version prints it (fact B1.21): " libwrap loadavg".
[[nodiscard]] std::string features();

}  // namespace xsuperd::cli
