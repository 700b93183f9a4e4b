// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/config/model.hpp"

/// A service's own socket that a server has had is foreign: that server, and whoever got the socket from it, may have
/// changed whatever can be changed of an open socket, and may still do so (decision B15.27). Here is what it must be
/// like before the daemon or the next server uses it. Nothing here waits, whatever state the socket is in, so all of it
/// may be called on the loop.
namespace xsuperd::net {

/// What another process that holds an open socket can change about it, and what can be inspected: options of all levels
/// (a table in socket_state.cpp), file flags, owner of signals, filter, errors, peer, backlog. A value.
struct SocketState {
  std::vector<std::optional<std::string>> options;  ///< in the order of the table; none: the socket does not know it
  int flags = 0;                 ///< F_GETFL
  int owner = 0;                 ///< F_GETOWN: who gets SIGIO
  int signal = 0;                ///< F_GETSIG
  int filter = 0;                ///< instructions of the socket filter; -1: one that cannot be read
  bool connected = false;        ///< has a peer
  bool troubled = false;         ///< shut down, or has a pending error or error message: poll(2) always returns
  std::optional<int> backlog;    ///< of a listening TCP socket
  bool operator==(const SocketState&) const = default;
};

/// Asks the kernel.
[[nodiscard]] SocketState state_of(int fd);
/// What the state of a socket for `spec` must be: that of a newly created one, as the kernel reports it, and for one
/// that listens or waits for datagrams at its place. `place` is an open socket at the same place, from which the
/// interface of a link-local address is taken. Fails when there is no descriptor for a socket.
[[nodiscard]] base::Result<SocketState> required_state(const config::ListenSpec& spec, int place);
/// The same for a socket that somebody else has created and set up: as it is now, ready to be waited for.
[[nodiscard]] SocketState found_state(int fd, const config::ListenSpec& spec);
/// The first difference, in words for the log ("the option SO_RCVLOWAT"); empty when nothing is. The filter of a
/// service that is steered is ignored. Pure.
[[nodiscard]] std::string difference(const SocketState& is, const SocketState& required, const config::ListenSpec& spec);

/// Brings the socket to the required state and verifies that it is: all of SocketState, its place, that it listens, the
/// multicast group, no program of SO_REUSEPORT. Fails with a sentence that names what could not be restored; then the
/// socket must be hung up (hang_up()). Waiting peers stay.
[[nodiscard]] base::Result<void> bring_back(int fd, const SocketState& required, const config::ListenSpec& spec);
/// Is it still in that state? The first difference in words, or empty. Changes nothing.
[[nodiscard]] std::string tampered(int fd, const SocketState& required, const config::ListenSpec& spec);

/// Is a connection, a datagram or an error waiting there?
[[nodiscard]] bool anything_waits(int fd);

}  // namespace xsuperd::net
