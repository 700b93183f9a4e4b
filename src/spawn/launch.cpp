// SPDX-License-Identifier: MIT
#include "spawn/launch.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include "xsuperd/base/raw_syscall.hpp"
#include "xsuperd/box/filter.hpp"

namespace xsuperd::spawn {

namespace {

using base::raw;
using std::chrono::nanoseconds;

/// Takes away a child that has ended or is about to, and returns its exit status.
int reap(pid_t pid) {
  siginfo_t info{};
  // The number is safe to use: nobody else reaps, so it stays this child's until here.
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) == -1 && errno == EINTR) {
  }
  return info.si_status;
}

/// Sleeps while `word` is 1, at most that long, and false when that is over. May come back early. Not FUTEX_PRIVATE_FLAG:
/// the kernel, which does the waking, does it without.
bool sleep_on(const int& word, nanoseconds most) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  __kernel_old_timespec time{};
  time.tv_sec = static_cast<decltype(time.tv_sec)>(seconds.count());
  time.tv_nsec = static_cast<decltype(time.tv_nsec)>((most - seconds).count());
  return raw(SYS_futex, &word, FUTEX_WAIT, 1, &time) != -ETIMEDOUT;
}

/// Children of this thread come into the process namespace of that process from now on. errno, 0 for success.
int born_in(int pidfd) { return base::error_of(raw(SYS_setns, pidfd, CLONE_NEWPID, 0, 0, 0, box::pass())); }

void enclose(ChildPlan& plan, const Enclosure& box) {
  plan.keeper = box.keeper;
  plan.namespaces = box.namespaces;
  plan.proc = box.proc;
  plan.pass = plan.namespaces != 0 ? box::pass() : 0;
  if (box.own_uid == 0) return;
  plan.set_user = true;
  plan.set_groups = true;
  plan.uid = box.own_uid;
  plan.gid = box.own_uid;
  plan.group_count = 0;
}

/// The child reads it: with a null behind the last one.
std::vector<const char*> ended_list(const std::vector<std::string>& paths) {
  std::vector<const char*> list;
  for (const std::string& path : paths) list.push_back(path.c_str());
  list.push_back(nullptr);
  return list;
}

void give_users(ChildPlan& plan, const UserSpace& users) {
  plan.users = users.space.get();
  if (plan.users < 0) return;
  plan.uid_inside = users.uid;
  plan.gid_inside = users.gid;
  plan.pass = box::pass();
}

}  // namespace

BlockingSocket::BlockingSocket(int fd, bool wanted) : fd_(fd), flags_(wanted ? ::fcntl(fd, F_GETFL) : -1) {
  if (changed()) ::fcntl(fd_, F_SETFL, flags_ & ~O_NONBLOCK);
}

void BlockingSocket::undo() const {
  if (changed()) ::fcntl(fd_, F_SETFL, flags_);
}

bool BlockingSocket::changed() const { return flags_ != -1 && (flags_ & O_NONBLOCK) != 0; }

void Launch::prepare(Job&& job) {
  job_ = std::move(job);
  blocking_ = {};
  const Recipe& recipe = *job_.recipe;
  arguments_.fill(recipe, job_.remote_host, job_.own);
  plan_ = plan_for(recipe);
  plan_.argv = arguments_.argv();
  plan_.envp = arguments_.envp();
  plan_.listen_pid = arguments_.listen_pid();
  if (!job_.exec_context.empty()) {
    plan_.context = job_.exec_context.c_str();
    plan_.context_size = job_.exec_context.size() + 1;  // libselinux sends the NUL too
  }
  blocking_ = BlockingSocket(job_.socket.get(), recipe.blocking_stdio);
  enclose(plan_, job_.box);
  give_users(plan_, job_.users);
  if (!recipe.writable_files) return;
  writable_files_ = ended_list(*recipe.writable_files);
  plan_.writable_files = writable_files_.data();
}

void Launch::clone(const Manner& manner, int socket, int errors) {
  plan_.socket = socket;
  plan_.errors = errors;
  plan_.first_high = manner.first_high;
  plan_.begins = manner.begins;
  if (job_.box.group >= 0 && job_.box.group_limits_memory && !base::raw_touches_tls) return clone_ushered(manner);
  enter_and_clone(manner);
}

