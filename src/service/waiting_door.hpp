// SPDX-License-Identifier: MIT
// Requests at the sockets of wait = yes services. Internal to service.
#pragma once
#include <functional>
#include <optional>

#include "service/endings.hpp"
#include "xsuperd/net/udp_reply.hpp"

namespace xsuperd::service {

class Doorkeeper;

/// Makes a request of what waits at a socket that a server is to get. Nothing is read from the socket before, unless the
/// request is refused. Loop thread only.
class WaitingDoor {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    const Endpoints& endpoints;
    const Doorkeeper& doorkeeper;
    Endings& endings;
    const Journal& journal;
    std::function<void(Token)> judge;
  };
  explicit WaitingDoor(Needs needs) : needs_(std::move(needs)) {}

  /// Something is waiting there.
  void on_readable(Endpoint& endpoint);
  /// `head` is known to wait there; empty for all but datagrams.
  void request_of(const Endpoint& endpoint, const net::Head& head);

  /// Gives the session the socket for its server; false if it has been closed meanwhile.
  [[nodiscard]] bool lend(Session& session) const;
  /// A server has it now.
  void on_server(const Session& session) const;
  /// The server has ended, and its session.
  void came_back(const Session& session) const;
  /// Drops the datagram that a server was started for and has not read, or servers would be started for it for ever. All
  /// other datagrams stay for the next server; returns the first of them if it was seen.
  [[nodiscard]] std::optional<net::Head> drop_unread(const Session& session) const;
  /// Tells the State that the server has ended. `next` is known to wait at its socket, which then need not be waited for.
  void go_on_with(Token ended, const net::Head& next);
  /// A refused request costs that request alone (decision B15.11).
  void drop_refused(const Session& session) const;

 private:
  const Needs needs_;
};

}  // namespace xsuperd::service
