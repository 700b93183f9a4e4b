// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/mould.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::box {

/// Which limits of its control group a box has met.
struct Struck {
  bool memory = false;          ///< the kernel has ended its processes
  bool service_memory = false;  ///< the same, because all boxes of the service together used too much
  bool tasks = false;           ///< processes or threads were refused
  bool service_tasks = false;
  bool operator==(const Struck&) const = default;
};

/// One box, as whoever has it holds it: its namespaces are those of its keeper. Closing the descriptors does not end it.
struct Box {
  std::shared_ptr<const Mould> mould = {};
  std::uint32_t shelf = 0;  ///< Boxes' own
  bool used = false;        ///< by a connection before
  base::Fd keeper = {};     ///< pidfd
  base::Fd tmp = {};     ///< with Mould::reuse: its /tmp, if it has one of its own, and its /proc
  base::Fd proc = {};
  std::uint64_t blocks = 0, files = 0;  ///< of /tmp when it was new
  base::Fd group = {};          ///< the directory of its control group, if it has one
  std::string group_path = {};  ///< below the one of all boxes
  std::int64_t changed = 0;             ///< when anything in it, its mode or its owner last changed, in nanoseconds
};

/// A running helper, as the daemon holds it.
struct BoxHelper {
  base::Fd socket;   ///< AF_UNIX, SEQPACKET; the helper ends when it is closed
  base::Fd process;  ///< pidfd; whoever holds it must reap the helper, which Boxes does
};

/// What became of boxes, since the daemon's start.
struct BoxCounts {
  std::uint64_t made = 0;
  std::uint64_t lent = 0;       ///< to a connection
  std::uint64_t again = 0;      ///< of these, such as had been lent before
  std::uint64_t discarded = 0;  ///< behind a connection
  std::uint64_t doubtful = 0;   ///< of these, with box_reuse, such as did not look as new
  std::uint64_t failed = 0;     ///< could not be made
};

/// Has boxes made, ahead of their use where there is traffic, and lends them. Lives on the loop thread and never waits,
/// except in settle(). Nothing is made for a mould that nobody asks for; when somebody has, `spare` to twice as many
/// are kept spare, for a minute after the last one was lent; what a burst leaves beyond that goes within some seconds. The
/// helper is started by the first request, and anew, at most once a second, when it has ended; what is in use then goes on.
class Boxes {
 public:
  struct Options {
    /// Starts a helper.
    std::function<base::Result<BoxHelper>()> start = {};
    /// Called with a sentence for the daemon's log (level error) when a helper ends unasked or cannot be started.
    std::function<void(std::string)> on_trouble = {};
    std::size_t spare = 2;
    std::chrono::milliseconds spare_for{60'000};
    std::chrono::milliseconds silence{10'000};  ///< a helper that answers nothing for so long is killed
  };
  using Done = std::function<void(base::Result<Box>)>;

  Boxes(boost::asio::io_context& loop, Options options);
  /// Ends the helper and what is spare. Requests that are open are never answered.
  ~Boxes();
  Boxes(const Boxes&) = delete;
  Boxes& operator=(const Boxes&) = delete;

  /// One that is there already; else nothing, and `done` is called later, once, on the loop thread (or from settle()). The
  /// error's sentence says which step failed.
  [[nodiscard]] std::optional<Box> lend(const std::shared_ptr<const Mould>& mould, Done done);
  /// Its server has been sent KILL: with all processes of its control group it ends now, whatever they do with the processor
  /// time that the group has. Without one nothing happens.
  void kill(const Box& box);
  /// Its connection is over, and its server has been reaped: the box is discarded with all processes in it, or, with
  /// Mould::reuse, kept if it looks as new.
  /// A box without a mould, which an image of the daemon before this one has lent, is always discarded. Tells which limits its
  /// processes met.
  Struck take_back(Box box);

  /// Files are laid out anew for whoever gets a box from now on: what the host has changed is seen. For a reload.
  void renew();

  /// Waits for the answers to requests that are open; no longer than `most`. What is still open then is answered with an
  /// error. For an upgrade and the daemon's end.
  void settle(std::chrono::milliseconds most);

  [[nodiscard]] const BoxCounts& counts() const;
  /// Those that are spare now.
  [[nodiscard]] std::size_t spare() const;
  /// The number of the helper's pidfd, or -1: an upgrade leaves it to those who reap. It stays ours.
  [[nodiscard]] int helper_pidfd() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Can this process make boxes? The first call tries it, in a child that lives for a fraction of a millisecond.
enum class BoxAbility : std::uint8_t { usable, not_root, not_permitted, not_in_kernel };
[[nodiscard]] BoxAbility box_ability();

/// A controller of cgroup v2, for the boxes of a daemon. `not_permitted`: the machine has it, and the control group of the
/// daemon has not, or is not delegated to it.
enum class GroupAbility : std::uint8_t { usable, not_permitted, not_in_kernel };
/// "memory", "pids" or "cpu". `running`: this process is the daemon; otherwise another one will be, in a group that is not
/// known, and what the machine has counts. Reads files of the kernel's.
[[nodiscard]] GroupAbility group_ability(std::string_view controller, bool running);

}  // namespace xsuperd::box