void Launch::enter_and_clone(const Manner& manner) {
  if (!job_.box.pids) return clone_here(manner);
  const base::Fd home(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0U)));
  if (!home) return fail(Step::enter, errno);
  if (const int error = born_in(job_.box.keeper)) return fail(Step::enter, error);
  clone_here(manner);
  // What fails here for lack of memory must not stay so: all that this thread starts would come into the box.
  while (born_in(home.get()) != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void Launch::clone_here(const Manner& manner) {
  if (job_.box.group >= 0 && clone_into_group(manner)) return;
  int flags = CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD;
  if (base::raw_touches_tls) flags |= CLONE_VFORK;
  if (plan_.group >= 0 && job_.box.group_limits_memory) flags |= CLONE_VFORK;  // as with an usher, and we wait
  if (plan_.first_high != 0) flags |= CLONE_FILES;
  if (manner.pidfd_clone) flags |= CLONE_PIDFD;
  int pidfd = -1;
  const pid_t pid = ::__clone(run_child, stack_.top(), flags, &plan_, &pidfd, nullptr, &plan_.child);
  if (pid == -1) return fail(Step::clone, errno);
  pid_ = pid;
  pidfd_.reset(pidfd);
}

/// The child has a copy of our whole table from the beginning: nobody waits until it has left ours.
void Launch::leave_nothing_shared() {
  plan_.first_high = 0;
  plan_.table_left = 1;
}

GroupClone Launch::into_group(const Manner& manner) {
  GroupClone how;
  // In a group whose time is used up it stands still anywhere, and nobody may wait for it.
  if (job_.box.group_limits_cpu || job_.box.group_limits_memory) leave_nothing_shared();
  how.flags = CLONE_VM | (plan_.first_high != 0 ? CLONE_FILES : 0) | (manner.pidfd_clone ? CLONE_PIDFD : 0);
  how.group = job_.box.group;
  how.stack = stack_.lower();
  how.stack_size = stack_.lower_size();
  how.pidfd = &born_pidfd_;
  how.run = run_child;
  how.argument = &plan_;
  how.pass = box::pass();
  born_ = 0;
  born_pidfd_ = -1;
  return how;
}

/// False: it cannot be born there, and has to enter the group by itself.
bool Launch::clone_into_group(const Manner& manner) {
  GroupClone how = into_group(manner);
  how.flags |= CLONE_CHILD_CLEARTID;
  how.through = &plan_.child;
  const long pid = job_.box.group_limits_memory ? -ENOSYS : spawn::clone_into_group(how);
  if (pid >= 0) {
    pid_ = static_cast<pid_t>(pid);
    pidfd_.reset(born_pidfd_);
    return true;
  }
  if (!lacks_group_clone(base::error_of(pid))) return fail(Step::clone, base::error_of(pid)), true;
  leave_nothing_shared();
  plan_.group = job_.box.group;
  return false;
}

void Launch::clone_ushered(const Manner& manner) {
  ushered_ = {.child = into_group(manner), .keeper = job_.box.pids ? job_.box.keeper : -1};
  ushered_.child.flags |= CLONE_VFORK | CLONE_PARENT_SETTID;
  ushered_.child.pid = &born_;
  if (const int error = start_usher(ushered_, stack_.top(), &plan_.child)) return fail(Step::clone, error);
  const auto born = [this] { return __atomic_load_n(&born_, __ATOMIC_ACQUIRE); };
  while (born() == 0 && !through()) sleep_on(plan_.child, std::chrono::microseconds(50));
  if (born() != 0) {
    pid_ = born();
    pidfd_.reset(born_pidfd_);
    return;
  }
  if (ushered_.step_failed == 1 || !lacks_group_clone(ushered_.error)) return fail(ushered_.step_failed == 1 ? Step::enter : Step::clone, ushered_.error);
  plan_.child = 1;
  enter_and_clone(manner);
}

void Launch::fail(Step step, int error) {
  plan_.failed_step = step;
  plan_.error = error;
  plan_.child = 0;
}

bool Launch::wait(nanoseconds patience) const {
  if (through()) return true;
  // Nearly always the child is through then, and no clock is asked.
  if (patience <= nanoseconds(0) || !sleep_on(plan_.child, patience)) return through();
  if (through()) return true;
  const auto end = std::chrono::steady_clock::now() + patience;
  for (auto left = patience; left > nanoseconds(0); left = end - std::chrono::steady_clock::now()) {
    sleep_on(plan_.child, left);
    if (through()) return true;
  }
  return false;
}

void Launch::wait_for_table() const {
  while (__atomic_load_n(&plan_.table_left, __ATOMIC_ACQUIRE) == 0 && !through())
    sleep_on(plan_.child, std::chrono::microseconds(100));
}

/// For kernels without CLONE_PIDFD. errno, 0 for success.
int Launch::open_pidfd() {
  if (pidfd_ || pid_ == 0) return 0;
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0U)));
  return pidfd_ ? 0 : errno;
}

Outcome Launch::finish() {
  if (plan_.error == 0)
    if (const int error = open_pidfd()) {  // who cannot be watched must not live on
      fail(Step::clone, error);
      kill();
      reap(std::exchange(pid_, 0));
    }
  const pid_t pid = std::exchange(pid_, 0);
  base::Fd pidfd = std::move(pidfd_);
  base::Fd socket = std::move(job_.socket);
  job_.errors.reset();
  job_.users.space.reset();
  job_.recipe.reset();
  if (plan_.error == 0) return Started{.token = job_.token, .pid = pid, .pidfd = std::move(pidfd)};
  blocking_.undo();
  return StartFailed{.token = job_.token,
                     .step = plan_.failed_step,
                     .error = plan_.error,
                     .process_existed = pid != 0,
                     .pid = pid,
                     .status = pid != 0 ? reap(pid) : 0,
                     .socket = std::move(socket)};
}

Outcome Launch::presume() {
  base::Fd socket = std::move(job_.socket);  // the child has its own by now
  job_.errors.reset();
  job_.users.space.reset();
  if (const int error = open_pidfd()) {
    kill();
    blocking_.undo();
    return StartFailed{
        .token = job_.token, .step = Step::clone, .error = error, .socket = std::move(socket)};
  }
  return Started{.token = job_.token, .pid = std::exchange(pid_, 0), .pidfd = std::move(pidfd_)};
}

void Launch::dispose() {
  if (pid_ != 0) reap(std::exchange(pid_, 0));
}

// The number is this child's as long as we have not reaped it.
void Launch::kill() const {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
}

bool Launch::reap_now() {
  siginfo_t info{};
  const bool ended =
      pid_ == 0 || ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) == -1 || info.si_pid == pid_;
  if (ended) pid_ = 0;
  while (ended && !through()) sleep_on(plan_.child, std::chrono::milliseconds(1));  // an usher may be about to leave
  return ended;
}

}  // namespace xsuperd::spawn
