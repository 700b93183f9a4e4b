// SPDX-License-Identifier: MIT
#include "supervisor/orphans.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace xsuperd::supervisor {

namespace {
/// A dead child, left as it is; 0 when there is none.
pid_t dead_child() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid : 0;
}
}  // namespace

bool Orphans::possible() {
  int subreaper = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  siginfo_t info{};
  const bool children = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
  return ::getpid() == 1 || subreaper != 0 || children;
}

void Orphans::look_soon() {
  if (waiting_) return;
  waiting_ = true;
  timer_.expires_after(std::chrono::milliseconds(500));
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    waiting_ = false;
    look();
  });
}

void Orphans::look() {
  for (pid_t dead = dead_child(); dead != 0; dead = dead_child()) {
    if (dead != suspect_) {
      suspect_ = dead;
      return look_soon();
    }
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(dead), &info, WEXITED | WNOHANG) != 0) return;
    on_reaped_(dead);
  }
}

}  // namespace xsuperd::supervisor
