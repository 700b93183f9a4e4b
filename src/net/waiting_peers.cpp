// SPDX-License-Identifier: MIT
#include "xsuperd/net/waiting_peers.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/sock_diag.hpp"
#include "xsuperd/net/activated_sockets.hpp"

namespace xsuperd::net {

namespace {

using Peers = std::optional<std::vector<base::Address>>;

/// What is established and belongs to no process has not been accepted: what was, and is closed, is in another state.
constexpr std::uint32_t established = 1U << TCP_ESTABLISHED | 1U << TCP_CLOSE_WAIT;

base::Address peer_of(const inet_diag_msg& one) {
  sockaddr_storage at{};
  if (one.idiag_family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(at);
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, one.id.idiag_dst, sizeof v4.sin_addr);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(at);
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, one.id.idiag_dst, sizeof v6.sin6_addr);
  }
  return base::endpoint_of(at).address;
}

Peers connections_of(const SocketFacts& listener, std::uint32_t states, std::size_t most) {
  std::vector<base::Address> peers;
  const std::uint8_t family = listener.ipv6 ? AF_INET6 : AF_INET;
  const auto whole = list_tcp_sockets({family, states, listener.at.port}, [&](const inet_diag_msg& one, std::string_view) {
    if (one.idiag_inode == 0) peers.push_back(peer_of(one));
    return peers.size() <= most;
  });
  return whole ? Peers(std::move(peers)) : std::nullopt;
}

Peers senders_to(int fd, std::size_t most) {
  const auto peek_from = [fd](int offset) {
    return ::setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) == 0;
  };
  if (!peek_from(0)) return std::nullopt;
  static std::array<char, 65536> bytes;
  std::vector<base::Address> peers;
  bool whole = false;
  while (!whole && peers.size() <= most) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const ssize_t n = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) whole = errno == EAGAIN || errno == EWOULDBLOCK;
    if (n <= 0) break;  // behind an empty one nothing can be seen
    peers.push_back(base::endpoint_of(from).address);
  }
  (void)peek_from(-1);
  return whole ? Peers(std::move(peers)) : std::nullopt;
}

}  // namespace

std::optional<std::vector<base::Address>> waiting_peers(int fd, std::size_t most) {
  const auto facts = facts_of(fd);
  if (!facts) return std::nullopt;
  if (facts->type == SOCK_DGRAM) return senders_to(fd, most);
  return facts->listens && facts->protocol == IPPROTO_TCP ? connections_of(*facts, established, most)
                                                              : std::nullopt;
}

bool handshakes_under_way(int fd) {
  const auto facts = facts_of(fd);
  if (!facts || !facts->listens || facts->protocol != IPPROTO_TCP) return false;
  const auto begun = connections_of(*facts, 1U << TCP_SYN_RECV, 8192);
  return begun && !begun->empty();
}

}  // namespace xsuperd::net
