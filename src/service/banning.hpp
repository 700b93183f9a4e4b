// SPDX-License-Identifier: MIT
// How a service bans peers. Internal to service.
#pragma once
#include "service/journal.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// Puts peers on the list of bans, for what they have done to one service, and says so. Loop thread only.
class Banning {
 public:
  /// All outlive it.
  Banning(const Setup& setup, Bans& bans, const Journal& journal, const Clock& clock)
      : setup_(setup), bans_(bans), journal_(journal), clock_(clock) {}

  /// The peer has touched this SENSOR service: deny_time, and then ban_on if it has `sensor`. `proxied`: a
  /// proxy has told who it is.
  void touched(const base::Endpoint& peer, bool proxied);
  /// The peer has done what ban_on names.
  void offended(const base::Endpoint& peer, const config::BanCause& cause);
  /// The peer has been refused because it is banned.
  void kept_out(const base::Address& peer) { bans_.list.hit(peer, clock_.now()); }

 private:
  [[nodiscard]] const config::Service& service() const { return setup_.service(); }
  [[nodiscard]] policy::Network network_of(const base::Address& peer) const;
  /// By deny_time.
  void deny(const base::Endpoint& peer, const policy::Network& network, int minutes);
  /// By ban_on. `again`: it was banned already when it did that.
  void punish(const base::Endpoint& peer, const policy::Network& network, const config::BanCause& cause, bool again);
  /// Until that moment, and never shorter than before; true when it was not banned before.
  bool ban(const policy::Network& peer, base::Moment until, const std::string& reason);

  const Setup& setup_;
  Bans& bans_;
  const Journal& journal_;
  const Clock& clock_;
};

}  // namespace xsuperd::service
