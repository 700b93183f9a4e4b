// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <memory>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/boxes.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

/// Our own program under another name, with one end of a socket as its descriptors 0 to 2.
struct HelperProcess {
  base::Fd socket;   ///< the other end; AF_UNIX, SEQPACKET
  base::Fd process;  ///< pidfd; whoever holds it must reap the helper
  pid_t pid = 0;
};

/// By the spawner like every other process: a fork of this process, with its threads, would be a gamble. `name` says in an
/// error which helper it is.
[[nodiscard]] base::Result<HelperProcess> start_helper(Spawner& spawner, std::shared_ptr<const Recipe> recipe, std::string_view name);

/// The helper that makes boxes; for box::Boxes::Options.
[[nodiscard]] base::Result<box::BoxHelper> start_box_helper(Spawner& spawner);

}  // namespace xsuperd::spawn
