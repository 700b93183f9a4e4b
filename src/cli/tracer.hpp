// SPDX-License-Identifier: MIT
// A program that was started with Tuning::traced, stopped at each of its system calls. Internal to cli.
#pragma once
#include <linux/seccomp.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace xsuperd::cli {

/// A system call that is under way.
struct TracedCall {
  pid_t thread = 0;
  seccomp_data facts{};
};

/// How the program ended.
struct End {
  bool signalled = false;
  int value = 0;  ///< exit status, or signal number
  /// 128 + N for a signal, as shells say it.
  [[nodiscard]] int status() const { return signalled ? 128 + value : value; }
};

/// Lets a program run to its end, passes signals for us on to its process group, and tells of the system calls of all its
/// processes and threads. To be used by the thread that has started it; SIGCHLD and the signals to pass on are blocked in
/// all threads. Needs PTRACE_GET_SYSCALL_INFO (Linux 5.3); without it nothing is told of.
class Tracer {
 public:
  struct Witness {
    /// Before the kernel takes the call.
    std::function<void(const TracedCall&)> begins;
    /// When the call has failed; the thread still stands.
    std::function<void(const TracedCall&, int error)> failed;
  };

  Tracer(pid_t program, Witness witness) : program_(program), witness_(std::move(witness)) {}

  /// Until the program, not what it leaves behind, has ended and is reaped. `traced` is what its recipe said.
  [[nodiscard]] End run(bool traced);
  /// Could system calls be told of?
  [[nodiscard]] bool saw() const { return saw_; }

 private:
  struct Thread {
    TracedCall call;
    bool inside = false;  ///< of a call
  };

  void wait_for_signal();
  [[nodiscard]] bool take_reports(bool traced);
  void stopped(pid_t thread, int status);
  void at_call(pid_t thread);
  void pass_on(int signal);

  const pid_t program_;
  const Witness witness_;
  std::map<pid_t, Thread> threads_;
  int passed_on_ = 0;
  bool saw_ = false;
  End end_;
};

}  // namespace xsuperd::cli
