// SPDX-License-Identifier: MIT
#pragma once
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <vector>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::fakes {

/// Processes that do nothing, while a test speaks in their place.
class IdleProcesses {
 public:
  spawn::Started start(std::uint64_t token) {
    int ends[2];
    REQUIRE(::pipe2(&ends[0], O_CLOEXEC) == 0);
    sigset_t term;
    ::sigemptyset(&term);
    ::sigaddset(&term, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &term, nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) live(ends[0], term);
    ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
    ::close(ends[0]);
    lives_.emplace_back(ends[1]);
    return {
        .token = token, .pid = pid, .pidfd = base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
  }
  /// Those that no signal has ended do so now.
  void end() { lives_.clear(); }

 private:
  /// Until the test lets go, or a signal comes.
  [[noreturn]] static void live(int life, const sigset_t& term) {
    char byte = 0;
    ::signal(SIGTERM, SIG_DFL);  // Catch has a handler for it
    ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
    ::dup2(life, 0);
    ::syscall(SYS_close_range, 1, ~0U, 0);
    ::_exit(static_cast<int>(::read(0, &byte, 1)));
  }

  std::vector<base::Fd> lives_;
};

}  // namespace xsuperd::fakes
