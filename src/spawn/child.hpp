// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "xsuperd/spawn/recipe.hpp"

namespace xsuperd::spawn {

/// As whom children begin: as the daemon.
struct Beginning {
  /// User 0: real, effective and saved. Of others nothing is known: to set them again makes some kernels count their
  /// processes (RLIMIT_NPROC).
  bool root = false;
  Given<gid_t> gid;  ///< likewise; none: they are not known to be the same, or to exist
};
/// Of the calling thread.
[[nodiscard]] Beginning present_ids();

/// What the child reads, in numbers and pointers only, because it may call nothing of the library; and where
/// it writes why it failed. Lives in a Launch, which outlives the child's use of it.
struct ChildPlan : Tuning {
  int socket = -1;  ///< becomes 0, 1 and 2
  int errors = -1;  ///< becomes 2 instead; -1: the socket does
  unsigned first_high =
      0;  ///< not 0: the descriptor table is the daemon's; keep a copy of what lies below this
  char* listen_pid = nullptr;  ///< not null: the socket becomes 3, too, and the child's pid is written here
  int keeper = -1;      ///< a pidfd in the daemon's table; -1: there is no box to enter
  int group = -1;       ///< the directory of a control group to enter; -1: it is in its own already
  int namespaces = 0;   ///< those of the keeper to enter
  const char* proc = nullptr;  ///< options of a /proc to mount; null: none
  int users = -1;         ///< a user namespace to enter, in a table that is the child's own; -1: none
  uid_t uid_inside = 0;   ///< with `users`: the ids as they are there
  gid_t gid_inside = 0;
  std::uint64_t pass = 0;      ///< what a filter lets setns(2) and mount(2) through for
  /// Our thread has given up new privileges and bounding capabilities, and has the filter: all of that is ours already.
  bool inherited = false;
  const char* path = nullptr;
  const char* const* argv = nullptr;
  const char* const* envp = nullptr;
  const char* context = nullptr;  ///< for /proc/self/attr/exec; null: none
  std::size_t context_size = 0;
  const ResourceLimit* limits = nullptr;
  std::size_t limit_count = 0;
  const std::uint16_t* connect_ports = nullptr;
  std::size_t connect_port_count = 0;
  bool limit_connect = false;
  const char* const* writable_files = nullptr;  ///< ends with a null; null: no such rules
  const sock_filter* filter = nullptr;  ///< null: none
  unsigned short filter_length = 0;
  int filter_error = 0;  ///< not 0: there should be one
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  bool set_user = false;
  bool set_groups = false;
  Beginning begins;  ///< such ids are not set again, but verified as if they had been

  Step failed_step = Step::clone;
  int error = 0;  ///< errno of the failed step; 0 as long as nothing failed. To be read when `child` is 0

  /// A futex. 1 as long as the child is in our memory; the kernel writes 0 and wakes who waits when it has
  /// executed the server or ended (clone(2), CLONE_CHILD_CLEARTID).
  int child = 1;
  /// The child writes 1 when it has left the daemon's descriptor table.
  mutable int table_left = 0;
};

/// The plan for a recipe; socket, errors, argv, envp, context and writable_files are the launcher's to fill in. Pure.
[[nodiscard]] ChildPlan plan_for(const Recipe& recipe);

/// Becomes the server or ends. To be called by clone(2) only; `plan` is a ChildPlan*.
int run_child(void* plan);

}  // namespace xsuperd::spawn
