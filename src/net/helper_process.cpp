// SPDX-License-Identifier: MIT
#include "net/helper_process.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace xsuperd::net {

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

}  // namespace xsuperd::net
