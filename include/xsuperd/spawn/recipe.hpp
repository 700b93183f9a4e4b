// SPDX-License-Identifier: MIT
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xsuperd::spawn {

/// A resource limit to set in the child, soft and hard alike.
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
  bool set_groups = true;     ///< false when the daemon is not root: gid and groups stay as they are (fact B6.11)
};

/// Everything a child must become, computed when the configuration is loaded so that nothing is looked up, allocated
/// or formatted between clone and exec. Plain data; shared as shared_ptr<const Recipe>.
struct Recipe {
  std::string path;                      ///< for execve(2); relative paths are taken from /
  std::vector<std::string> argv;         ///< argv[0] included; may be empty
  std::vector<std::string> environment;  ///< "NAME=value", without REMOTE_HOST
  bool remote_host = true;               ///< give the child REMOTE_HOST (fact B6.17)
  std::optional<Credentials> credentials;  ///< none: stay who we are
  std::optional<mode_t> umask;
  std::optional<int> nice;               ///< the absolute priority to set, -20..19
  std::vector<ResourceLimit> limits;
  bool blocking_stdio = false;  ///< clear O_NONBLOCK on the socket first: wait = yes servers expect to block
};

/// The steps a child takes, in this order; a failure names the one it happened in.
enum class Step : unsigned char {
  clone, descriptors, session, signals, priority, limits, groups, group, user, verify, umask, directory, exec
};
/// Words for the log: "setting the user", "executing the server" and so on.
[[nodiscard]] std::string_view step_text(Step step);

}  // namespace xsuperd::spawn
