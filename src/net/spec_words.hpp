// SPDX-License-Identifier: MIT
// What the configuration says of a socket, in the words of the system. Pure. Internal to net.
#pragma once
#include <sys/socket.h>

#include "xsuperd/base/address.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::net {

/// SOCK_STREAM and so on.
[[nodiscard]] inline int socket_kind(config::SocketType type) {
  switch (type) {
    case config::SocketType::stream: return SOCK_STREAM;
    case config::SocketType::dgram: return SOCK_DGRAM;
    case config::SocketType::raw: return SOCK_RAW;
    case config::SocketType::seqpacket: return SOCK_SEQPACKET;
  }
  return SOCK_STREAM;
}

/// 127.0.0.1 or ::1.
[[nodiscard]] inline base::Address loopback_address(bool ipv6) {
  return ipv6 ? base::Address::ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}) : base::Address::ipv4(0x7f000001);
}

/// Does it stand for all addresses of the host?
[[nodiscard]] inline bool every_address(const base::Address& a) {
  return !a.known() || a == base::Address::ipv6({}) || a == base::Address::ipv4(0);
}

}  // namespace xsuperd::net
