// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/net/socket_state.hpp"

namespace xsuperd::net {

/// As required_state(), of a socket that a service manager has made and set up, and of which nobody knows any more how it
/// was, because a server has had it and it was put aside or handed over since. The interface that it is bound to is the
/// manager's (BindToDevice= of systemd.socket(5)): only a privileged process can have changed that. All else is what the
/// daemon itself would set.
[[nodiscard]] base::Result<SocketState> lent_state(const config::ListenSpec& spec, int place);

}  // namespace xsuperd::net
