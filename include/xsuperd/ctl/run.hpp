// SPDX-License-Identifier: MIT
#pragma once
#include <cstdio>
#include <string>
#include <vector>

/// xsuperctl(1): asks a running daemon through its control socket.
namespace xsuperd::ctl {

/// The exit statuses of xsuperctl.
enum class Exit : int {
  good = 0,
  failed = 1,         ///< refused, or it did not work; explain: the peer is not served
  usage = 2,
  no_daemon = 3,      ///< nobody answers at the socket
  configuration = 4,  ///< the files have errors
};

/// Does what the command line, argv without argv[0], says; returns the exit status. Blocks until the daemon has answered.
[[nodiscard]] int run(const std::vector<std::string>& words, std::FILE* out, std::FILE* err);

}  // namespace xsuperd::ctl
