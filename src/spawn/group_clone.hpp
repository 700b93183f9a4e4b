// SPDX-License-Identifier: MIT
// Children that are born in a control group. Internal to spawn.
#pragma once
#include <cstddef>
#include <cstdint>

namespace xsuperd::spawn {

/// One clone3(2), in numbers and pointers only.
struct GroupClone {
  std::uint64_t flags = 0;  ///< those of clone(2), without the signal
  int group = -1;           ///< the directory of the control group, in the caller's table
  void* stack = nullptr;    ///< the lowest address; a multiple of 16, as is the size
  std::size_t stack_size = 0;
  int* pidfd = nullptr;
  int* pid = nullptr;       ///< for CLONE_PARENT_SETTID
  int* through = nullptr;   ///< for CLONE_CHILD_CLEARTID
  int (*run)(void*) = nullptr;
  void* argument = nullptr;
  std::uint64_t pass = 0;   ///< what a filter lets clone3(2) through for
};

/// Makes the child, which runs `run`, and sends SIGCHLD when it ends. The pid, or -errno; -ENOSYS on machines for which
/// this is not written. May be called by a thread that has no TLS of its own.
[[nodiscard]] long clone_into_group(const GroupClone& how);

/// Does that answer, -errno, say that clone3(2), or its control group, is not to be had here?
[[nodiscard]] bool lacks_group_clone(int error);

/// A child that must not be ended for lack of memory in its control group as long as it is in our memory: with it the
/// kernel would end us. It spares those that somebody waits for with CLONE_VFORK, and that is a thread made for it, the
/// usher, which does nothing else: no other need wait for a program that takes long.
struct Ushered {
  GroupClone child = {};
  int keeper = -1;  ///< a pidfd: the child comes into the process namespace of that process; -1: into ours
  int step_failed = 0;  ///< 1: entering that namespace, 2: the clone
  int error = 0;        ///< errno of it
};
/// Makes the usher, whose stack ends at `top`. The kernel writes 0 to `through` and wakes who waits when the usher has ended: the
/// child has executed its program or ended then, or was not made. errno, 0 for success.
[[nodiscard]] int start_usher(Ushered& order, void* top, int* through);

}  // namespace xsuperd::spawn
