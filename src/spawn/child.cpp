// SPDX-License-Identifier: MIT
//
// The only code that runs in the child. It is in the daemon's memory, on a stack of its own, while all threads
// of the daemon go on. Hence: raw system calls, no allocation, no locks, nothing of libc; its set*id functions,
// for one, walk the list of threads. What a child changes of itself (directory, umask, limits, credentials,
// signal mask) is its own and does not show in the daemon.
#include "spawn/child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "spawn/confine.hpp"
#include "xsuperd/base/raw_syscall.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

namespace {

// Where these exist, the plain names take ids of 16 bits.
#ifdef SYS_setresuid32
constexpr long sys_setgroups = SYS_setgroups32, sys_getgroups = SYS_getgroups32, sys_setresgid = SYS_setresgid32,
               sys_setresuid = SYS_setresuid32, sys_getresgid = SYS_getresgid32,
               sys_getresuid = SYS_getresuid32, sys_setuid = SYS_setuid32, sys_geteuid = SYS_geteuid32;
#else
constexpr long sys_setgroups = SYS_setgroups, sys_getgroups = SYS_getgroups, sys_setresgid = SYS_setresgid,
               sys_setresuid = SYS_setresuid, sys_getresgid = SYS_getresgid, sys_getresuid = SYS_getresuid, sys_setuid = SYS_setuid,
               sys_geteuid = SYS_geteuid;
#endif

constexpr int passed_number = 3;  // SD_LISTEN_FDS_START

struct KernelLimit {  // what prlimit64 takes, on every architecture
  std::uint64_t soft, hard;
};

// Before this the table is the daemon's own: nothing may be opened, closed or moved. Touches nothing but memory,
// because the launcher's slot is the child's until then.
XSUPERD_IN_CHILD int leave_table(const ChildPlan& plan) {
  if (plan.first_high != 0)
    if (const long answer = raw(SYS_close_range, plan.first_high, ~0U, CLOSE_RANGE_UNSHARE); answer < 0)
      return error_of(answer);
  __atomic_store_n(&plan.table_left, 1, __ATOMIC_RELEASE);
  return 0;
}

/// Where the child could not be born in its control group. Its descriptor table is its own then.
XSUPERD_IN_CHILD int enter_group(const ChildPlan& plan) {
  if (plan.group < 0) return 0;
  const long file = raw(SYS_openat, plan.group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (file < 0) return error_of(file);
  const long written = raw(SYS_write, file, "0", 1);
  raw(SYS_close, file);
  return error_of(written);
}

// First of all, because the descriptor is one of the daemon's. From here on / is that of the box.
XSUPERD_IN_CHILD int enter_box(const ChildPlan& plan) {
  return plan.namespaces == 0 ? 0 : error_of(raw(SYS_setns, plan.keeper, plan.namespaces, 0, 0, 0, plan.pass));
}

/// It shows the processes of whoever mounts it. A root without such a directory has none.
XSUPERD_IN_CHILD int mount_proc(const ChildPlan& plan) {
  if (plan.proc == nullptr) return 0;
  const int error = error_of(raw(SYS_mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, plan.proc, plan.pass));
  return error == ENOENT ? 0 : error;
}

// exec would close them, too, but it may take long: a connection that was in another launcher's slot must not stay
// open until then. A kernel without the call leaves it to exec.
XSUPERD_IN_CHILD int close_from(int number) {
  raw(SYS_close_range, number, ~0U, 0);
  return 0;
}

/// The same open file by a number that is not one of the first three: dup3 onto itself is an error. Or what failed, as the
/// kernel says it.
XSUPERD_IN_CHILD long beyond_stdio(int number) {
  return number >= 0 && number <= 2 ? raw(SYS_fcntl, number, F_DUPFD_CLOEXEC, 3) : number;
}

/// The first number that means nothing to the server.
XSUPERD_IN_CHILD int first_unused(const ChildPlan& plan) { return plan.listen_pid == nullptr ? passed_number : passed_number + 1; }

/// Closes all that the server is not to have, but for `users`, which goes to the first number that is free.
XSUPERD_IN_CHILD int close_rest(const ChildPlan& plan, long users) {
  const int first = first_unused(plan);
  if (users < 0) return close_from(first);
  const long kept = users == first ? 0 : raw(SYS_dup3, users, first, O_CLOEXEC);
  return kept < 0 ? error_of(kept) : close_from(first + 1);
}

XSUPERD_IN_CHILD int place_descriptors(const ChildPlan& plan) {
  // Out of the way of what is placed.
  const long users = plan.users < 0 ? -1 : raw(SYS_fcntl, plan.users, F_DUPFD_CLOEXEC, passed_number + 1);
  if (plan.users >= 0 && users < 0) return error_of(users);
  if (plan.keeps_stdio) return close_rest(plan, users);
  const long socket = beyond_stdio(plan.socket);
  if (socket < 0) return plan.socket < 0 ? EBADF : error_of(socket);
  const long errors = plan.errors < 0 ? socket : beyond_stdio(plan.errors);
  if (errors < 0) return error_of(errors);
  for (int number = 0; number <= 2; ++number)
    if (const long answer = raw(SYS_dup3, number == 2 ? errors : socket, number, 0); answer < 0) return error_of(answer);
  if (plan.listen_pid == nullptr) return close_rest(plan, users);
  // What was 3 is of no more use: in this table of our own it is a launcher's slot, or a copy that exec closes.
  const long passed = socket == passed_number ? raw(SYS_fcntl, socket, F_SETFD, 0)
                                              : raw(SYS_dup3, socket, passed_number, 0);
  return passed < 0 ? error_of(passed) : close_rest(plan, users);
}

/// The digits of our pid, which nobody knows before us, into the environment that we are about to take along.
XSUPERD_IN_CHILD int tell_pid(const ChildPlan& plan) {
  if (plan.listen_pid == nullptr) return 0;
  char digits[20];
  std::size_t count = 0;
  for (long pid = raw(SYS_getpid); pid > 0; pid /= 10) digits[count++] = static_cast<char>('0' + pid % 10);
  char* to = plan.listen_pid;
  while (count > 0) *to++ = digits[--count];
  *to = '\0';
  return 0;
}

XSUPERD_IN_CHILD int start_session(const ChildPlan&) { return error_of(raw(SYS_setsid)); }

/// One write, as files in /proc take it.
XSUPERD_IN_CHILD int write_file(const char* path, const char* text, std::size_t size) {
  const long file = raw(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return error_of(file);
  const long written = raw(SYS_write, file, text, size);
  raw(SYS_close, file);
  if (written < 0) return error_of(written);
  return static_cast<std::size_t>(written) == size ? 0 : EIO;
}

// What setexeccon(3) does. Comes before the limits, which may leave no descriptor to write with.
XSUPERD_IN_CHILD int set_context(const ChildPlan& plan) {
  if (plan.context == nullptr) return 0;
  return write_file("/proc/self/attr/exec", plan.context, plan.context_size);
}

XSUPERD_IN_CHILD int set_priority(const ChildPlan& plan) {
  if (!plan.nice.given) return 0;
  const int error = error_of(raw(SYS_setpriority, PRIO_PROCESS, 0, plan.nice.value));
  return error == EACCES || error == EPERM ? 0 : error;
}

XSUPERD_IN_CHILD std::uint64_t kernel_limit(rlim_t value) {
  return value == RLIM_INFINITY ? ~std::uint64_t{0} : value;
}

XSUPERD_IN_CHILD int set_limits(const ChildPlan& plan) {
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    const KernelLimit limit{kernel_limit(plan.limits[i].soft), kernel_limit(plan.limits[i].hard)};
    const int error = error_of(raw(SYS_prlimit64, 0, plan.limits[i].resource, &limit, 0));
    if (error != 0 && error != EPERM) return error;
  }
  return 0;
}

/// To ask whether there are any costs less than half of setting none.
XSUPERD_IN_CHILD int set_groups(const ChildPlan& plan) {
  if (!plan.set_user || !plan.set_groups) return 0;
  if (plan.group_count == 0 && raw(sys_getgroups, 0, 0) == 0) return 0;
  return error_of(raw(sys_setgroups, plan.group_count, plan.groups));
}

XSUPERD_IN_CHILD int set_group(const ChildPlan& plan) {
  const bool has_it = plan.begins.gid.given && plan.begins.gid.value == plan.gid;
  return plan.set_user && plan.set_groups && !has_it ? error_of(raw(sys_setresgid, plan.gid, plan.gid, plan.gid)) : 0;
}

/// Behind all that takes rights on the host, which end here; groups that do not exist inside stay what they are. Inside, the
/// kernel gives all capabilities and the whole bounding set, over nothing but the namespace: what else the server is in
/// belongs to the host.
XSUPERD_IN_CHILD int enter_users(const ChildPlan& plan) {
  if (plan.users < 0) return 0;
  const int error = error_of(raw(SYS_setns, first_unused(plan), CLONE_NEWUSER, 0, 0, 0, plan.pass));
  raw(SYS_close, first_unused(plan));
  return error;
}

/// As the namespace has it that it is in.
XSUPERD_IN_CHILD uid_t user_of(const ChildPlan& plan) { return plan.users < 0 ? plan.uid : plan.uid_inside; }
XSUPERD_IN_CHILD gid_t group_of(const ChildPlan& plan) { return plan.users < 0 ? plan.gid : plan.gid_inside; }

// With another user the child still has the memory of a daemon that is root, maybe for long. Its user must not
// trace it there, nor make it dump core, which before Linux 5.16 kills all who share the memory. A change of user
// makes the kernel set the memory's dumpable flag to fs.suid_dumpable, which may allow both: so we clear it. As
// the flag is the daemon's as well, from then on the daemon writes no core file. The memory that exec makes gets a
// flag of its own.
XSUPERD_IN_CHILD int set_user(const ChildPlan& plan) {
  if (!plan.set_user) return 0;
  const uid_t user = user_of(plan);
  // An id that does not exist in a namespace looks like nobody's there.
  const bool changes = plan.users >= 0 || (plan.begins.root ? 0 : raw(sys_geteuid)) != static_cast<long>(user);
  if (!changes && plan.begins.root) return 0;
  if (const long answer = raw(sys_setresuid, user, user, user); answer < 0) return error_of(answer);
  return changes ? error_of(raw(SYS_prctl, PR_SET_DUMPABLE, 0)) : 0;
}

XSUPERD_IN_CHILD int verify_ids(const ChildPlan& plan) {
  if (!plan.set_user) return 0;
  const uid_t user = user_of(plan);
  const gid_t group = group_of(plan);
  unsigned real = 0, effective = 0, saved = 0;
  raw(sys_getresuid, &real, &effective, &saved);
  if (real != user || effective != user || saved != user) return EPERM;
  if (user != 0 && raw(sys_setuid, 0) == 0) return EPERM;  // the way back must be shut
  if (!plan.set_groups) return 0;
  raw(sys_getresgid, &real, &effective, &saved);
  return real == group && effective == group && saved == group ? 0 : EPERM;
}

XSUPERD_IN_CHILD int set_umask(const ChildPlan& plan) {
  if (plan.umask.given) raw(SYS_umask, plan.umask.value);
  return 0;
}

XSUPERD_IN_CHILD int change_directory(const ChildPlan&) { return error_of(raw(SYS_chdir, "/")); }

XSUPERD_IN_CHILD int unblock_signals(const ChildPlan&) {
  const std::uint64_t none[2] = {0, 0};  // large enough for every architecture's set
  return error_of(raw(SYS_rt_sigprocmask, SIG_SETMASK, &none[0], 0, _NSIG / 8));
}

// Late, so that nothing but exec is there to be traced.
XSUPERD_IN_CHILD int be_traced(const ChildPlan& plan) {
  return plan.traced ? error_of(raw(SYS_ptrace, static_cast<long>(PTRACE_TRACEME), 0, 0, 0)) : 0;
}

XSUPERD_IN_CHILD int execute(const ChildPlan& plan) {
  return error_of(raw(SYS_execve, plan.path, plan.argv, plan.envp));
}

struct Stage {
  Step step;
  int (*take)(const ChildPlan&);  ///< returns errno, 0 for success
};

constexpr Stage stages[] = {
    {Step::enter, enter_group},
    {Step::enter, enter_box},
    {Step::descriptors, leave_table},
    {Step::enter, mount_proc},
    {Step::descriptors, place_descriptors},
    {Step::session, start_session},
    {Step::context, set_context},
    {Step::no_new_privileges, forbid_new_privileges},
    {Step::files, restrict_writing},  // these need a descriptor, which the limits may not leave
    {Step::network, restrict_connect},
    {Step::priority, set_priority},
    {Step::limits, set_limits},
    {Step::capabilities, cut_bounding_set},
    {Step::groups, set_groups},
    {Step::group, set_group},
    {Step::user_namespace, enter_users},
    {Step::capabilities, cut_bounding_set_inside},
    {Step::user, set_user},
    {Step::verify, verify_ids},
    {Step::capabilities, set_capabilities},
    {Step::verify, verify_capabilities},
    {Step::umask, set_umask},
    {Step::directory, change_directory},
    {Step::signals, unblock_signals},
    {Step::exec, tell_pid},
    {Step::trace, be_traced},
    {Step::filter, install_filter},
    {Step::exec, execute},
};

}  // namespace

XSUPERD_IN_CHILD int run_child(void* argument) {
  ChildPlan& plan = *static_cast<ChildPlan*>(argument);
  for (const Stage& stage : stages) {
    plan.error = stage.take(plan);
    if (plan.error == 0) continue;
    plan.failed_step = stage.step;
    const bool absent = stage.step == Step::exec && plan.error == ENOENT;
    raw(SYS_exit_group, absent ? 127 : 126);
  }
  return 0;  // never reached: a successful exec does not return, and a failed one ended the child above
}

}  // namespace xsuperd::spawn
