// SPDX-License-Identifier: MIT
// Namespaces, as the process that makes boxes makes and enters them. Internal to box; for a process with one thread.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "box/layout.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/mould.hpp"

namespace xsuperd::box {

/// What went wrong: `what` failed with errno value `error`. 0: nothing did.
struct Trouble {
  int error = 0;
  std::string what = {};
  [[nodiscard]] bool happened() const { return error != 0; }
};

/// What all boxes of a mould begin with.
struct MouldSpaces {
  base::Fd mounts = {}, ipc = {};
  OwnMounts own = {};
};

/// The process that makes boxes goes from namespace to namespace: what it starts is in those that it is in. This knows the
/// way back to those of the host.
class Namespaces {
 public:
  /// While the process is still in those of the host. An error makes it useless.
  [[nodiscard]] Trouble begin();

  /// Makes those that the mould's boxes share, in a process of its own, and waits for it some seconds. One that does not
  /// answer, because a file system does not, is killed; `hanging` becomes its pidfd, and as long as it has not ended this
  /// fails at once.
  [[nodiscard]] Trouble make(const Mould& mould, MouldSpaces& to, base::Fd& hanging);
  /// Makes the namespaces of one box, but for the one of processes, and enters them. `network`, if the mould has one, can be
  /// lent again.
  [[nodiscard]] Trouble enter_new_box(const Mould& mould, const MouldSpaces& spaces, base::Fd& network);
  /// Back to the mounts and objects of the host.
  [[nodiscard]] Trouble go_home();
  /// Nobody is in that network any more.
  void take_back(base::Fd network);
  /// For whoever has nothing to lend for some time.
  void drop_networks() { networks_.clear(); }
  /// Something in the directory /proc/PID of the host.
  [[nodiscard]] base::Fd open_of(pid_t pid, const char* what, int flags) const;

 private:
  [[nodiscard]] Trouble take_spaces(const Mould& mould, pid_t pid, MouldSpaces& to) const;
  static void end_mould(pid_t pid, bool hangs, base::Fd& hanging);
  [[nodiscard]] Trouble enter_network(const Mould& mould, base::Fd& network);

  base::Fd proc_;           ///< the host's /proc
  base::Fd mounts_, ipc_;   ///< the host's
  bool away_ = false;
  std::vector<base::Fd> networks_;  ///< nobody is in them
};

}  // namespace xsuperd::box
