// SPDX-License-Identifier: MIT
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/shared_words.hpp"

namespace xsuperd::spawn {

/// A resource limit to set in the child. One that the daemon may not set is left as it is (fact B6.14).
struct ResourceLimit {
  int resource = 0;  ///< RLIMIT_AS and so on
  rlim_t soft = RLIM_INFINITY;
  rlim_t hard = RLIM_INFINITY;
};

/// Who the child becomes.
struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< supplementary groups; empty: none
  /// False when the daemon is not root: gid and groups stay as they are (fact B6.11).
  bool set_groups = true;
};

/// A number that may be missing: unlike std::optional it is read without calling anything, which a child must not.
template <typename T>
struct Given {
  constexpr Given() = default;
  constexpr Given(T number) : value(number), given(true) {}  // NOLINT(google-explicit-constructor): as std::optional's
  bool operator==(const Given&) const = default;

  T value{};
  bool given = false;
};

/// What a child sets of itself besides limits and privileges. Numbers only, which its plan copies as they are: for a
/// further one a member here, its Step with words below, and a stage in src/spawn/child.cpp.
struct Tuning {
  Given<mode_t> umask;  ///< none: the daemon's
  Given<int> nice;      ///< the absolute priority, -20..19; one we may not set is ignored (B6.2)
};

/// Everything a child must become, computed when the configuration is loaded so that nothing is looked up,
/// allocated or formatted between clone and exec. Plain data; shared as shared_ptr<const Recipe>, and not
/// changed any more once shared: spawner threads read it.
struct Recipe : Tuning {
  std::string path;               ///< for execve(2); relative paths are taken from /
  std::vector<std::string> argv;  ///< argv[0] included; may be empty (Linux then gives the server one "")
  base::SharedWords environment;           ///< "NAME=value"; a REMOTE_HOST among them is replaced in place
  bool remote_host = true;                 ///< give the child REMOTE_HOST (fact B6.17)
  std::optional<Credentials> credentials;  ///< none: stay who we are
  std::vector<ResourceLimit> limits;
  /// The socket as descriptor 3, too, and LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES with this name, as
  /// sd_listen_fds(3) expects; none: not.
  std::optional<std::string> listen_name;
  bool blocking_stdio = false;  ///< clear O_NONBLOCK on the socket first: wait = yes servers expect to block
};

/// The steps of a start, in this order; a failure names the one it happened in. Priority and limits come while the
/// child still has the daemon's privileges (decision B15.17), signals are let through only when nothing of ours is left
/// to run.
enum class Step : unsigned char {
  clone,
  descriptors,
  session,
  context,
  priority,
  limits,
  groups,
  group,
  user,
  verify,
  umask,
  directory,
  signals,
  exec
};
/// Words for the log: "setting the user", "executing the server" and so on.
[[nodiscard]] constexpr std::string_view step_text(Step step) {
  switch (step) {
    case Step::clone:
      return "making a process";
    case Step::descriptors:
      return "placing the connection on descriptors 0 to 2";
    case Step::session:
      return "starting a session";
    case Step::context:
      return "setting the security context";
    case Step::priority:
      return "setting the priority";
    case Step::limits:
      return "setting resource limits";
    case Step::groups:
      return "setting the supplementary groups";
    case Step::group:
      return "setting the group";
    case Step::user:
      return "setting the user";
    case Step::verify:
      return "verifying that privileges were dropped";
    case Step::umask:
      return "setting the umask";
    case Step::directory:
      return "changing to the directory /";
    case Step::signals:
      return "unblocking signals";
    case Step::exec:
      return "executing the server";
  }
  return "starting the server";
}

}  // namespace xsuperd::spawn
