// SPDX-License-Identifier: MIT
#include "xsuperd/base/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace xsuperd::base {

namespace {
constexpr std::string_view names[]{"FDSTORE",       "LISTEN_FDNAMES", "LISTEN_FDS",   "LISTEN_PID",
                                   "LISTEN_PIDFDID", "NOTIFY_SOCKET",  "WATCHDOG_PID", "WATCHDOG_USEC"};
}  // namespace

bool is_for_daemon_alone(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::vector<std::string> variables_for_daemon_alone() {
  std::vector<std::string> found;
  for (char** variable = environ; variable && *variable; ++variable)
    if (is_for_daemon_alone(*variable)) found.emplace_back(*variable);
  return found;
}

}  // namespace xsuperd::base
