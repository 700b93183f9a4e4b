// SPDX-License-Identifier: MIT
// UNIX sockets at their paths and names. Internal to net.
#pragma once
#include <sys/un.h>

#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/config/listen.hpp"
#include "xsuperd/net/socket_path.hpp"

namespace xsuperd::net {

/// Binds to the path or abstract name of the specification; makes missing directories, mode 0755. The file has its owner,
/// group and mode before anybody but root can connect. One that is in the way is removed if it is a socket that belongs to
/// the same owner or the daemon's user, and that nobody has open (decision B15.34); else the error says what it is. Returns the
/// file, none for an abstract name.
[[nodiscard]] base::Result<SocketPath> bind_local(int fd, const config::ListenSpec& spec);

/// Where it is, for bind(2) and connect(2). The name has at most as many bytes as fit. Returns the length.
socklen_t fill_local(const std::string& name, sockaddr_un& out);

}  // namespace xsuperd::net
