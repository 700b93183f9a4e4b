// SPDX-License-Identifier: MIT
#pragma once
#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/shared_words.hpp"
#include "xsuperd/box/mould.hpp"

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

/// User ids that are nobody's: `first` to `last`.
struct OwnUids {
  uid_t first = 0, last = 0;
  bool operator==(const OwnUids&) const = default;
};

/// Capabilities, bit N for the one of number N.
struct CapabilityBounds {
  std::uint64_t allowed = 0;   ///< all others leave the bounding set, and the child
  std::uint64_t required = 0;  ///< must be left to the server, or it is not started
  bool ambient = false;        ///< what is left is passed to the program, though its user is not root
  bool operator==(const CapabilityBounds&) const = default;
};

/// What a child sets of itself besides limits and privileges. Numbers only, which its plan copies as they are: for a
/// further one a member here, its Step with words below, and a stage in src/spawn/child.cpp.
struct Tuning {
  Given<mode_t> umask;  ///< none: the daemon's
  Given<int> nice;      ///< the absolute priority, -20..19; one we may not set is ignored (B6.2)
  bool no_new_privileges = false;       ///< needed for the restrictions below
  Given<CapabilityBounds> capabilities;  ///< none: as the change of user leaves them
  bool keeps_stdio = false;  ///< 0, 1 and 2 are ours, and the job has no socket: for a start by hand
  bool traced = false;       ///< by the thread that makes the child, which must then wait for it: ptrace(2)
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
  std::optional<std::vector<std::uint16_t>> connect_ports;  ///< TCP connections go to these only; none: to any
  /// Nothing but these paths, what is below, and /dev/null and its like can be written to (Landlock); none: no such rules.
  std::optional<std::vector<std::string>> writable_files;
  /// For seccomp(2), in the child's last step; null: none. Numbers only, so that a launcher could have it instead.
  std::shared_ptr<const std::vector<sock_filter>> filter;
  /// A thread may have the filter, the bounds of the capabilities and no_new_privileges in advance, and pass them on.
  bool inheritable = false;
  int filter_error = 0;  ///< errno when there should be a filter and is none: no start succeeds
  std::shared_ptr<const box::Mould> mould;  ///< of the box that each server gets; null: none
  std::optional<OwnUids> own_uids;          ///< each box gets one of these as user and group id, in place of the credentials
  bool own_users = false;    ///< in a user namespace where no ids exist but those of the server
  bool root_inside = false;  ///< with own_users and own_uids: there, its ids are 0
  /// The socket as descriptor 3, too, and LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES with this name, as
  /// sd_listen_fds(3) expects; none: not.
  std::optional<std::string> listen_name;
  bool blocking_stdio = false;  ///< clear O_NONBLOCK on the socket first: wait = yes servers expect to block
};

/// The steps of a start, in this order; a failure names the one it happened in. Priority and limits come while the
/// child still has the daemon's privileges (decision B15.17), capabilities are cut before the user is changed and settled
/// behind it (in a user namespace of its own, all of it there), signals are let through only when nothing of ours is left to
/// run, and the filter is never in our own way.
enum class Step : unsigned char {
  box,  ///< there is none to start it in; no process existed
  clone,
  enter,
  descriptors,
  session,
  context,
  no_new_privileges,
  files,
  network,
  priority,
  limits,
  capabilities,
  groups,
  group,
  user_namespace,
  user,
  verify,
  umask,
  directory,
  signals,
  trace,
  filter,
  exec
};
/// Words for the log: "setting the user", "executing the server" and so on.
[[nodiscard]] constexpr std::string_view step_text(Step step) {
  switch (step) {
    case Step::box:
      return "making a box";
    case Step::clone:
      return "making a process";
    case Step::enter:
      return "entering the box";
    case Step::descriptors:
      return "placing the connection on descriptors 0 to 2";
    case Step::session:
      return "starting a session";
    case Step::context:
      return "setting the security context";
    case Step::no_new_privileges:
      return "forbidding new privileges";
    case Step::files:
      return "restricting the files to write to";
    case Step::network:
      return "restricting the ports to connect to";
    case Step::priority:
      return "setting the priority";
    case Step::limits:
      return "setting resource limits";
    case Step::capabilities:
      return "setting capabilities";
    case Step::groups:
      return "setting the supplementary groups";
    case Step::group:
      return "setting the group";
    case Step::user_namespace:
      return "entering the user namespace";
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
    case Step::trace:
      return "letting itself be traced";
    case Step::filter:
      return "restricting system calls";
    case Step::exec:
      return "executing the server";
  }
  return "starting the server";
}

}  // namespace xsuperd::spawn
