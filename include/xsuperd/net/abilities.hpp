// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/config/loader.hpp"

namespace xsuperd::net {

/// What this program, as it was built, can do on this machine beyond what every xsuperd can. The answers are thread
/// safe; they load the library in question, if it is not yet.
/// What hangs on the control group of the daemon is told of this process to the `daemon` itself; to others, of the machine.
enum class Asking : unsigned char { daemon, others };
[[nodiscard]] config::Abilities abilities(Asking asking = Asking::others);

}  // namespace xsuperd::net
