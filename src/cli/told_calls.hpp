// SPDX-License-Identifier: MIT
// The system calls whose failure tells of a box: those that take paths, and those that take a capability. Internal to cli.
#pragma once
#include <span>
#include <string_view>

namespace xsuperd::cli {

/// One path of a call. A call with two has two rows.
struct PathArgument {
  enum class Use : unsigned char {
    reads,
    writes,   ///< the file itself
    makes,    ///< it, in its directory
    removes,  ///< it, from its directory
    opens,    ///< as flags say, which are the argument behind the path
    asks,     ///< as a mode for access(2) says, which is the argument behind the path
  };
  long number;
  std::string_view name;
  int directory;  ///< which argument is the descriptor of a directory; -1: none
  int path;       ///< which argument is the path
  Use use = Use::reads;
  int capability = -1;  ///< that EPERM may be about
};
[[nodiscard]] std::span<const PathArgument> path_arguments();

/// A call that takes a capability when it fails with EPERM or EACCES.
struct PrivilegedCall {
  long number;
  std::string_view name;
  int capability;
};
[[nodiscard]] std::span<const PrivilegedCall> privileged_calls();

}  // namespace xsuperd::cli
