// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "xsuperd/base/address_text.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/spawn/recipe.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::spawn {

/// What one server gets and no other of its recipe does. Made before its child exists, because that may allocate nothing; all
/// in one piece of memory.
struct OwnWords {
  std::string text;           ///< each word with a NUL byte behind it: first the arguments, then the variables
  std::size_t arguments = 0;  ///< argv[0] included; 0: the recipe's
  std::size_t variables = 0;  ///< "NAME=value", in addition to the recipe's, which has none of these names
};

/// The box of one server, as numbers: whoever lends it keeps it, and its descriptor, until the server has ended.
struct Enclosure {
  int keeper = -1;     ///< pidfd of the process whose namespaces are to be entered; -1: no box
  int namespaces = 0;  ///< CLONE_NEWNS and so on
  bool pids = false;   ///< also its process namespace
  const char* proc = nullptr;  ///< options of the /proc that the server is to have of its own; null: it is there
  int group = -1;      ///< the directory of the control group that the server is born in; -1: the daemon's
  bool group_limits_memory = false, group_limits_cpu = false;
  uid_t own_uid = 0;   ///< user and group id of the server; 0: the recipe's
};

/// The user namespace of one server: there, its ids are these.
struct UserSpace {
  base::Fd space = {};  ///< closed in the daemon afterwards; none: the server stays in the daemon's
  uid_t uid = 0;
  gid_t gid = 0;
};

/// One server to start.
struct Job {
  std::uint64_t token = 0;  ///< the caller's; comes back in the Outcome
  std::shared_ptr<const Recipe> recipe;
  base::Fd socket;          ///< becomes 0, 1 and 2 of the server; closed in the daemon afterwards
  base::AddressText remote_host = {};  ///< REMOTE_HOST, when the recipe wants it
  std::string exec_context = {};  ///< the security context to execute the server in; empty: the policy's choice
  OwnWords own = {};
  Enclosure box = {};  ///< set by BoxingSpawner
  UserSpace users = {};  ///< set by BoxingSpawner
  base::Fd errors = {};         ///< becomes 2 instead of the socket; closed in the daemon afterwards, also if the start fails
  bool discard_errors = false;  ///< 2 is /dev/null, unless there is `errors`
};

/// The server runs: its exec succeeded. Give pid and pidfd to Children, who reaps it.
struct Started {
  std::uint64_t token = 0;
  pid_t pid = 0;
  base::Fd pidfd;
};
/// No server runs, and nothing is left to reap.
struct StartFailed {
  std::uint64_t token = 0;
  Step step = Step::clone;
  int error = 0;  ///< errno value
  /// True when a process existed already and has ended (decision B15.8); false when it did not come so far,
  /// which may be tried again.
  bool process_existed = false;
  pid_t pid = 0;    ///< with process_existed
  int status = 0;   ///< with process_existed: its exit status, 127 when the server is not there, else 126
  base::Fd socket;  ///< given back as it was, so that the caller may try again or answer the peer
  std::string detail = {};  ///< of Step::box: a sentence; else empty
};
using Outcome = std::variant<Started, StartFailed>;

/// Starts programs. Lives on the loop thread.
class Spawner {
 public:
  virtual ~Spawner() = default;
  enum class Load : unsigned char {
    alone,  ///< nothing else is waiting: start it here, which saves waking a thread, unless that takes long
    many,   ///< more is coming: leave it to the spawner threads
    /// For callers that watch the child anyway: start it here and now, and always return an outcome. An exec that takes
    /// long counts as Started, and its failure shows as the child's end with status 127 or 126.
    at_once,
  };
  /// Begins one start, and does not wait for a program whose exec takes long. The outcome is returned when it
  /// is known now; otherwise it comes to the handler later.
  [[nodiscard]] virtual std::optional<Outcome> start(Job job, Load load) = 0;
  /// Takes the outcomes that do not come back from start(). Set once, before the first start.
  virtual void on_outcome(std::function<void(Outcome)> handler) = 0;
  /// From now on, until presume(false), each start whose exec takes long counts as Started, as with Load::at_once:
  /// those that are under way (the handler hears of them) and those that come. For a caller that cannot wait any
  /// longer (an upgrade, the end of the daemon).
  virtual void presume(bool on) = 0;
};

/// How the spawner of the daemon works.
struct CloneOptions {
  unsigned threads = 2;
  /// For tests of the fall-backs: pretend that the kernel lacks CLONE_PIDFD or
  /// close_range(CLOSE_RANGE_UNSHARE).
  bool without_pidfd_clone = false;
  bool without_unshare = false;
  /// How long the loop thread, and a spawner thread, wait for the exec of a program; then they leave it alone,
  /// and its outcome is looked for from time to time. For Load::at_once the loop waits as long as a thread: it is
  /// rare, its programs are in memory already or about to be executed by the loop itself, and a failure that is
  /// only seen as the child's end has no reason. With a program that was slow a short time ago both wait less.
  std::chrono::milliseconds loop_patience{5};
  std::chrono::milliseconds thread_patience{100};
  /// When so many are left alone, no more of a program that hangs are begun: EAGAIN, without a process. Those that
  /// the threads have been given already come on top.
  std::size_t most_pending = 1000;
};

/// The spawner of the daemon: clone(CLONE_VM|CLONE_FILES|CLONE_PIDFD|CLONE_CHILD_CLEARTID) from the loop thread or from
/// one of `threads` spawner threads, which wait for the exec, but not forever: a program on a file system that does not
/// answer holds up neither the loop nor other programs.
///
/// Expects that no signal has a handler (one might run in the child, which is in our memory), and that
/// reserve_low_descriptors() has been called for as many threads: without the reserved descriptors, or with an old
/// kernel, every start copies the descriptor table, which is right but slower. The destructor waits for the starts
/// under way, kills those that take long, closes the sockets of jobs not begun, and delivers nothing more; it must not
/// be run by the outcome handler. Throws when no descriptors or threads are available.
[[nodiscard]] std::unique_ptr<Spawner> make_clone_spawner(boost::asio::io_context& loop,
                                                          CloneOptions options);

/// Fills the descriptors from 3 on with /dev/null, close-on-exec, so that everything opened later lies above
/// them: the spawner's own slots, two for the loop thread and two for each spawner thread (design, "the
/// spawner"). Call it once, early in main, when inherited descriptors have been closed. Returns errno, 0 for
/// success; EBUSY when one of the numbers is in use for something else.
[[nodiscard]] int reserve_low_descriptors(unsigned threads);

}  // namespace xsuperd::spawn
