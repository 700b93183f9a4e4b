// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/config/listen.hpp"

namespace xsuperd::net {

/// The file of a UNIX socket that this daemon has bound: which one it is, so that no other is ever removed. A value.
struct SocketPath {
  std::string path;  ///< empty: none
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const SocketPath&) const = default;
};

/// The file that is at `path` now, as long as it is a socket; else none. Asks the kernel; any thread.
[[nodiscard]] SocketPath path_of_socket(const std::string& path);
/// Gives the file the owner, group and mode of the options, if it is that one still; fails with a sentence.
[[nodiscard]] base::Result<void> give_away(const SocketPath& file, const config::SocketOptions& options);
/// Removes the file, if it is that one still.
void remove_path(const SocketPath& file);

}  // namespace xsuperd::net
