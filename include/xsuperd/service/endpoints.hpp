// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xsuperd/service/endpoint.hpp"
#include "xsuperd/service/setup.hpp"

namespace xsuperd::service {

/// The sockets of one service, in the order of its configuration. Keeps those at places that the service has no more for as
/// long as a server has them. Loop thread only.
class Endpoints {
 public:
  using List = std::vector<std::shared_ptr<Endpoint>>;

  /// Both outlive it.
  Endpoints(Surroundings& around, Endpoint::Owner& owner) : around_(around), owner_(owner) {}

  // Those at the places of the configuration. A service without a place yet has none.
  [[nodiscard]] List::const_iterator begin() const { return places_.begin(); }
  [[nodiscard]] List::const_iterator end() const { return places_.end(); }
  [[nodiscard]] bool empty() const { return places_.empty(); }
  [[nodiscard]] const std::shared_ptr<Endpoint>& operator[](std::size_t place) const { return places_.at(place); }
  /// The one of that id, wherever it is; null when it has gone.
  [[nodiscard]] Endpoint* find(EndpointId id) const;
  /// Is one of them open? And are all?
  [[nodiscard]] bool open() const;
  [[nodiscard]] bool all_open() const;
  /// The number of the first open socket, or -1.
  [[nodiscard]] int listening_fd() const;
  /// Why a socket that is wanted is not open, as the log was told; empty when all are open, or were never tried.
  [[nodiscard]] const std::string& trouble() const;
  /// The daemon ends, and its servers go on: another daemon can have the port of datagrams that one of them has (decision
  /// B15.26).
  void leave_to_servers() const;
  /// The daemon ends at once: the files of its UNIX sockets go.
  void remove_paths() const;

  /// Opens those that are not open; the Owner is told. `bound`: sockets that were bound for some of them already.
  void start(BoundSockets bound = {}) const;
  /// Takes the open sockets of a service that goes at whose places these are. False if there are none; then nothing has
  /// happened.
  [[nodiscard]] bool take_from(const Endpoints& leaving) const;
  void close() const;
  /// What is closed is not opened until start().
  void stop_tries() const;
  void pause() const;

  /// Sockets at places that are there still go on; others are closed, the Owner untold. So does that of a place that comes
  /// back while a server has it. The ids of those that were closed.
  std::vector<EndpointId> replace(const std::vector<config::ListenSpec>& places);
  /// After replace(): the configuration of those that go on. `versions`: it is another RPC service.
  void reconfigure(const std::vector<config::ListenSpec>& places, bool versions) const;
  /// Before a change of the configuration that makes it another RPC service.
  void unregister_rpc() const;
  /// No request that came through it is left: it may be gone afterwards.
  void on_no_session(Endpoint& endpoint);

  // For an upgrade.
  [[nodiscard]] std::vector<InheritedEndpoint> hand_over() const;
  /// On new ones, at these places. What an image before there were several of them has handed over is one.
  void restore(const InheritedRunner& inherited, const std::vector<config::ListenSpec>& places,
               const std::function<base::Fd(int)>& take);
  /// No new one gets that id.
  void note_used(EndpointId id);

 private:
  [[nodiscard]] std::shared_ptr<Endpoint> make(const config::ListenSpec& place);

  Surroundings& around_;
  Endpoint::Owner& owner_;
  List places_;
  /// At places that the service has no more: closed, but a server has their sockets, and whom it must not meet is turned
  /// away.
  List leaving_;
  EndpointId next_ = 0;
};

}  // namespace xsuperd::service
