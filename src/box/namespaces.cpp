// SPDX-License-Identifier: MIT
#include "box/namespaces.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "box/root_maker.hpp"

namespace xsuperd::box {

namespace {

/// What a mould's process writes when it is through.
struct MouldReport {
  int error = 0;
  char what[200] = {};
};

bool shares_ipc(const Mould& mould) { return mould.ipc == Mould::Own::lent; }

/// With the helper it ends, and holds nothing of the helper's: it may hang in a file system.
void be_apart(int kept) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (kept > 0) ::syscall(SYS_close_range, 0U, static_cast<unsigned>(kept) - 1, 0U);
  ::syscall(SYS_close_range, static_cast<unsigned>(kept) + 1, ~0U, 0U);
}

/// In a process of its own: makes the namespaces, reports, and keeps them until it is killed.
[[noreturn]] void be_mould(const Mould& mould, int report_to) {
  be_apart(report_to);
  MouldReport report;
  if (::unshare((mould.has_mounts() ? CLONE_NEWNS : 0) | (shares_ipc(mould) ? CLONE_NEWIPC : 0)) != 0) {
    report.error = errno;
    std::snprintf(report.what, sizeof report.what, "making namespaces");
  } else if (mould.has_mounts()) {
    const RootTrouble trouble = make_root(mould);
    report.error = trouble.error;
    std::snprintf(report.what, sizeof report.what, "%s", trouble.what.c_str());
  }
  if (::write(report_to, &report, sizeof report) == sizeof report)
    while (true) ::pause();
  ::_exit(0);
}

/// Of a mould's process, which may be at it for some time. ETIMEDOUT: it is not through yet.
MouldReport report_from(int pipe) {
  constexpr int patience = 3'000;  // milliseconds; all other boxes wait meanwhile
  MouldReport report;
  pollfd end{pipe, POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&end, 1, patience);
  while (ready < 0 && errno == EINTR);
  if (ready == 0)
    report = {ETIMEDOUT, "laying out its files"};
  else if (::read(pipe, &report, sizeof report) != sizeof report)
    report = {EIO, "laying out its files"};
  return report;
}

bool has_ended(int pidfd) {
  pollfd end{pidfd, POLLIN, 0};
  return ::poll(&end, 1, 0) == 1;
}

/// A root that has no such directory has none of this.
bool mounted(const char* what, const char* where, const char* type, unsigned long flags, const char* options) {
  return ::mount(what, where, type, flags, options) == 0 || errno == ENOENT;
}

Trouble mount_own(const OwnMounts& own) {
  if (own.tmp && !mounted("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,nr_inodes=16k,mode=1777")) return {errno, "mounting /tmp"};
  if (own.var_tmp && !mounted("/tmp", "/var/tmp", nullptr, MS_BIND, nullptr)) return {errno, "mounting /var/tmp"};
  return {};
}

}  // namespace

Trouble Namespaces::begin() {
  proc_.reset(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  mounts_ = open_of(0, "ns/mnt", O_RDONLY);
  ipc_ = open_of(0, "ns/ipc", O_RDONLY);
  return mounts_ && ipc_ ? Trouble{} : Trouble{errno, "opening namespaces in /proc"};
}

base::Fd Namespaces::open_of(pid_t pid, const char* what, int flags) const {
  const std::string path = (pid == 0 ? std::string("self") : std::to_string(pid)) + '/' + what;
  return base::Fd(::openat(proc_.get(), path.c_str(), flags | O_CLOEXEC));
}

/// Not for the sake of the network: it is the same to a mould.
Trouble Namespaces::go_home() {
  if (!std::exchange(away_, false)) return {};
  if (::setns(ipc_.get(), CLONE_NEWIPC) != 0 || ::setns(mounts_.get(), CLONE_NEWNS) != 0) return {errno, "returning to the host's namespaces"};
  return {};
}

Trouble Namespaces::make(const Mould& mould, MouldSpaces& to, base::Fd& hanging) {
  to.own = layout_of(mould).own;
  if (!mould.has_mounts() && !shares_ipc(mould)) return {};
  if (hanging && !has_ended(hanging.get())) return {ETIMEDOUT, "laying out its files"};
  hanging.reset();
  if (Trouble trouble = go_home(); trouble.happened()) return trouble;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {errno, "making a pipe"};
  const base::Fd from(ends[0]);
  base::Fd report_to(ends[1]);
  const pid_t pid = ::fork();
  if (pid == -1) return {errno, "making a process"};
  if (pid == 0) be_mould(mould, report_to.get());
  report_to.reset();
  const MouldReport report = report_from(from.get());
  Trouble trouble{report.error, report.what};
  if (!trouble.happened()) trouble = take_spaces(mould, pid, to);
  end_mould(pid, report.error == ETIMEDOUT, hanging);
  return trouble;
}

Trouble Namespaces::take_spaces(const Mould& mould, pid_t pid, MouldSpaces& to) const {
  if (mould.has_mounts()) to.mounts = open_of(pid, "ns/mnt", O_RDONLY);
  if (shares_ipc(mould)) to.ipc = open_of(pid, "ns/ipc", O_RDONLY);
  const bool lacking = (mould.has_mounts() && !to.mounts) || (shares_ipc(mould) && !to.ipc);
  return lacking ? Trouble{errno, "opening namespaces in /proc"} : Trouble{};
}

/// One that hangs ends when its file system answers, and is reaped like a keeper.
void Namespaces::end_mould(pid_t pid, bool hangs, base::Fd& hanging) {
  if (hangs) hanging.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  ::kill(pid, SIGKILL);
  while (!hanging && ::waitpid(pid, nullptr, 0) == -1 && errno == EINTR) {
  }
}

Trouble Namespaces::enter_new_box(const Mould& mould, const MouldSpaces& spaces, base::Fd& network) {
  if (Trouble trouble = spaces.mounts && spaces.ipc ? Trouble{} : go_home(); trouble.happened()) return trouble;
  away_ = true;
  if (Trouble trouble = enter_network(mould, network); trouble.happened()) return trouble;
  const bool entered = (!spaces.ipc || ::setns(spaces.ipc.get(), CLONE_NEWIPC) == 0) && (!spaces.mounts || ::setns(spaces.mounts.get(), CLONE_NEWNS) == 0);
  if (!entered) return {errno, "entering namespaces"};
  const int fresh = (spaces.mounts ? CLONE_NEWNS : 0) | (mould.ipc == Mould::Own::fresh ? CLONE_NEWIPC : 0);
  if (fresh != 0 && ::unshare(fresh) != 0) return {errno, "making namespaces"};
  return mount_own(spaces.own);
}

/// More than a burst leaves behind need not be kept.
void Namespaces::take_back(base::Fd network) {
  constexpr std::size_t most = 64;
  if (networks_.size() < most) networks_.push_back(std::move(network));
}

/// One that nobody is in, or a new one.
Trouble Namespaces::enter_network(const Mould& mould, base::Fd& network) {
  if (mould.network == Mould::Own::none) return {};
  if (mould.network == Mould::Own::lent && !networks_.empty()) {
    network = std::move(networks_.back());
    networks_.pop_back();
    return ::setns(network.get(), CLONE_NEWNET) == 0 ? Trouble{} : Trouble{errno, "entering a network namespace"};
  }
  if (::unshare(CLONE_NEWNET) != 0) return {errno, "making a network namespace"};
  network = open_of(0, "ns/net", O_RDONLY);
  return network ? Trouble{} : Trouble{errno, "opening namespaces in /proc"};
}

}  // namespace xsuperd::box
