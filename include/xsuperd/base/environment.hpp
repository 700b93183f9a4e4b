// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

/// Variables by which a service manager talks to the daemon and to nobody else (sd_notify(3), sd_listen_fds(3),
/// sd_watchdog_enabled(3)). A server that found them would speak for the daemon, or take descriptors for its own that
/// are not. Any thread, as long as nobody changes the environment.
namespace xsuperd::base {

/// Is "NAME=value" one of them?
[[nodiscard]] bool is_for_daemon_alone(std::string_view variable);

/// Those of them that this process has and the next image of the daemon needs, as "NAME=value".
[[nodiscard]] std::vector<std::string> variables_for_daemon_alone();

}  // namespace xsuperd::base
