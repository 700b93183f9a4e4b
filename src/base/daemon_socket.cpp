// SPDX-License-Identifier: MIT
#include "xsuperd/base/daemon_socket.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace xsuperd::base {

namespace {

void close_from(int first) {
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const int last = static_cast<int>(std::min<rlim_t>(files.rlim_max, 1 << 20));
  for (int fd = first; fd < last; ++fd) ::close(fd);
}

}  // namespace

Result<Fd> keep_only(int socket_fd) {
  if (socket_fd == daemon_socket)
    ::fcntl(socket_fd, F_SETFD, FD_CLOEXEC);
  else if (::dup3(socket_fd, daemon_socket, O_CLOEXEC) < 0)
    return system_error(errno, "placing the daemon's socket failed");
  Fd socket(daemon_socket);
  close_from(daemon_socket + 1);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return system_error(errno, "opening /dev/null failed");
  for (int fd = 0; fd < 3; ++fd)
    if (::dup2(null, fd) < 0) return system_error(errno, "placing /dev/null failed");
  if (null > 2) ::close(null);
  return socket;
}

}  // namespace xsuperd::base
