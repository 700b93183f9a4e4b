// SPDX-License-Identifier: MIT
#include "net/helper_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace xsuperd::net {

namespace {

void close_from(int first) {
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const int last = files.rlim_max == RLIM_INFINITY ? 4096 : static_cast<int>(files.rlim_max);
  for (int fd = first; fd < last; ++fd) ::close(fd);
}

}  // namespace

void assign(boost::asio::posix::stream_descriptor& descriptor, base::Fd& fd) {
  if (!fd) return;
  descriptor.assign(fd.get());
  (void)fd.release();
}

void kill_helper(int pidfd) { ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0U); }

bool reap(int pidfd, siginfo_t& info) {
  info = {};
  int answer = 0;
  do answer = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
  while (answer == -1 && errno == EINTR);
  return answer == -1 ? errno != EAGAIN : info.si_pid != 0;
}

void end_helper(int pidfd) {
  kill_helper(pidfd);
  constexpr int patience = 1000;
  pollfd end{pidfd, POLLIN, 0};
  while (::poll(&end, 1, patience) < 0 && errno == EINTR) {
  }
  siginfo_t info;
  (void)reap(pidfd, info);
}

bool keep_only(int socket) {
  if (socket != daemon_socket && ::dup3(socket, daemon_socket, O_CLOEXEC) < 0) return false;
  close_from(daemon_socket + 1);
  const base::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (null.get() <= daemon_socket) return false;
  for (int fd = 0; fd <= 2; ++fd)
    if (::dup2(null.get(), fd) < 0) return false;
  return true;
}

}  // namespace xsuperd::net
