// SPDX-License-Identifier: MIT
// What is left of process groups whose leaders have ended after they were told to. Internal to spawn.
#pragma once
#include <dirent.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::spawn {

/// A look through /proc for members of `groups` that are not dead, some processes at a time: a host may have tens of
/// thousands, and the loop has others to serve.
class LivingGroups {
 public:
  explicit LivingGroups(std::set<pid_t> groups);
  /// Looks at some more, about a millisecond long. False when that were all.
  [[nodiscard]] bool go_on();
  /// That the whole look has found nobody in it. False for a group that was not asked for, and where /proc tells nothing.
  [[nodiscard]] bool empty(pid_t group) const;

 private:
  const std::set<pid_t> groups_;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc_;
  std::set<pid_t> living_;
  bool told_ = false;
};

/// Holds dead leaders unreaped, so that their ids, which are those of their groups, cannot become those of strangers, until
/// the groups are empty or their time is over: then what is left gets KILL. Loop thread only.
class Remains {
 public:
  explicit Remains(boost::asio::io_context& loop) : alarm_(loop, [this] { look(); }) {}

  using Clock = std::chrono::steady_clock;
  /// `leader` is a dead child that nobody has reaped, and `pidfd` its own. Where the time is over already, what is left of
  /// the group is killed and the leader reaped at once.
  void take(pid_t leader, base::Fd pidfd, Clock::time_point until);
  /// The time of all is over now.
  void end();
  /// Leaves all as they are.
  void abandon();
  [[nodiscard]] bool holds(pid_t leader) const;
  [[nodiscard]] std::size_t size() const { return groups_.size(); }
  /// Called when the last of them has gone.
  std::function<void()> on_gone = {};

 private:
  struct Group {
    pid_t leader = 0;
    base::Fd pidfd;
    Clock::time_point until;
  };
  void look();
  void tell_if_gone();

  loop::Alarm alarm_;
  std::unique_ptr<LivingGroups> scan_;  ///< while one is under way
  std::vector<Group> groups_;
};

}  // namespace xsuperd::spawn
