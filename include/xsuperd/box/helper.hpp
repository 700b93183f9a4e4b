// SPDX-License-Identifier: MIT
#pragma once
#include <string_view>

/// The process that makes boxes: the daemon's own program under another name. It is root, as the daemon is, and takes
/// nothing but requests from the loaded configuration: no byte of a peer's comes to it.
namespace xsuperd::box {

/// argv[0] of the helper, and the name by which it shows in lists of processes.
constexpr std::string_view helper_name = "xsuperd-box";

/// The whole life of the helper; returns its exit status. `socket` is the one descriptor that it keeps; it ends when the
/// daemon closes the other end. Keepers of boxes that are in use outlive it, and end behind the last process in their box.
[[nodiscard]] int run_box_helper(int socket);

}  // namespace xsuperd::box
