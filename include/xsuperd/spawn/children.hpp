// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "xsuperd/box/boxes.hpp"

#include "xsuperd/base/fd.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::spawn {

/// What a child has used, with its own children that it has waited for (getrusage(2)).
struct Usage {
  std::chrono::microseconds user{}, system{};  ///< processor time
  std::uint64_t most_memory = 0;               ///< of the largest of these processes, bytes
};

/// The end of a child, as waitid(2) tells it. When someone else took the status away, it counts as exit
/// status 0.
struct Ended {
  std::uint64_t token = 0;
  pid_t pid = 0;
  bool signalled = false;
  int value = 0;  ///< exit status, or signal number
  box::Struck struck = {};  ///< set by whoever lends boxes
  std::optional<Usage> usage = {};  ///< none: someone else has taken the status
};

/// Watches running children by pidfd: no SIGCHLD, no search, no confusion of reused pids. Works for a child
/// that has ended already. Lives on the loop thread. Watches are kept in a slab and used again: watching a
/// child allocates nothing once the slab has grown.
///
/// `on_end` may call every member, and may destroy the Children.
class Children {
 public:
  Children(boost::asio::io_context& loop, std::function<void(const Ended&)> on_end);
  ~Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  /// Makes room for so many children at once: watch() does not fail then. Throws std::bad_alloc.
  void expect(std::size_t number);
  /// Waits for the end of `pid`; `token` comes back with it. Tokens of running children differ. Throws std::bad_alloc for
  /// more children than were expected.
  void watch(std::uint64_t token, pid_t pid, base::Fd pidfd);
  /// Sends a signal to the child of that token and to its process group; false when there is none (any more). What is left
  /// of the group when the child has ended after TERM or KILL gets KILL, too, `patience` after TERM; so long the child may
  /// stay a zombie, because its id is that of the group (decision B15.31).
  bool signal(std::uint64_t token, int number, std::chrono::milliseconds patience = std::chrono::seconds(3));
  /// `killed` is called with the token of each child that signal() has sent KILL.
  void on_killed(std::function<void(std::uint64_t)> killed);
  /// How many groups whose leader has ended in this way are being waited for; and whether the leader of one was `pid`.
  [[nodiscard]] std::size_t remains() const;
  [[nodiscard]] bool holds(pid_t pid) const;
  /// They get KILL now, and are waited for no longer.
  void end_remains();
  /// `gone` is called on the loop when the last of them has gone.
  void on_remains_gone(std::function<void()> gone);
  /// The number of the pidfd of that token's child, or -1. It stays ours (for an upgrade).
  [[nodiscard]] int pidfd(std::uint64_t token) const;
  /// How many are being watched.
  [[nodiscard]] std::size_t size() const;
  /// Forgets all without waiting: the children live on (SIGQUIT).
  void abandon();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  ///< shared with waits under way, which must notice that it is gone
};

}  // namespace xsuperd::spawn
