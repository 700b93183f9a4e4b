// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/listener.hpp"
#include "xsuperd/net/socket.hpp"
#include "xsuperd/service/hand_over.hpp"
#include "xsuperd/service/rpc_registration.hpp"
#include "xsuperd/service/service_sockets.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// One socket of a service, for as long as the service has that place: opens it and tries again where that cannot be done,
/// takes it from another service or a service manager, lends it to the server of a wait = yes service and brings it back,
/// keeps the access lists of a steered one in the kernel, and has rpcbind know of its port. Decides nothing about
/// requests: it tells its Owner what comes in, and does what it is told. Loop thread only.
///
/// A PlacedSocket is waited for and accepted from; what ServiceSockets knows and does with the sockets needs nobody else;
/// here it is decided what follows, and the Owner is told.
class Endpoint : public ServiceSockets, public std::enable_shared_from_this<Endpoint> {
 public:
  /// The service whose socket it is. Outlives its endpoints.
  class Owner {
   public:
    virtual ~Owner() = default;
    /// What keeps it alive while one of them waits for something.
    [[nodiscard]] virtual std::weak_ptr<const void> life() const = 0;
    [[nodiscard]] virtual const config::Service& service() const = 0;
    /// Are its sockets to be open?
    [[nodiscard]] virtual bool wants_socket() const = 0;
    /// Is a request that came through it under way still?
    [[nodiscard]] virtual bool has_session(const Endpoint& endpoint) const = 0;
    /// Is it to be waited for, as the State has it?
    [[nodiscard]] virtual bool listens(const Endpoint& endpoint) const = 0;
    /// Begins to wait for it again.
    virtual void listen(Endpoint& endpoint) = 0;
    /// Something waits at its socket.
    virtual void on_readable(Endpoint& endpoint) = 0;
    /// The kernel has kept a peer from the server; `connection` is empty for datagrams.
    virtual void on_turned_away(net::Connection connection) = 0;
    /// The State has to hear of it.
    virtual void on_opened(Endpoint& endpoint) = 0;
    virtual void on_closed(Endpoint& endpoint) = 0;
    /// It is not open, and was until now, or is tried for the first time. Before on_closed().
    virtual void on_lost(const Endpoint& endpoint) = 0;
    /// It is about to be closed.
    virtual void before_closing(Endpoint& endpoint) = 0;
    /// It has another socket, or none.
    virtual void on_socket(Endpoint& endpoint) = 0;
  };

  Endpoint(Surroundings& around, Owner& owner, EndpointId id, config::ListenSpec spec);

  /// Opens the socket, or takes this one that was bound for it already, and tells the Owner; false after logging why it
  /// cannot. It is then tried again with growing pauses, until it can or it is closed.
  bool start(std::optional<net::Opened> bound = {});
  /// The same with the socket of one at the same place that goes: the connections that wait there are this one's. False if
  /// it has none; then nothing has happened.
  bool take_from(Endpoint& leaving);
  /// The configuration of the service has changed, but not the place. `versions`: it is another RPC service.
  void reconfigure(const config::ListenSpec& changed, bool versions);
  /// Before a change of the configuration that makes it another RPC service.
  void unregister_rpc() { rpc_->end(); }
  /// Closes the socket, and tries no more to open it. The Owner is not told.
  void close();

  // The socket of a wait = yes service; on_server() says that a server has it.
  /// The server that had it has ended, and nothing of it is to be waited for.
  void came_back();
  /// No request that came through it is left.
  void on_no_session();
  /// To be asked before anything is done with the socket. If not, it has been opened anew and is waited for.
  [[nodiscard]] bool still_fit();
  /// It was readable, and no datagram could be had.
  void nothing_there();
  /// A connection that waits there is refused; with it, where others have the socket, all that wait.
  void drop_connection();
  /// The daemon ends, and its server goes on: another daemon can have its port (decision B15.26).
  void leave_to_server() const;
  /// The access lists have changed, or a socket of the pair, or what leads connections to a range, may have got lost.
  void steer_again();

  // For an upgrade.
  [[nodiscard]] InheritedEndpoint hand_over() const;
  /// `served`: a server may have had the socket.
  void restore(const InheritedEndpoint& inherited, const std::function<base::Fd(int)>& take, bool served);
  /// `opens`: its socket is to be open, or to be tried.
  void carry_on(bool listening, bool opens);

 private:
  bool report(bool good);
  bool opened_or_not(base::Result<net::Opened> opened);
  bool give_away_or_close();
  void watch_own(base::Fd socket);
  bool complete_or_close();
  void registration_failed(const std::string& why);
  bool close_useless(const std::string& why);
  bool renew(const std::string& why);
  void look_whether_quiet();

  Surroundings& around_;
  Owner& owner_;
  const std::shared_ptr<RpcRegistration> rpc_;
  loop::Alarm quiet_;  ///< for look_whether_quiet()
};

}  // namespace xsuperd::service
