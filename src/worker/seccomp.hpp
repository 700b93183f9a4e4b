// SPDX-License-Identifier: MIT
#pragma once

namespace xsuperd::worker {

/// Loads libseccomp, while its file can be reached still. Returns errno, ELIBACC or ELIBBAD; 0 for success.
[[nodiscard]] int load_seccomp();

/// From now on every system call that is not on the list ends the process (SIGSYS). Needs no_new_privs, and
/// load_seccomp() before; unloads the library. Returns errno, 0 for success, and success too where
/// system_calls_restricted() is false.
[[nodiscard]] int restrict_system_calls();

}  // namespace xsuperd::worker
