// SPDX-License-Identifier: MIT
// Who has which endpoint (decision B15.25). Internal to config. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

/// What two services make of it that each wants an endpoint for itself: a socket, an RPC program under a version, or a
/// name of tcpmux.
enum class Meeting : std::uint8_t {
  apart,          ///< they do not meet
  first_has_it,   ///< they cannot both be served
  first_yields,   ///< they can, when the first one is opened for IPv6 alone: the second one is for IPv4
  second_yields,  ///< the same, the other way round
  side_by_side,   ///< they can, when both let the other have its addresses: lines of inetd.conf (decision B15.33)
};
[[nodiscard]] Meeting meet(const Service& first, const Service& second);

/// What the two meet at, such as "tcp port 7001 on all addresses"; in the words of the first one.
[[nodiscard]] std::string meeting_point(const Service& first, const Service& second);

/// Can two sockets not be open at these places, or not without one of them yielding?
[[nodiscard]] bool places_overlap(const ListenSpec& a, const ListenSpec& b);

/// The service, to be opened beside another one that has other addresses of its port.
[[nodiscard]] Service for_neighbours(const Service& service);

/// The endpoints of services, which must stay where they are meanwhile.
class Endpoints {
 public:
  struct Claim {
    const Service* owner = nullptr;        ///< who has it; null: nobody
    const Service* beside = nullptr;       ///< one for IPv4, for which the claimant yields
    std::vector<const Service*> yielding;  ///< those that yield for the claimant
    std::vector<const Service*> neighbours;  ///< those that are side by side with it
  };
  /// What stands in the way of a service that is read after those that were added.
  [[nodiscard]] Claim claim(const Service& service) const;
  void add(const Service& service);
  void remove(const Service& service);

 private:
  std::unordered_map<std::uint64_t, std::vector<const Service*>> by_key_;
};

}  // namespace xsuperd::config
