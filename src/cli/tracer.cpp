// SPDX-License-Identifier: MIT
#include "cli/tracer.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <iterator>

namespace xsuperd::cli {

namespace {

// Headers of libcs differ in what they call it.
constexpr int get_call_info = 0x420e;
constexpr std::uint8_t begins = 1, ends = 2;
struct Entry {
  std::uint64_t number, arguments[6];
};
struct Exit {
  std::int64_t value;
  std::uint8_t is_error;
};
struct CallInfo {
  std::uint8_t what;
  std::uint8_t unused[3];
  std::uint32_t architecture;
  std::uint64_t instruction, stack;
  union {
    Entry entry;
    Exit exit;
  };
};

template <typename Request>
long trace(Request request, pid_t thread, long address, void* data) {
  return ::ptrace(static_cast<decltype(PTRACE_CONT)>(request), thread, reinterpret_cast<void*>(address), data);
}

/// At its next system call, or on the way back from this one. A thread that was killed meanwhile is heard of by wait.
void resume(pid_t thread, long signal) { trace(PTRACE_SYSCALL, thread, 0, reinterpret_cast<void*>(signal)); }

constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

End end_of(int status) { return WIFSIGNALED(status) ? End{true, WTERMSIG(status)} : End{false, WEXITSTATUS(status)}; }

}  // namespace

End Tracer::run(bool traced) {
  while (!take_reports(traced)) wait_for_signal();
  return end_;
}

/// With an end, because a signal that is pending already is not sent again.
void Tracer::wait_for_signal() {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&awaited, signal);
  const timespec second{1, 0};
  const int signal = ::sigtimedwait(&awaited, nullptr, &second);
  if (signal > 0 && signal != SIGCHLD) pass_on(signal);
}

/// Whoever asks for the third time wants an end.
void Tracer::pass_on(int signal) {
  constexpr int most = 2;
  ::kill(-program_, ++passed_on_ > most ? SIGKILL : signal);
}

/// True when the program has ended.
bool Tracer::take_reports(bool traced) {
  int status = 0;
  while (true) {
    const pid_t thread = ::waitpid(traced ? -1 : program_, &status, __WALL | WNOHANG);
    if (thread == -1 && errno == EINTR) continue;
    if (thread <= 0) return thread == -1;
    if (WIFSTOPPED(status)) {
      stopped(thread, status);
      continue;
    }
    threads_.erase(thread);
    if (thread != program_) continue;
    end_ = end_of(status);
    return true;
  }
}

void Tracer::stopped(pid_t thread, int status) {
  const bool fresh = threads_.try_emplace(thread).second;
  const int signal = WSTOPSIG(status);
  const bool event = (status >> 16) != 0;
  if (signal == (SIGTRAP | 0x80)) return at_call(thread), resume(thread, 0);
  if (event) return resume(thread, 0);
  if (fresh && thread == program_) trace(PTRACE_SETOPTIONS, thread, 0, reinterpret_cast<void*>(options));  // its exec
  siginfo_t info{};
  const bool group_stop = trace(PTRACE_GETSIGINFO, thread, 0, &info) == -1;
  resume(thread, fresh || group_stop ? 0 : signal);
}

void Tracer::at_call(pid_t thread) {
  CallInfo info{};
  if (trace(get_call_info, thread, static_cast<long>(sizeof info), &info) <= 0) return;
  saw_ = true;
  Thread& known = threads_[thread];
  if (info.what == begins) {
    known.call = {thread, {static_cast<int>(info.entry.number), info.architecture, info.instruction, {}}};
    std::copy(std::begin(info.entry.arguments), std::end(info.entry.arguments), std::begin(known.call.facts.args));
    known.inside = true;
    witness_.begins(known.call);
  } else if (info.what == ends && known.inside) {
    known.inside = false;
    if (info.exit.is_error != 0) witness_.failed(known.call, static_cast<int>(-info.exit.value));
  }
}

}  // namespace xsuperd::cli
