// SPDX-License-Identifier: MIT
// What is left of process groups whose leaders have ended after they were told to. Internal to spawn.
#pragma once
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::spawn {

/// Those of `groups` that have members which are not dead, as /proc tells; all of them when it tells nothing.
[[nodiscard]] std::set<pid_t> living_groups(const std::set<pid_t>& groups);

/// Holds dead leaders unreaped, so that their ids, which are those of their groups, cannot become those of strangers, until
/// the groups are empty or their time is over: then what is left gets KILL. Loop thread only.
class Remains : public std::enable_shared_from_this<Remains> {
 public:
  explicit Remains(boost::asio::io_context& loop) : timer_(loop) {}

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
  void look_later(std::chrono::milliseconds pause);
  void look();

  boost::asio::steady_timer timer_;
  bool waiting_ = false;
  std::vector<Group> groups_;
};

}  // namespace xsuperd::spawn
