// SPDX-License-Identifier: MIT
// Banners: files sent to a peer. Internal to service.
#pragma once
#include <functional>
#include <string>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// Sends the file at `path` to `socket`, reading it off the loop and writing without ever waiting for more than ten
/// seconds; `done` gets the socket back, on the loop thread, and false when the peer went away or did not read. A file
/// that cannot be read is logged and counts as sent, so that the session goes on (fact B13.69).
void send_banner(Surroundings& around, base::Fd socket, const std::string& path, const std::string& id,
                 std::function<void(base::Fd socket, bool delivered)> done);

/// What to give to send_banner() for a session that goes on: a second descriptor, so that an upgrade finds the
/// connection in the session, too. The connection itself when there is none to be had.
[[nodiscard]] base::Fd lent(base::Fd& socket);

}  // namespace xsuperd::service
