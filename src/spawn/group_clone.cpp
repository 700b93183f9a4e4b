// SPDX-License-Identifier: MIT
#include "spawn/group_clone.hpp"

#include <sched.h>

#include <cerrno>
#include <csignal>

#include "xsuperd/base/raw_syscall.hpp"

namespace xsuperd::spawn {

using base::raw;

namespace {

/// struct clone_args, which older headers lack.
struct Arguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

constexpr std::uint64_t into_cgroup = 0x2'0000'0000;

template <typename T>
XSUPERD_IN_CHILD std::uint64_t word(T* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

/// The child finds itself behind the system call on an empty stack, with all other registers as they were: it calls `run`,
/// and never comes back.
XSUPERD_IN_CHILD long clone3([[maybe_unused]] const Arguments& arguments, [[maybe_unused]] const GroupClone& how) {
#if defined(__x86_64__) && defined(__LP64__)
  long answer = 435;
  register void* r8 asm("r8") = how.argument;
  register std::uint64_t r9 asm("r9") = how.pass;
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%r8, %%rdi\n\t"
      "callq *%%rdx\n\t"
      "movl %%eax, %%edi\n\t"
      "movl $60, %%eax\n\t"
      "syscall\n\t"
      "hlt\n"
      "1:"
      : "+a"(answer)
      : "D"(&arguments), "S"(sizeof arguments), "d"(how.run), "r"(r8), "r"(r9)
      : "rcx", "r11", "memory");
  return answer;
#elif defined(__aarch64__)
  register long x8 asm("x8") = 435;
  register std::uint64_t x0 asm("x0") = word(&arguments);
  register std::size_t x1 asm("x1") = sizeof arguments;
  register int (*x2)(void*) asm("x2") = how.run;
  register void* x3 asm("x3") = how.argument;
  register std::uint64_t x5 asm("x5") = how.pass;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "mov x0, x3\n\t"
      "blr x2\n\t"
      "mov x8, #93\n\t"
      "svc #0\n\t"
      "brk #0\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x5)
      : "memory");
  return static_cast<long>(x0);
#else
  return -ENOSYS;
#endif
}

/// Runs in our memory as a thread that libc does not know.
XSUPERD_IN_CHILD int usher(void* argument) {
  Ushered& order = *static_cast<Ushered*>(argument);
  const long entered = order.keeper < 0 ? 0 : raw(SYS_setns, order.keeper, CLONE_NEWPID, 0, 0, 0, order.child.pass);
  if (entered < 0) {
    order.error = base::error_of(entered);
    order.step_failed = 1;
    return 0;
  }
  const long child = clone_into_group(order.child);
  if (child > 0) return 0;
  order.error = base::error_of(child);
  order.step_failed = 2;
  return 0;
}

}  // namespace

XSUPERD_IN_CHILD long clone_into_group(const GroupClone& how) {
  Arguments arguments;
  arguments.flags = how.flags | into_cgroup;
  arguments.pidfd = word(how.pidfd);
  arguments.child_tid = word(how.through);
  arguments.parent_tid = word(how.pid);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = word(how.stack);
  arguments.stack_size = how.stack_size;
  arguments.tls = arguments.set_tid = arguments.set_tid_size = 0;
  arguments.cgroup = static_cast<std::uint64_t>(how.group);
  return clone3(arguments, how);
}

bool lacks_group_clone(int error) { return error == ENOSYS || error == E2BIG || error == EINVAL || error == EPERM; }

int start_usher(Ushered& order, void* top, int* through) {
  constexpr int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
  return ::__clone(usher, top, flags, &order, nullptr, nullptr, through) == -1 ? errno : 0;
}

}  // namespace xsuperd::spawn
