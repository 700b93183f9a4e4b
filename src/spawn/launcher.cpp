// SPDX-License-Identifier: MIT
#include "spawn/launcher.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "spawn/low_descriptors.hpp"

// glibc's clone() by its other name, because ThreadSanitizer puts a function of its own in the place of the
// usual one: that takes every child for a fork and notes so in its state, which lies in the memory we share
// with the child.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);

namespace xsuperd::spawn {

namespace {

bool kernel_can_unshare() {
  // An empty range does nothing; a kernel that knows the call and the flag answers EINVAL.
  return ::syscall(SYS_close_range, 1U, 0U, CLOSE_RANGE_UNSHARE) == -1 && errno == EINVAL;
}

/// Clears O_NONBLOCK for the server, and puts it back unless the server got the socket.
class BlockingSocket {
 public:
  BlockingSocket(int fd, bool wanted) : fd_(fd), flags_(wanted ? ::fcntl(fd, F_GETFL) : -1) {
    if (changed()) ::fcntl(fd_, F_SETFL, flags_ & ~O_NONBLOCK);
  }
  void undo() const {
    if (changed()) ::fcntl(fd_, F_SETFL, flags_);
  }

 private:
  [[nodiscard]] bool changed() const { return flags_ != -1 && (flags_ & O_NONBLOCK) != 0; }

  int fd_;
  int flags_;
};

/// Takes away a child that has ended or is about to, and returns its exit status.
int reap(pid_t pid) {
  siginfo_t info{};
  // The number is safe to use: nobody else reaps, so it stays this child's until here.
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) == -1 && errno == EINTR) {
  }
  return info.si_status;
}

void fail(ChildPlan& plan, Step step, int error) {
  plan.failed_step = step;
  plan.error = error;
}

/// For kernels without CLONE_PIDFD. A child that cannot be watched must not live on.
base::Fd open_pidfd(ChildPlan& plan, pid_t& pid) {
  base::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (pidfd) return pidfd;
  fail(plan, Step::clone, errno);
  ::kill(pid, SIGKILL);
  reap(std::exchange(pid, 0));
  return pidfd;
}

}  // namespace

Manner choose_manner(const CloneOptions& options) {
  Manner manner;
  manner.pidfd_clone = !options.without_pidfd_clone;
  if (!options.without_unshare && kernel_can_unshare() && low_descriptors_reserved(options.threads))
    manner.first_high = static_cast<unsigned>(first_high(options.threads));
  return manner;
}

Launcher::Launcher(Manner manner, unsigned thread, int null)
    : manner_(manner), slot_(slot_number(thread)), null_(null) {}

Outcome Launcher::launch(Job job) {
  const Recipe& recipe = *job.recipe;
  arguments_.fill(recipe, job.remote_host);
  ChildPlan plan = plan_for(recipe);
  plan.argv = arguments_.argv();
  plan.envp = arguments_.envp();
  plan.listen_pid = arguments_.listen_pid();
  if (!job.exec_context.empty()) {
    plan.context = job.exec_context.c_str();
    plan.context_size = job.exec_context.size() + 1;  // libselinux sends the NUL too
  }
  const BlockingSocket blocking(job.socket.get(), recipe.blocking_stdio);

  Child child = start_child(plan, job.socket.get());
  if (plan.error == 0) return Started{.token = job.token, .pid = child.pid, .pidfd = std::move(child.pidfd)};
  blocking.undo();
  return StartFailed{.token = job.token,
                     .step = plan.failed_step,
                     .error = plan.error,
                     .process_existed = child.pid != 0,
                     .pid = child.pid,
                     .status = child.pid != 0 ? reap(child.pid) : 0,
                     .socket = std::move(job.socket)};
}

Launcher::Child Launcher::start_child(ChildPlan& plan, int socket) const {
  plan.socket = socket;
  if (manner_.first_high == 0) return clone_child(plan);

  if (::dup3(socket, slot_, O_CLOEXEC) == -1) {
    fail(plan, Step::descriptors, errno);
    return {};
  }
  plan.socket = slot_;
  plan.first_high = manner_.first_high;
  Child child = clone_child(plan);
  ::dup3(null_, slot_, O_CLOEXEC);
  return child;
}

Launcher::Child Launcher::clone_child(ChildPlan& plan) const {
  int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
  if (plan.first_high != 0) flags |= CLONE_FILES;
  if (manner_.pidfd_clone) flags |= CLONE_PIDFD;
  int pidfd = -1;
  Child child;
  // Returns when the child has executed the server or ended, so whatever it had to report stands in the plan.
  child.pid = ::__clone(run_child, stack_.top(), flags, &plan, &pidfd);
  child.pidfd.reset(pidfd);
  if (child.pid == -1) {
    child.pid = 0;
    fail(plan, Step::clone, errno);
  } else if (pidfd == -1 && plan.error == 0) {
    child.pidfd = open_pidfd(plan, child.pid);
  }
  return child;
}

}  // namespace xsuperd::spawn
