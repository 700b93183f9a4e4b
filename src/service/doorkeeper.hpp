// SPDX-License-Identifier: MIT
// Between the sockets of a service and what becomes of the peers that come in through them. Internal to service.
#pragma once
#include "service/journal.hpp"
#include "service/life.hpp"
#include "xsuperd/service/endpoints.hpp"

namespace xsuperd::service {

class Announcement;
class ConnectionDoor;
class DatagramDoor;
class Decider;
class Refusals;
class Sessions;
class WaitingDoor;

/// Owns a service's Standing: says whether its sockets are to be open and waited for, and passes what comes in to the door
/// for that kind of request. Loop thread only.
class Doorkeeper final : public Endpoint::Owner {
 public:
  struct Needs {
    const Life& life;
    const Journal& journal;  ///< which knows the service
    const Sockets& sockets;
    const Hooks& hooks;
    const Sessions& sessions;
    Decider& decider;
    const Endpoints& endpoints;
    ConnectionDoor& connections;
    DatagramDoor& datagrams;
    WaitingDoor& waiting;
    Refusals& refusals;
    Announcement& announcement;
  };
  explicit Doorkeeper(const Needs& needs) : needs_(needs) {}

  [[nodiscard]] Standing standing() const { return standing_; }
  /// Neither opens nor closes sockets.
  void stand(Standing standing) { standing_ = standing; }
  /// May its socket be waited for, as far as standing and upgrades go?
  [[nodiscard]] bool lets_in() const { return standing_ != Standing::held && !needs_.sockets.holding; }
  /// Waits on all sockets at which the State listens.
  void listen_everywhere();

  // Endpoint::Owner
  [[nodiscard]] std::weak_ptr<const void> life() const override { return needs_.life.owner(); }
  [[nodiscard]] const config::Service& service() const override { return needs_.journal.service(); }
  [[nodiscard]] bool wants_socket() const override { return service::wants_socket(standing_); }
  [[nodiscard]] bool has_session(const Endpoint& endpoint) const override;
  [[nodiscard]] bool listens(const Endpoint& endpoint) const override;
  void listen(Endpoint& endpoint) override;
  void on_readable(Endpoint& endpoint) override;
  void on_turned_away(net::Connection connection) override;
  void on_opened(Endpoint& endpoint) override;
  void on_closed(Endpoint& endpoint) override;
  void on_lost(const Endpoint& endpoint) override;
  void before_closing(Endpoint& endpoint) override;
  void on_socket(Endpoint& endpoint) override;

 private:
  const Needs needs_;
  Standing standing_ = Standing::serving;
};

}  // namespace xsuperd::service
