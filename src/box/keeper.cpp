// SPDX-License-Identifier: MIT
//
// A keeper shares the memory of the process that makes boxes, which has nothing to hide from it and cannot be traced by
// anyone in the box (PR_SET_DUMPABLE is 0): its making costs a fraction of that of a process with memory of its own. Hence
// the rules of the spawner's child hold in it: raw system calls, no allocation, nothing of libc.
#include "box/keeper.hpp"

#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/time_types.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <new>

#include "xsuperd/base/raw_syscall.hpp"

namespace xsuperd::box {

using base::raw;

namespace {

constexpr std::size_t room_size = 16 * 1024;

/// What the kernel takes for an action, with nothing in it but "ignore".
struct KernelAction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask[2];
};

/// Nothing that is sent to it from outside, but SIGKILL, means anything; and it need not reap.
XSUPERD_IN_CHILD void be_deaf() {
  const std::uint64_t all[2] = {~std::uint64_t{0}, ~std::uint64_t{0}};
  raw(SYS_rt_sigprocmask, SIG_SETMASK, &all[0], nullptr, _NSIG / 8);
  const KernelAction ignore{SIG_IGN, 0, nullptr, {0, 0}};
  raw(SYS_rt_sigaction, SIGCHLD, &ignore, nullptr, _NSIG / 8);
}

XSUPERD_IN_CHILD void close_all_but(int kept) {
  if (kept > 0) raw(SYS_close_range, 0, kept - 1, 0);
  raw(SYS_close_range, kept + 1, ~0U, 0);
}

XSUPERD_IN_CHILD bool give_up_rights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  return raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1) == 0 && raw(SYS_capset, &header, &none[0]) == 0;
}

/// As process 1 of a namespace: is there a process besides? Without one kill(2) finds nobody; with one it may be forbidden.
XSUPERD_IN_CHILD bool alone() { return raw(SYS_kill, -1, 0) == -ESRCH; }

XSUPERD_IN_CHILD int keep(void* room) {
  const KeeperOptions options = *static_cast<const KeeperOptions*>(room);
  be_deaf();
  if (options.proc != nullptr) {
    const long answer = raw(SYS_mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.proc);
    if (answer != 0) return 1;
    raw(SYS_write, options.ready, "", 1);
  }
  close_all_but(options.alive);
  if (!give_up_rights()) return 1;  // whoever comes finds no box
  pollfd end{options.alive, POLLIN, 0};
  while (raw(SYS_ppoll, &end, 1, nullptr, nullptr, 0) <= 0) {
  }
  // It may have been lent in this moment: then somebody comes.
  const __kernel_old_timespec second{1, 0};
  do raw(SYS_nanosleep, &second, nullptr);
  while (options.pids && !alone());
  return 0;
}

}  // namespace

Rooms::~Rooms() {
  for (void* room : free_) ::munmap(room, room_size);
}

void* Rooms::take() {
  if (!free_.empty()) {
    void* room = free_.back();
    free_.pop_back();
    return room;
  }
  void* room = ::mmap(nullptr, room_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return room == MAP_FAILED ? nullptr : room;
}

void Rooms::give(void* room) { free_.push_back(room); }

Keeper start_keeper(const KeeperOptions& options, Rooms& rooms, int& error) {
  Keeper keeper;
  keeper.room = rooms.take();
  if (keeper.room == nullptr) return error = ENOMEM, Keeper{};
  new (keeper.room) KeeperOptions(options);
  const int flags = SIGCHLD | CLONE_PIDFD | (options.apart ? 0 : CLONE_VM) | (options.pids ? CLONE_NEWPID : 0);
  int pidfd = -1;
  keeper.pid = ::__clone(keep, static_cast<std::byte*>(keeper.room) + room_size, flags, keeper.room, &pidfd);
  if (keeper.pid < 0) {
    error = errno;
    rooms.give(keeper.room);
    return {};
  }
  keeper.process.reset(pidfd);
  return keeper;
}

}  // namespace xsuperd::box
