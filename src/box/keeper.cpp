// SPDX-License-Identifier: MIT
//
// A keeper shares the memory of the process that makes boxes, which has nothing to hide from it and cannot be traced by
// anyone in the box (PR_SET_DUMPABLE is 0): its making costs a tenth of that of a process with memory of its own. Hence the
// rules of the spawner's child hold in it: raw system calls, no allocation, nothing of libc.
#include "box/keeper.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <utility>

#include "xsuperd/base/raw_syscall.hpp"

// As in spawn/launch.cpp: glibc's clone() by its other name.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);

namespace xsuperd::box {

using base::error_of;
using base::raw;

namespace {

constexpr std::size_t room_size = 16 * 1024;
constexpr int under_way = 0, complete = 1, failed = 2;

/// At the beginning of the room; the stack comes down to it from the end.
struct Report {
  KeeperOrder order;
  int state = under_way;  ///< a futex
  int error = 0;
  KeeperStep step = KeeperStep::clone;
};

XSUPERD_IN_CHILD int enter(const KeeperOrder& order) {
  const std::pair<int, int> namespaces[]{{order.network, CLONE_NEWNET}, {order.ipc, CLONE_NEWIPC}, {order.mounts, CLONE_NEWNS}};
  for (const auto& [number, kind] : namespaces)
    if (number >= 0)
      if (const long answer = raw(SYS_setns, number, kind); answer < 0) return error_of(answer);
  return 0;
}

XSUPERD_IN_CHILD int copy(const KeeperOrder& order) {
  const int kinds = (order.mounts >= 0 ? CLONE_NEWNS : 0) | (order.fresh_ipc ? CLONE_NEWIPC : 0);
  return kinds == 0 ? 0 : error_of(raw(SYS_unshare, kinds));
}

/// A root that has no such directory has none of this.
XSUPERD_IN_CHILD int unless_missing(long answer) { return answer == -ENOENT ? 0 : error_of(answer); }

XSUPERD_IN_CHILD int mount_tmp(const KeeperOrder& order) {
  if (!order.own.tmp) return 0;
  return unless_missing(raw(SYS_mount, "tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,nr_inodes=16k,mode=1777"));
}

XSUPERD_IN_CHILD int mount_var_tmp(const KeeperOrder& order) {
  if (!order.own.var_tmp) return 0;
  return unless_missing(raw(SYS_mount, "/tmp", "/var/tmp", nullptr, MS_BIND, nullptr));
}

XSUPERD_IN_CHILD int mount_proc(const KeeperOrder& order) {
  if (!order.own.proc) return 0;
  const char* options = order.own.proc_of_processes_only ? "subset=pid,hidepid=invisible" : nullptr;
  return unless_missing(raw(SYS_mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, options));
}

/// It needs nothing any more.
XSUPERD_IN_CHILD int give_up_rights(const KeeperOrder&) {
  raw(SYS_close_range, 0, ~0U, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  if (const long answer = raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1); answer < 0) return error_of(answer);
  if (const long answer = raw(SYS_capset, &header, &none[0]); answer < 0) return error_of(answer);
  return error_of(raw(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM));
}

struct Stage {
  KeeperStep step;
  int (*take)(const KeeperOrder&);
};
constexpr Stage stages[] = {{KeeperStep::enter, enter},       {KeeperStep::copy_mounts, copy},   {KeeperStep::tmp, mount_tmp},
                            {KeeperStep::var_tmp, mount_var_tmp}, {KeeperStep::proc, mount_proc}, {KeeperStep::rights, give_up_rights}};

XSUPERD_IN_CHILD void tell(int& state, int value) {
  __atomic_store_n(&state, value, __ATOMIC_RELEASE);
  raw(SYS_futex, &state, FUTEX_WAKE, 1);
}

/// As process 1 of a namespace: is there a process besides? Without one kill(2) finds nobody; with one it may be forbidden.
XSUPERD_IN_CHILD bool alone() { return raw(SYS_kill, -1, 0) == -ESRCH; }

/// For ever, or, when the process that made it has ended (then SIGTERM comes), until nobody else is in the box.
XSUPERD_IN_CHILD void keep(bool pids) {
  const std::uint64_t term[2] = {std::uint64_t{1} << (SIGTERM - 1), 0};
  while (raw(SYS_rt_sigtimedwait, &term[0], nullptr, nullptr, _NSIG / 8) < 0) {
  }
  while (pids && !alone()) {
    const __kernel_old_timespec second{1, 0};
    raw(SYS_nanosleep, &second, nullptr);
  }
}

}  // namespace

const char* step_text(KeeperStep step) {
  switch (step) {
    case KeeperStep::clone: return "making a process";
    case KeeperStep::enter: return "entering namespaces";
    case KeeperStep::copy_mounts: return "copying mounts";
    case KeeperStep::tmp: return "mounting /tmp";
    case KeeperStep::var_tmp: return "mounting /var/tmp";
    case KeeperStep::proc: return "mounting /proc";
    case KeeperStep::rights: return "giving up rights";
    case KeeperStep::lost: return "waiting for its first process";
  }
  return "";
}

namespace {

/// What the kernel takes for an action, with nothing in it but "ignore".
struct KernelAction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask[2];
};

XSUPERD_IN_CHILD int run_keeper(void* argument) {
  Report& report = *static_cast<Report*>(argument);
  const std::uint64_t all[2] = {~std::uint64_t{0}, ~std::uint64_t{0}};
  raw(SYS_rt_sigprocmask, SIG_SETMASK, &all[0], nullptr, _NSIG / 8);
  const KernelAction ignore{SIG_IGN, 0, nullptr, {0, 0}};
  raw(SYS_rt_sigaction, SIGCHLD, &ignore, nullptr, _NSIG / 8);
  raw(SYS_setsid);
  for (const Stage& stage : stages) {
    report.error = stage.take(report.order);
    if (report.error == 0) continue;
    report.step = stage.step;
    tell(report.state, failed);
    return 1;
  }
  const bool pids = report.order.pids;
  tell(report.state, complete);
  keep(pids);
  return 0;
}

/// Has it ended? Takes it away then.
bool reaped(pid_t pid) {
  pid_t answer = 0;
  do answer = ::waitpid(pid, nullptr, WNOHANG);
  while (answer == -1 && errno == EINTR);
  return answer != 0;
}

}  // namespace

