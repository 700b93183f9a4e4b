// SPDX-License-Identifier: MIT
#pragma once
#include "spawn/arguments.hpp"
#include "spawn/child.hpp"
#include "spawn/child_stack.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

/// How children are made; the same for all launchers of a spawner.
struct Manner {
  /// Not 0: CLONE_FILES, the child starts in our descriptor table and copies what lies below this number, so
  /// that its cost does not grow with what the daemon has open. 0: the kernel copies the whole table.
  unsigned first_high = 0;
  bool pidfd_clone = true;
};

/// The best manner that the kernel, the reserved descriptors and the options allow.
[[nodiscard]] Manner choose_manner(const CloneOptions& options);

/// Starts one program at a time, and returns when it runs or has failed. Each thread that starts programs has
/// its own: a stack for the child, a slot among the low descriptors, and arrays that are used again.
class Launcher {
 public:
  /// `null` is an open /dev/null, which outlives the launcher.
  Launcher(Manner manner, unsigned thread, int null);

  [[nodiscard]] Outcome launch(Job job);

 private:
  struct Child {
    pid_t pid = 0;  ///< 0: there is none
    base::Fd pidfd;
  };
  [[nodiscard]] Child start_child(ChildPlan& plan, int socket) const;
  [[nodiscard]] Child clone_child(ChildPlan& plan) const;

  Manner manner_;
  int slot_;
  int null_;
  ChildStack stack_;
  Arguments arguments_;
};

}  // namespace xsuperd::spawn
