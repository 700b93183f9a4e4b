// SPDX-License-Identifier: MIT
// Internal to supervisor.
#pragma once
#include <fcntl.h>

#include <cerrno>

namespace xsuperd::supervisor {

/// fcntl(2) that a signal does not interrupt: where it is called during an upgrade, a failure would cost a descriptor, and
/// with it a socket or a session. Any thread.
inline int patient_fcntl(int fd, int command, int argument = 0) noexcept {
  int result = 0;
  do result = ::fcntl(fd, command, argument);
  while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace xsuperd::supervisor
