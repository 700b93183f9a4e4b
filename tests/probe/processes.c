// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "probe.h"

static pid_t other(void) { return (pid_t)number_fact("pid"); }

static int kill_first(void) { return answer(kill(1, 0)); }
static int kill_parent(void) { return answer(kill(getppid(), 0)); }
static int kill_other(void) { return answer(kill(other(), 0)); }
static int kill_group(void) { return answer(killpg(other(), 0)); }
static int kill_all(void) { return answer(kill(-1, 0)); }
static int queue_other(void) {
  union sigval value = {0};
  return answer(sigqueue(other(), 0, value));
}
static int pidfd_of(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
static int pidfd_other(void) { return answer(pidfd_of(other())); }
static int getfd_other(void) {
  const int pidfd = pidfd_of(other());
  return pidfd < 0 ? answer(pidfd) : answer(syscall(438, pidfd, 0, 0));
}
static int getfd_self(void) { return answer(syscall(438, pidfd_of(getpid()), 0, 0)); }
static int setns_other(void) {
  const int pidfd = pidfd_of(other());
  return pidfd < 0 ? answer(pidfd) : answer(setns(pidfd, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET));
}
static int attach_first(void) { return answer(ptrace(PTRACE_SEIZE, 1, 0, 0)); }
static int attach_other(void) {
  const int result = answer(ptrace(PTRACE_SEIZE, other(), 0, 0));
  if (result == ALLOWED) ptrace(PTRACE_DETACH, other(), 0, 0);
  return result;
}
static int trace_me(void) { return answer(ptrace(PTRACE_TRACEME, 0, 0, 0)); }
static int attach_child(void) {
  const pid_t child = fork();
  if (child == 0) pause();
  const int result = answer(ptrace(PTRACE_SEIZE, child, 0, 0));
  kill(child, SIGKILL);
  return result;
}
static int read_of(pid_t pid) {
  char byte = 0;
  struct iovec here = {&byte, 1}, there = {&byte, 1};
  return got_by(process_vm_readv(pid, &here, 1, &there, 1, 0), EFAULT);
}
static int read_self(void) { return read_of(getpid()); }
static int read_other(void) { return read_of(other()); }
static int limits_other(void) {
  struct rlimit limit;
  return answer(prlimit(other(), RLIMIT_CORE, NULL, &limit));
}
static int nice_other(void) { return answer(setpriority(PRIO_PROCESS, (id_t)other(), 19)); }
static int affinity_other(void) {
  cpu_set_t set;
  if (sched_getaffinity(other(), sizeof set, &set) < 0) return answer(-1);
  return answer(sched_setaffinity(other(), sizeof set, &set));
}
static int compare_others(void) { return answer(syscall(SYS_kcmp, getpid(), other(), 0, 0, 0)); }
static int stop_session(void) { return answer(setsid()); }
static int forks(void) {
  int made = 0;
  for (; made < 40; ++made) {
    const pid_t child = fork();
    if (child < 0) return answer(child);
    if (child == 0) _exit(0);
  }
  while (wait(NULL) > 0) {
  }
  return ALLOWED;
}
static int session_of_other(void) { return answer(getsid(other())); }

const struct attempt process_attempts[] = {
    {"signal-process-1", kill_first}, {"signal-parent", kill_parent}, {"signal-other", kill_other}, {"signal-other-group", kill_group},
    {"signal-everybody", kill_all}, {"queue-signal-to-other", queue_other}, {"pidfd-open-other", pidfd_other}, {"pidfd-getfd-other", getfd_other},
    {"pidfd-getfd-self", getfd_self}, {"setns-other", setns_other}, {"ptrace-process-1", attach_first}, {"ptrace-other", attach_other},
    {"ptrace-me", trace_me}, {"ptrace-child", attach_child}, {"read-memory-self", read_self}, {"read-memory-other", read_other},
    {"prlimit-other", limits_other}, {"renice-other", nice_other}, {"affinity-other", affinity_other}, {"kcmp-other", compare_others},
    {"getsid-other", session_of_other}, {"setsid", stop_session}, {"fork-40", forks}, {NULL, NULL}};
