// SPDX-License-Identifier: MIT
// The keeper of a box: process 1 of its process namespace, whose namespaces are the box. It does nothing: orphans are
// reaped by the kernel, because it ignores SIGCHLD, and whoever ends it ends all processes in the box. It has no
// capabilities, no descriptors, and no peer. Internal to box; for the process that makes boxes, which has one thread.
#pragma once
#include <sys/types.h>

#include <cstdint>

#include "box/layout.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::box {

/// What a keeper makes of itself. Numbers only: it reads them in our memory.
struct KeeperOrder {
  int mounts = -1;   ///< a mount namespace to have a copy of; -1: none
  int network = -1;  ///< to enter; -1: none
  int ipc = -1;      ///< to enter; -1: none
  bool fresh_ipc = false;
  bool pids = false;
  OwnMounts own = {};
  bool apart = false;  ///< with memory of its own
};

/// The parts of a keeper's way, for what is said when one fails.
enum class KeeperStep : std::uint8_t { clone, enter, copy_mounts, tmp, var_tmp, proc, rights, lost };
[[nodiscard]] const char* step_text(KeeperStep step);

class Keeper {
 public:
  /// Starts it and waits until its box is complete. When error() is not 0, there is none.
  explicit Keeper(const KeeperOrder& order);
  /// Only after it has ended and was reaped: until then it may run on our memory.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  [[nodiscard]] int error() const { return error_; }  ///< errno
  [[nodiscard]] KeeperStep failed_step() const { return step_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Gives away the descriptor of the process.
  [[nodiscard]] base::Fd take_pidfd() { return std::move(pidfd_); }

 private:
  void start(const KeeperOrder& order);
  void wait();

  void* room_ = nullptr;  ///< what both use: the keeper's report, and its stack
  pid_t pid_ = 0;
  base::Fd pidfd_;
  int error_ = 0;
  KeeperStep step_ = KeeperStep::clone;
};

}  // namespace xsuperd::box
