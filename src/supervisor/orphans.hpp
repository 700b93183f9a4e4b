// SPDX-License-Identifier: MIT
// Children that nobody here has started. Internal to supervisor.
#pragma once
#include <sys/types.h>

#include <functional>
#include <vector>

#include "xsuperd/loop/alarm.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::supervisor {

/// Reaps processes that became our children without our doing: left over from the program that executed us, or handed
/// to us as process 1 of a container. Our own children are reaped through their pidfds within a turn of the loop or spared, so
/// another dead child that stays for half a second is nobody's. However many there are, all are gone after a second.
class Orphans {
 public:
  /// `spared` tells of dead children that somebody keeps on purpose.
  Orphans(boost::asio::io_context& loop, std::function<void(pid_t)> on_reaped,
          std::function<bool(pid_t)> spared = [](pid_t) { return false; })
      : soon_(loop, [this] { look(); }), on_reaped_(std::move(on_reaped)), spared_(std::move(spared)) {}

  /// Can there be any? Then SIGCHLD is listened to; else the daemon is spared a wake-up for every child's end.
  [[nodiscard]] static bool possible();
  /// To be called for SIGCHLD.
  void look_soon();

 private:
  void look();

  loop::Alarm soon_;
  std::function<void(pid_t)> on_reaped_;
  std::function<bool(pid_t)> spared_;
  std::vector<pid_t> suspects_;  ///< the dead children that the last look saw
};

/// Our children, of all threads, in no order, dead ones included. Where the kernel has no such list, the first dead
/// one alone, or none.
[[nodiscard]] std::vector<pid_t> children_of_this_process();

}  // namespace xsuperd::supervisor
