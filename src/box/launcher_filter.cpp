// SPDX-License-Identifier: MIT
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include <algorithm>
#include <bit>
#include <cstddef>

#include "xsuperd/box/filter.hpp"

namespace xsuperd::box {

namespace {

/// What a thread that starts servers calls, libc within it, and the child up to its exec. The sets leave all of them; what
/// they do not leave, setns(2), mount(2) and clone3(2), has a pass.
constexpr std::string_view needed[]{
    "brk",    "capget",   "capset",   "chdir",     "clock_gettime", "clock_nanosleep", "clone",           "close",
    "close_range", "dup3", "epoll_ctl", "exit", "fcntl",     "futex",         "geteuid", "getgroups", "getpid",          "getresgid",
    "getresuid", "gettid", "kill",    "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "madvise", "mmap",
    "mprotect", "munmap", "nanosleep", "openat",   "pidfd_open",    "prctl",           "prlimit64",       "rseq",
    "rt_sigprocmask", "sched_yield", "set_robust_list", "setgroups", "setpriority",    "setresgid",       "setresuid", "setsid",
    "setuid", "tgkill",   "umask",    "waitid",    "write"};

#ifdef __x86_64__
constexpr std::uint32_t native = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t native = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t native = 0;  // none that we know: no thread takes a filter
#endif

}  // namespace

bool lets_launch(const FilterRequest& request) {
  const auto is_needed = [](const std::string& name) { return std::ranges::find(needed, name) != std::end(needed); };
  return native != 0 && request.action == FilterRequest::Action::error && std::ranges::none_of(request.denied, is_needed);
}

std::uint64_t pass() {
  static const std::uint64_t number = [] {
    std::uint64_t random = 0;
    while (random == 0)
      if (::getrandom(&random, sizeof random, 0) != sizeof random) random = 0;
    return random;
  }();
  return number;
}

FilterProgram for_launcher(const FilterProgram& program) {
  constexpr std::uint32_t clone3 = 435;
  constexpr auto sixth = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 5 * sizeof(std::uint64_t));
  constexpr bool little = std::endian::native == std::endian::little;
  const auto low = static_cast<std::uint32_t>(pass());
  const auto high = static_cast<std::uint32_t>(pass() >> 32);
  const sock_filter checks[]{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
                             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native, 0, 13),
                             BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 2, 0),
                             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, clone3, 1, 0),
                             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 9),
                             // Both halves in one comparison: none can be found out by itself, by the time it takes.
                             BPF_STMT(BPF_LD | BPF_W | BPF_ABS, little ? sixth : sixth + 4),
                             BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, low),
                             BPF_STMT(BPF_ST, 0),
                             BPF_STMT(BPF_LD | BPF_W | BPF_ABS, little ? sixth + 4 : sixth),
                             BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, high),
                             BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 0),
                             BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0),
                             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
                             BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  FilterProgram with(std::begin(checks), std::end(checks));
  with.insert(with.end(), program.begin(), program.end());
  return with;
}

}  // namespace xsuperd::box
