// SPDX-License-Identifier: MIT
#include "xsuperd/base/fd.hpp"

#include <unistd.h>

namespace xsuperd::base {

void Fd::reset(int fd) noexcept {
  // close() is never repeated on EINTR: Linux has freed the number by then, and another thread may own it.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace xsuperd::base