Keeper::Keeper(const KeeperOrder& order) {
  void* room = ::mmap(nullptr, room_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) {
    error_ = errno;
    return;
  }
  room_ = room;
  start(order);
}

Keeper::~Keeper() {
  if (room_ != nullptr) ::munmap(room_, room_size);
}

void Keeper::start(const KeeperOrder& order) {
  auto* report = new (room_) Report{order};
  const int flags = SIGCHLD | CLONE_PIDFD | (order.apart ? 0 : CLONE_VM) | (order.pids ? CLONE_NEWPID : 0);
  int pidfd = -1;
  const pid_t pid = ::__clone(run_keeper, static_cast<std::byte*>(room_) + room_size, flags, report, &pidfd);
  if (pid < 0) {
    error_ = errno;
    return;
  }
  pid_ = pid;
  pidfd_.reset(pidfd);
  wait();
}

/// It takes a fraction of a millisecond; one that somebody has killed tells nothing.
void Keeper::wait() {
  auto& report = *static_cast<Report*>(room_);
  const __kernel_old_timespec look{0, 100'000'000};
  while (__atomic_load_n(&report.state, __ATOMIC_ACQUIRE) == under_way) {
    if (raw(SYS_futex, &report.state, FUTEX_WAIT, under_way, &look) != -ETIMEDOUT || !reaped(pid_)) continue;
    pid_ = 0;
    error_ = ESRCH;
    step_ = KeeperStep::lost;
    return;
  }
  if (report.state == complete) return;
  error_ = report.error;
  step_ = report.step;
  while (!reaped(pid_)) ::sched_yield();
  pid_ = 0;
}

}  // namespace xsuperd::box
