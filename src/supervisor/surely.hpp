// SPDX-License-Identifier: MIT
// Steps of which each has its turn whatever becomes of the others. Internal to supervisor.
#pragma once
#include <exception>

#include "xsuperd/log/daemon_log.hpp"

namespace xsuperd::supervisor {

/// Logs that an operation was lost because of `bug`; where there is no memory for that, nothing. Loop thread only.
void say_lost(const log::DaemonLog& log, const std::exception& bug) noexcept;

/// Does `step`, and logs what it throws. Loop thread only.
template <typename F>
void surely(const log::DaemonLog& log, F step) noexcept {
  try {
    step();
  } catch (const std::exception& bug) {
    say_lost(log, bug);
  }
}

}  // namespace xsuperd::supervisor
