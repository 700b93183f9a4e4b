// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/listener.hpp"
#include "xsuperd/net/socket.hpp"
#include "xsuperd/net/socket_state.hpp"
#include "xsuperd/net/steering.hpp"
#include "xsuperd/service/hand_over.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// What the kernel is told of a steered service's access lists. Pure.
[[nodiscard]] std::vector<net::SteeringRule> steering_rules(const config::Settings& settings);
[[nodiscard]] bool admits_by_default(const config::Settings& settings);
/// Opens a socket for the service at `at`, its own place with a port. That of a steered service is guarded (net::guard)
/// before anybody can reach it. Fails as net::open_socket().
[[nodiscard]] base::Result<net::Opened> open_guarded(const config::Service& service, const config::ListenSpec& at);

/// One socket of a service, for as long as the service has that place: opens it and tries again where that cannot be done,
/// takes it from another service or a service manager, lends it to the server of a wait = yes service and brings it back,
/// keeps the access lists of a steered one in the kernel, and has rpcbind know of its port. Decides nothing about
/// requests: it tells its Owner what comes in, and does what it is told. Loop thread only.
class Endpoint : public std::enable_shared_from_this<Endpoint> {
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
    /// It is about to be closed.
    virtual void before_closing(Endpoint& endpoint) = 0;
    /// It has another socket, or none.
    virtual void on_socket(Endpoint& endpoint) = 0;
  };

  Endpoint(Surroundings& around, Owner& owner, EndpointId id, config::ListenSpec spec);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  [[nodiscard]] EndpointId id() const { return id_; }
  /// Where it belongs.
  [[nodiscard]] const config::ListenSpec& spec() const { return spec_; }
  [[nodiscard]] bool open() const { return listener_ != nullptr; }
  /// The number of its socket, or -1.
  [[nodiscard]] int fd() const { return listener_ ? listener_->fd() : -1; }
  /// The same of a steered service's second socket, which is open longer than the first, as long as its server runs.
  [[nodiscard]] int refusing_fd() const { return turned_away_ ? turned_away_->fd() : -1; }
  /// Does the socket belong to a service manager, which has it open whatever we do?
  [[nodiscard]] bool is_lent() const { return !facts_.lent.empty(); }
  /// Why the socket that is wanted is not open, as the log was told; empty when it is open, or was never tried.
  [[nodiscard]] const std::string& trouble() const { return facts_.trouble; }

  /// Opens the socket and tells the Owner; false after logging why it cannot. It is then tried again with growing pauses,
  /// until it can or it is closed.
  bool start();
  /// The same with a socket that was bound for it already.
  bool start(net::Opened bound);
  /// The same with the socket of one at the same place that goes: the connections that wait there are this one's. False if
  /// it has none; then nothing has happened.
  bool take_from(Endpoint& leaving);
  /// The configuration of the service has changed, but not the place. `versions`: it is another RPC service.
  void reconfigure(const config::ListenSpec& spec, bool versions);
  /// Before a change of the configuration that makes it another RPC service.
  void unregister_rpc();
  /// Closes the socket, and tries no more to open it. The Owner is not told.
  void close();

  /// Waits for its socket, or does so no more.
  void resume();
  void pause();
  /// A handler of on_readable() is done.
  void again() { listener_->again(); }
  [[nodiscard]] net::Listener::Batch accept_batch(bool keep_family, int& error);
  /// For a server; empty when there is no descriptor to be had, or no socket.
  [[nodiscard]] base::Fd duplicate() const { return listener_ ? listener_->duplicate() : base::Fd(); }

  // The socket of a wait = yes service.
  /// A server has it.
  void on_server() { facts_.foreign = true; }
  /// The server that had it has ended, and nothing of it is to be waited for.
  void came_back();
  /// No request that came through it is left.
  void on_no_session();
  /// To be asked before anything is done with the socket. If not, it has been opened anew and is waited for.
  [[nodiscard]] bool still_fit();
  /// It was readable, and something was there; or no datagram could be had.
  void something_there() { readable_in_vain_ = 0; }
  void nothing_there();
  /// A connection that waits there is refused; with it, where others have the socket, all that wait.
  void drop_connection();
  /// The daemon ends, and its server goes on: another daemon can have its port (decision B15.26).
  void leave_to_server() const;
  /// The access lists have changed, or a socket of the pair may have got lost.
  void steer_again();

  // For an upgrade.
  [[nodiscard]] HandedEndpoint hand_over() const;
  /// `served`: a server may have had the socket.
  void restore(const HandedEndpoint& handed, const std::function<base::Fd(int)>& take, bool served);
  /// `opens`: its socket is to be open, or to be tried.
  void carry_on(bool listening, bool opens);

 private:
  [[nodiscard]] const config::Service& service() const { return owner_.service(); }
  /// Calls `then` on this, unless it or its Owner has gone by then.
  template <typename Then>
  [[nodiscard]] auto while_alive(Then then);
  bool report(bool good);
  void try_again_later();
  bool open_socket();
  bool opened_or_not(base::Result<net::Opened> opened);
  void tell_trouble(const base::Error& error);
  bool open_handed(net::HandedSocket socket);
  bool open_instead(net::HandedSocket socket, const std::string& why);
  void take_refusing_socket(std::uint16_t port);
  void close_sockets();
  void shut_down(int fd) const;
  void watch(base::Fd socket);
  void watch_turned_away(base::Fd socket);
  [[nodiscard]] std::string where() const;

  // foreign.cpp
  [[nodiscard]] config::ListenSpec place() const;
  base::Result<void> bring_back();
  bool renew(const std::string& why);
  void renew_when_quiet();
  void look_whether_quiet();
  void forget_server();
  void require_anew();

  // steered.cpp
  [[nodiscard]] int servers_fd() const;
  base::Result<void> steer();
  bool steer_or_close();
  [[nodiscard]] bool leaves_pair_to_server() const;
  void leave_pair_to_server();
  void close_left_pair();
  void turn_away();
  std::size_t turn_batch_away(int& error);
  void none_turned_away(int error);

  // rpc.cpp
  void register_rpc();
  [[nodiscard]] std::shared_ptr<Endpoint> rpc_owner() const;
  void note_rpc();
  void registration_failed(const std::string& why);

  Surroundings& around_;
  Owner& owner_;
  const EndpointId id_;
  config::ListenSpec spec_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::Listener> turned_away_;  ///< of a steered service: the socket of refused peers
  base::Fd left_to_server_;  ///< of one that was closed while a server has its socket: that socket
  EndpointFacts facts_{.foreign = false};
  unsigned readable_in_vain_ = 0;
  std::unique_ptr<net::SocketState> required_;  ///< of the listener, once it has come back or where it was lent
  loop::Alarm reopening_;
  loop::Alarm quiet_;     ///< of renew_when_quiet()
  loop::Alarm refusing_;  ///< when the socket of refused peers is waited for again
};

}  // namespace xsuperd::service
