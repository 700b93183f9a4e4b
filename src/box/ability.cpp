// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "box/group_files.hpp"
#include "box/mount_calls.hpp"
#include "xsuperd/base/raw_syscall.hpp"
#include "xsuperd/box/boxes.hpp"

namespace xsuperd::box {

using base::raw;

namespace {

/// Runs in our memory, as the spawner's children do. The answer is errno.
XSUPERD_IN_CHILD int try_it(void* answer) {
  const std::uint64_t whole = MS_REC | MS_PRIVATE;
  long failure = raw(SYS_unshare, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID);
  if (failure >= 0) failure = raw(SYS_mount, nullptr, "/", nullptr, whole, nullptr);
  if (failure >= 0) failure = raw(SYS_mount, "xsuperd", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k");
  *static_cast<int*>(answer) = base::error_of(failure);
  return 0;
}

/// mount_setattr(2) is the youngest call of all that are needed: Linux 5.12.
bool in_kernel() {
  return ::syscall(sys_mount_setattr, -1, nullptr, 0, nullptr, 0) == -1 && errno != ENOSYS;
}

/// errno of the trial; EAGAIN when it could not be made.
int tried() {
  constexpr std::size_t size = 32 * 1024;
  void* stack = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return EAGAIN;
  int answer = EAGAIN;
  // No signal at its end: those who look for children that nobody has started do not see it.
  const pid_t pid = ::__clone(try_it, static_cast<char*>(stack) + size, CLONE_VM | CLONE_VFORK, &answer);
  if (pid > 0)
    while (::waitpid(pid, nullptr, __WCLONE) == -1 && errno == EINTR) {
    }
  ::munmap(stack, size);
  return answer;
}

std::string controllers_of(const std::string& group) { return read_file(AT_FDCWD, (group + "/cgroup.controllers").c_str()).value_or(""); }

}  // namespace

GroupAbility group_ability(std::string_view controller, bool running) {
  const auto place = own_group();
  const std::string top = place ? controllers_of(place->controllers) : "";
  const bool own = place && has_word(controllers_of(place->directory), controller);
  if (!own && !has_word(top, controller)) return GroupAbility::not_in_kernel;
  if (!running) return GroupAbility::usable;
  return own && is_delegated(*place, ::getpid()) ? GroupAbility::usable : GroupAbility::not_permitted;
}

namespace {

BoxAbility asked() {
  if (::geteuid() != 0) return BoxAbility::not_root;
  if (!in_kernel()) return BoxAbility::not_in_kernel;
  switch (tried()) {
    case 0:
    case EAGAIN:
    case ENOMEM: return BoxAbility::usable;
    case EINVAL: return BoxAbility::not_in_kernel;
    default: return BoxAbility::not_permitted;
  }
}

}  // namespace

// Asked for each service that has boxes.
BoxAbility box_ability() {
  static const BoxAbility ability = asked();
  return ability;
}

}  // namespace xsuperd::box
