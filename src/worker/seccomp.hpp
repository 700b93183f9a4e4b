// SPDX-License-Identifier: MIT
#pragma once

namespace xsuperd::worker {

/// Loads libseccomp, while its file can be reached still. Returns errno, ELIBACC or ELIBBAD; 0 for success.
[[nodiscard]] int load_seccomp();

/// What becomes of whoever makes a system call that is not on the list.
enum class Refused : unsigned char {
  killed,   ///< the process ends (SIGSYS, which nothing can catch)
  trapped,  ///< it gets SIGSYS, and goes on: for the test that tries them all
};

/// From now on every system call that is not on the list is refused. Needs no_new_privs, and load_seccomp() before;
/// unloads the library. Returns errno, 0 for success, and success too where system_calls_restricted() is false.
struct Allowed {
  bool tls = false;      ///< the worker for TLS, which also leaves connections to the kernel
  bool sockets = true;   ///< sockets for TCP may be made and connected
};
[[nodiscard]] int restrict_system_calls(Refused refused, Allowed allowed);

}  // namespace xsuperd::worker
