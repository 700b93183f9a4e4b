// SPDX-License-Identifier: MIT
// Internal services and sensors over datagrams: answered on the loop, which copies bytes and parses none. Internal to
// service.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "service/endings.hpp"

namespace xsuperd::service {

/// Takes all datagrams that wait at a socket, makes a request of each, and answers those that are admitted. Loop
/// thread only.
class DatagramDoor {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    const Endpoints& endpoints;
    Endings& endings;
    const Journal& journal;
    Datagrams& datagrams;
    net::Libwrap& libwrap;
    const Clock& clock;
    std::function<void(Token)> judge;  ///< the request exists now; calls answer() if it is admitted
  };
  explicit DatagramDoor(Needs needs) : needs_(std::move(needs)) {}

  /// A datagram is waiting there.
  void serve(Endpoint& endpoint);
  /// It has been admitted: answers it, and the session is over.
  void answer(Token token);
  /// Sends the answers to earlier datagrams while there still is a socket.
  void before_closing(const Endpoint& endpoint);
  /// Has a refused peer that goes on sending been logged within a minute (fact B4.34)? If not, it counts as logged now.
  [[nodiscard]] bool logged_lately(const base::Endpoint& peer);

  // For an upgrade.
  [[nodiscard]] std::vector<InheritedRefusal> hand_over() const;
  void restore(const std::vector<InheritedRefusal>& refusals);

 private:
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  void serve_one(const Endpoint& endpoint, const net::Datagram& datagram, std::optional<bool> libwrap_has_rules);
  [[nodiscard]] bool serve_each(Endpoint& endpoint, std::span<const net::Datagram> all);
  [[nodiscard]] std::optional<bool> look_for_libwrap_rules() const;
  void answer_now(const net::Datagram& datagram);
  void answer_late(EndpointId through, const net::Datagram& datagram);
  [[nodiscard]] std::optional<std::string_view> answer_to(const net::Datagram& datagram, std::span<char, udp_room> buffer);

  const Needs needs_;
  std::optional<EndpointId> serving_;  ///< whose datagrams lie in the batch
  boost::unordered_flat_map<base::Endpoint, base::Moment> refused_lately_;
};

}  // namespace xsuperd::service
