// SPDX-License-Identifier: MIT
// Datagrams that were taken off their socket and wait for an answer, here and on their way through an upgrade. Internal to
// service.
#pragma once
#include <memory>
#include <string>

#include "xsuperd/net/udp_reply.hpp"
#include "xsuperd/service/hand_over.hpp"

namespace xsuperd::service {

/// A datagram that waits for its sender's name or for libwrap's decision, with its bytes.
struct KeptDatagram {
  explicit KeptDatagram(const net::Datagram& d) : bytes(d.bytes), datagram(d) { datagram.bytes = bytes; }
  KeptDatagram(const KeptDatagram&) = delete;
  KeptDatagram& operator=(const KeptDatagram&) = delete;

  std::string bytes;
  net::Datagram datagram;
};

[[nodiscard]] InheritedDatagram inherited_datagram(const KeptDatagram& kept);
/// Null if it is not one that inherited_datagram() could have made.
[[nodiscard]] std::shared_ptr<const KeptDatagram> kept_datagram(const InheritedDatagram& inherited,
                                                                const base::Endpoint& peer);

}  // namespace xsuperd::service
