// SPDX-License-Identifier: MIT
#pragma once
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::fakes {

/// May this process attach programs to sockets of TCP (SO_ATTACH_FILTER)? Newer kernels (6.18 was seen) let no ordinary user
/// do that; steered services stay closed there. Root always may, or the case fails. Otherwise ctest counts the case as
/// skipped (SKIP_REGULAR_EXPRESSION in cmake/Layer.cmake).
[[nodiscard]] inline bool socket_filters_allowed() {
  sock_filter accept_all{BPF_RET | BPF_K, 0, 0, 0xffffffff};
  const sock_fprog program{1, &accept_all};
  const base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::geteuid() == 0 || ::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) return true;
  WARN("case-skipped: the kernel lets this user attach no program to a socket");
  return false;
}

}  // namespace xsuperd::fakes
