// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "xsuperd/net/activated_sockets.hpp"
#include "xsuperd/net/socket.hpp"
#include "xsuperd/net/steering.hpp"
#include "xsuperd/service/foreign_state.hpp"
#include "xsuperd/service/owned_path.hpp"
#include "xsuperd/service/hand_over.hpp"
#include "xsuperd/service/opening_tries.hpp"
#include "xsuperd/service/placed_socket.hpp"
#include "xsuperd/service/refusing_socket.hpp"

namespace xsuperd::service {

struct RangeLookup;

/// What the kernel is told of a steered service's access lists. Pure.
[[nodiscard]] std::vector<net::SteeringRule> steering_rules(const config::Settings& settings);
[[nodiscard]] bool admits_by_default(const config::Settings& settings);
/// Opens a socket for the service at `at`, its own place with a port. That of a steered service is guarded (net::guard)
/// before anybody can reach it. Fails as net::open_socket().
[[nodiscard]] base::Result<net::Opened> open_guarded(const config::Service& service, const config::ListenSpec& at);

/// The sockets of an endpoint, and what is known of them: the one it listens at, which may belong to a service manager and
/// may have been a server's; beside it, of a steered service, the one of refused peers; and the one that it has left to a
/// server; of a range of ports, what leads connections to the first. Finds, closes, replaces and steers them for the Endpoint
/// that it is a part of, and says what came of it; what follows from that is decided there. Loop thread only.
///
/// `service` is the one whose sockets they are, and `served` says whether a request that came through them is under way
/// still.
class ServiceSockets : public PlacedSocket {
 public:
  /// The number of a steered service's second socket, or -1. It is open longer than the first, as long as its server runs.
  [[nodiscard]] int refusing_fd() const { return refusing_.fd(); }
  /// Does the socket belong to a service manager, which has it open whatever we do?
  [[nodiscard]] bool is_lent() const { return !lent_.empty(); }
  /// Why the socket that is wanted is not open, as the log was told; empty when it is open, or was never tried.
  [[nodiscard]] const std::string& trouble() const { return tries_.trouble(); }
  /// A server has the socket.
  void on_server() { foreign_.set(true); }
  /// It was readable, and something was there.
  void something_there() { foreign_.something_there(); }
  /// The file of its UNIX socket.
  [[nodiscard]] OwnedPath& path() { return path_; }

 protected:
  /// `again`: see OpeningTries.
  ServiceSockets(Surroundings& around, EndpointId id, config::ListenSpec spec, RefusingSocket::Callbacks refusing,
                 std::function<void()> again);

  /// A socket to listen at: the one that was left to a server, one of a service manager's, or a new one. It is not watched
  /// yet.
  [[nodiscard]] base::Result<net::Opened> find_socket(const config::Service& service);
  /// The same as find_socket(), from another endpoint that has one. `served`: of that one.
  [[nodiscard]] base::Fd take_socket_of(ServiceSockets& leaving, bool served);
  /// Hangs the socket up for everybody who has it, and opens another at its place, which is not watched yet. Connections
  /// that waited there are reset.
  [[nodiscard]] base::Result<net::Opened> replace_socket(const config::Service& service);
  /// A server has given the socket back. Fails when it cannot be used any more; the reason is empty where that is usual.
  [[nodiscard]] base::Result<void> bring_back(const config::Service& service, bool served);
  /// Puts the access lists of a steered service into force; opens the second socket if there is none. Of another one with
  /// a range of ports, has the connections led to the socket if they are not.
  [[nodiscard]] base::Result<void> steer(const config::Service& service, bool served);

  /// Closes them, or puts aside what belongs to a service manager; those of a steered service that a server has are left
  /// to it. False when there was nothing to close.
  [[nodiscard]] bool close_all(const config::Service& service, bool served);
  /// The last server has ended: closes what was left to it. False when nothing was.
  [[nodiscard]] bool close_left(const config::Service& service);
  /// The number of the socket that is the server's, or will be; or -1.
  [[nodiscard]] int servers_fd() const { return open() ? fd() : left_to_server_.get(); }

  void save(InheritedEndpoint& all) const;
  /// Returns the socket to listen at, which is not watched yet; none when there is none. `take` gives the descriptor of a
  /// number.
  [[nodiscard]] base::Fd restore_sockets(const InheritedEndpoint& inherited, const std::function<base::Fd(int)>& take);

  [[nodiscard]] ForeignState& foreign() { return foreign_; }
  [[nodiscard]] RefusingSocket& refusing() { return refusing_; }
  [[nodiscard]] OpeningTries& tries() { return tries_; }

 private:
  [[nodiscard]] base::Result<net::Opened> take_activated(const config::Service& service, net::ActivatedSocket socket);
  [[nodiscard]] base::Result<net::Opened> open_instead(const config::Service& service, net::ActivatedSocket socket,
                                                       const std::string& why);
  void take_refusing_socket(const config::Service& service, std::uint16_t port);
  void let_go(const config::Service& service, bool served, base::Fd listening);
  void shut_down(const config::Service& service, bool served, int fd) const;

  Surroundings& around_;
  std::string lent_;         ///< the name of the listener, when it belongs to a service manager
  OwnedPath path_;
  base::Fd left_to_server_;  ///< of one that was closed while a server has its socket: that socket
  ForeignState foreign_;     ///< of the listener
  RefusingSocket refusing_;
  std::shared_ptr<RangeLookup> lookup_;  ///< of a range of ports that is open
  OpeningTries tries_;
};

}  // namespace xsuperd::service
