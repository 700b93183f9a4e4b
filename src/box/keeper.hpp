// SPDX-License-Identifier: MIT
// The keeper of a box: process 1 of its process namespace, whose namespaces are the box. It does nothing: orphans are
// reaped by the kernel, because it ignores SIGCHLD, and whoever ends it ends all processes in the box. It has no
// capabilities, one descriptor, and no peer. Internal to box; for the process that makes boxes, which has one thread.
#pragma once
#include <sys/types.h>

#include <vector>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::box {

/// Memory that keepers run on, used again and again: to take it from the kernel for each would cost as much as the keeper.
class Rooms {
 public:
  Rooms() = default;
  ~Rooms();
  Rooms(const Rooms&) = delete;
  Rooms& operator=(const Rooms&) = delete;

  /// Null when there is no memory.
  [[nodiscard]] void* take();
  void give(void* room);

 private:
  std::vector<void*> free_;
};

/// A keeper that was started.
struct Keeper {
  pid_t pid = 0;
  base::Fd process = {};  ///< pidfd
  void* room = nullptr;   ///< free when it has been reaped
};

struct KeeperOptions {
  bool pids = false;   ///< with a process namespace
  bool apart = false;  ///< with memory of its own
  /// The reading end of a pipe that nobody writes to: when its other end is closed, the process that makes boxes is gone,
  /// and the keeper ends behind the last process in its box.
  int alive = -1;
  const char* proc = nullptr;  ///< it mounts /proc with these options and then closes `ready`; null: nothing of that
  int ready = -1;
};
/// Starts it in the namespaces of the caller. With an errno value in `error` there is none.
[[nodiscard]] Keeper start_keeper(const KeeperOptions& options, Rooms& rooms, int& error);

}  // namespace xsuperd::box
