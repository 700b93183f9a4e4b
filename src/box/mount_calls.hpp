// SPDX-License-Identifier: MIT
// The system calls that mount by descriptor, which libc may not have yet, and what they take: none of them follows a path
// that somebody could change meanwhile. They answer -1 with errno, as libc's would. Internal to box.
#pragma once
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace xsuperd::box {

// The same numbers on every architecture (Alpha apart).
inline constexpr long sys_open_tree = 428, sys_move_mount = 429, sys_fsopen = 430, sys_fsconfig = 431, sys_fsmount = 432,
                      sys_openat2 = 437, sys_mount_setattr = 442;

inline constexpr unsigned tree_clone = 1, tree_cloexec = O_CLOEXEC, whole_tree = 0x8000;  // AT_RECURSIVE
inline constexpr std::uint64_t attr_read_only = 0x1, attr_nosuid = 0x2, attr_nodev = 0x4, attr_noexec = 0x8;

struct MountAttributes {
  std::uint64_t set = 0, clear = 0, propagation = 0, user_namespace = 0;
};

/// A copy of the mounts at `path`, with all below it, that is nowhere yet.
inline int clone_tree(int directory, const char* path) {
  return static_cast<int>(::syscall(sys_open_tree, directory, path, tree_clone | tree_cloexec | whole_tree | AT_EMPTY_PATH));
}
/// Mounts it at the place that `target` is open for.
inline int move_to(int tree, int target) {
  constexpr unsigned both_by_descriptor = 0x4 | 0x40;  // MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH
  return static_cast<int>(::syscall(sys_move_mount, tree, "", target, "", both_by_descriptor));
}
inline int set_attributes(int mount, const MountAttributes& attributes, bool recursive) {
  const unsigned flags = AT_EMPTY_PATH | (recursive ? whole_tree : 0U);
  return static_cast<int>(::syscall(sys_mount_setattr, mount, "", flags, &attributes, sizeof attributes));
}
/// Opens `path` as it would be found by a process whose root is `root`.
inline int open_within(int root, const char* path, std::uint64_t flags, bool links = true) {
  const struct {
    std::uint64_t flags, mode, resolve;
  } how{flags | O_CLOEXEC, 0, 0x10U | 0x02U | (links ? 0U : 0x04U)};  // RESOLVE_IN_ROOT, _NO_MAGICLINKS, _NO_SYMLINKS
  return static_cast<int>(::syscall(sys_openat2, root, path, &how, sizeof how));
}

}  // namespace xsuperd::box
