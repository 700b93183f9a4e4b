// SPDX-License-Identifier: MIT
#include "xsuperd/net/tcp_listeners.hpp"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "net/sock_diag.hpp"
#include "net/spec_words.hpp"

namespace xsuperd::net {

namespace {

using Family = base::Address::Family;

/// The byte in the attribute of that type; none if it is not there.
std::optional<std::uint8_t> byte_of(std::string_view attributes, unsigned short type) {
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, attributes.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > attributes.size()) break;
    if (head.rta_type == type && head.rta_len > RTA_LENGTH(0)) return static_cast<std::uint8_t>(attributes[RTA_LENGTH(0)]);
    attributes.remove_prefix(std::min<std::size_t>(RTA_ALIGN(head.rta_len), attributes.size()));
  }
  return std::nullopt;
}

TcpListener listener_of(const inet_diag_msg& one, std::string_view attributes) {
  TcpListener listener;
  listener.at.port = ntohs(one.id.idiag_sport);
  if (one.idiag_family == AF_INET) {
    listener.at.address = base::Address::ipv4(ntohl(one.id.idiag_src[0]));
    return listener;
  }
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), one.id.idiag_src, bytes.size());
  listener.at.address = base::Address::ipv6(bytes);
  listener.ipv6_only = byte_of(attributes, INET_DIAG_SKV6ONLY).value_or(0) != 0;
  return listener;
}

bool takes_some_of(const config::PortRange& range, const TcpListener& listener) {
  if (listener.at.port < range.first || listener.at.port > range.last) return false;
  if (!every_address(listener.at.address)) return range.contains(listener.at);
  const bool from_ipv6 = listener.at.address.family() == Family::ipv6;
  if (range.network.family() == Family::ipv6) return from_ipv6;
  return !from_ipv6 || !listener.ipv6_only;
}

}  // namespace

base::Result<std::vector<TcpListener>> tcp_listeners() {
  std::vector<TcpListener> all;
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    const auto told = list_tcp_sockets({family, 1U << TCP_LISTEN}, [&all](const inet_diag_msg& one, std::string_view attributes) {
      all.push_back(listener_of(one, attributes));
      return true;
    });
    if (!told) return told.error();
  }
  return all;
}

PortSet ports_in_use(const config::PortRange& range, const std::vector<TcpListener>& listeners, const base::Endpoint& own) {
  PortSet ports;
  for (const TcpListener& one : listeners)
    if (one.at != own && takes_some_of(range, one)) ports.insert(one.at.port);
  return ports;
}

}  // namespace xsuperd::net
