// SPDX-License-Identifier: MIT
// Lays out the files that the servers in a box see. Internal to box; for a process of its own that has come into a mount
// namespace of its own (unshare(2)) and does nothing else afterwards.
#pragma once
#include <string>

#include "xsuperd/box/mould.hpp"

namespace xsuperd::box {

/// What went wrong, and on what: "mounting /srv/data".
struct RootTrouble {
  int error = 0;  ///< errno; 0: nothing went wrong
  std::string what = {};
};
/// Makes the mount namespace of the process that of the mould. Afterwards / is the root of the boxes.
[[nodiscard]] RootTrouble make_root(const Mould& mould);

}  // namespace xsuperd::box
