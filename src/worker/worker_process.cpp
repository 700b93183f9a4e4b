// SPDX-License-Identifier: MIT
#include "worker/worker_process.hpp"

#include <sys/wait.h>

#include <csignal>
#include <utility>

namespace xsuperd::worker {

namespace {
constexpr std::uint64_t the_child = 1;  // one at a time
}  // namespace

WorkerProcess::WorkerProcess(boost::asio::io_context& loop, std::function<void(const spawn::Ended&)> on_end)
    : children_(loop, [this, on_end = std::move(on_end)](const spawn::Ended& ended) {
        pid_ = 0;
        on_end(ended);
      }) {}

void WorkerProcess::watch(pid_t pid, base::Fd pidfd) {
  pid_ = pid;
  children_.watch(the_child, pid, std::move(pidfd));
}

int WorkerProcess::pidfd() const { return children_.pidfd(the_child); }

/// As our child it tells us, without being reaped.
bool WorkerProcess::stopped() const {
  siginfo_t state{};
  const int number = pidfd();
  if (number < 0) return false;
  const int options = WSTOPPED | WNOHANG | WNOWAIT;
  return ::waitid(P_PIDFD, static_cast<id_t>(number), &state, options) == 0 && state.si_pid != 0;
}

void WorkerProcess::kill() { children_.signal(the_child, SIGKILL); }

}  // namespace xsuperd::worker
