// SPDX-License-Identifier: MIT
#pragma once
#include <linux/filter.h>
#include <sys/socket.h>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::fakes {

/// May this process attach programs to sockets of TCP (SO_ATTACH_FILTER)? Newer kernels (6.18 was seen) let no ordinary user
/// do that; steered services stay closed there.
[[nodiscard]] inline bool socket_filters_allowed() {
  sock_filter accept_all{BPF_RET | BPF_K, 0, 0, 0xffffffff};
  const sock_fprog program{1, &accept_all};
  const base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

}  // namespace xsuperd::fakes
