// SPDX-License-Identifier: MIT
#include "xsuperd/box/user_space.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/time_types.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>

#include "xsuperd/base/raw_syscall.hpp"

namespace xsuperd::box {

using base::raw;

namespace {

/// Is there until it is killed; and not for long when nobody is left who would.
XSUPERD_IN_CHILD int hold(void*) {
  const std::uint64_t all[2] = {~std::uint64_t{0}, ~std::uint64_t{0}};
  raw(SYS_rt_sigprocmask, SIG_SETMASK, &all[0], nullptr, _NSIG / 8);
  const __kernel_old_timespec most{60, 0};
  raw(SYS_nanosleep, &most, nullptr);
  return 0;
}

struct Entry {
  int space;
  int error = 0;
};

XSUPERD_IN_CHILD int enter(void* argument) {
  auto& entry = *static_cast<Entry*>(argument);
  entry.error = base::error_of(raw(SYS_setns, entry.space, CLONE_NEWUSER));
  return 0;
}

/// A process in our memory with a stack of its own, which does not tell of its end by a signal: those who look for children
/// that nobody has started do not see it. Killed and taken away when this goes.
class Companion {
 public:
  Companion(int (*run)(void*), void* argument, int flags) : stack_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
    if (stack_ == MAP_FAILED) return;
    pid_ = ::__clone(run, static_cast<std::byte*>(stack_) + size, flags | (base::raw_touches_tls && (flags & CLONE_VFORK) == 0 ? 0 : CLONE_VM), argument);
    if (pid_ == -1) error_ = errno;
  }
  ~Companion() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      while (::waitpid(pid_, nullptr, __WCLONE) == -1 && errno == EINTR) {
      }
    }
    if (stack_ != MAP_FAILED) ::munmap(stack_, size);
  }
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  /// 0, or why there is none.
  [[nodiscard]] int error() const { return pid_ > 0 ? 0 : error_; }
  [[nodiscard]] std::string file(std::string_view name) const { return fmt::format("/proc/{}/{}", pid_, name); }

 private:
  static constexpr std::size_t size = 32 * 1024;
  void* stack_;
  pid_t pid_ = -1;
  int error_ = ENOMEM;
};

/// One write, as these files take it. 0, or errno.
int write_to(const std::string& path, std::string_view text) {
  const base::Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  const auto written = ::write(file.get(), text.data(), text.size());
  return written == static_cast<ssize_t>(text.size()) ? 0 : written == -1 ? errno : EIO;
}

/// Without setgroups(2) nobody inside gets rid of a group that something is denied to.
int write_maps(const Companion& holder, const UserMap& map) {
  if (const int error = write_to(holder.file("setgroups"), "deny")) return error;
  if (const int error = write_to(holder.file("gid_map"), fmt::format("{} {} 1\n", map.gid_inside, map.gid))) return error;
  return write_to(holder.file("uid_map"), fmt::format("{} {} 1\n", map.uid_inside, map.uid));
}

int entered(int space) {
  Entry entry{space};
  const Companion guest(enter, &entry, CLONE_VFORK);
  return guest.error() != 0 ? guest.error() : entry.error;
}

UserSpaceAbility asked() {
  if (::geteuid() != 0) return UserSpaceAbility::not_root;
  const auto made = make_user_space({});
  switch (made ? entered(made->get()) : made.error().code) {
    case 0:
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return UserSpaceAbility::usable;
    case EINVAL: return UserSpaceAbility::not_in_kernel;
    default: return UserSpaceAbility::not_permitted;
  }
}

}  // namespace

base::Result<base::Fd> make_user_space(const UserMap& map) {
  const Companion holder(hold, nullptr, CLONE_NEWUSER);
  if (holder.error() != 0) return base::system_error(holder.error(), "can't make a user namespace");
  if (const int error = write_maps(holder, map)) return base::system_error(error, "can't map the users of a user namespace");
  base::Fd space(::open(holder.file("ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return base::system_error(errno, "can't open a user namespace");
  return space;
}

base::Result<base::Fd> UserSpaces::get(const UserMap& map) {
  constexpr std::size_t most = 16;
  auto found = std::ranges::find(made_, map, &std::pair<UserMap, base::Fd>::first);
  if (found == made_.end()) {
    auto space = make_user_space(map);
    if (!space) return space.error();
    if (made_.size() == most) made_.erase(made_.begin());
    found = made_.emplace(made_.end(), map, std::move(*space));
  }
  base::Fd copy(::fcntl(found->second.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy) return base::system_error(errno, "can't open a user namespace");
  return copy;
}

UserSpaceAbility user_space_ability() {
  static const UserSpaceAbility ability = asked();
  return ability;
}

}  // namespace xsuperd::box
