// SPDX-License-Identifier: MIT
#pragma once

namespace xsuperd::worker {

/// From now on every system call that is not on the list ends the process (SIGSYS). Needs no_new_privs.
/// Returns errno, 0 for success, and success too where system_calls_restricted() is false.
[[nodiscard]] int restrict_system_calls();

}  // namespace xsuperd::worker
