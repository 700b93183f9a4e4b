// SPDX-License-Identifier: MIT
#include "xsuperd/net/udp_reply.hpp"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <type_traits>

namespace xsuperd::net {

namespace {

static_assert(std::tuple_size_v<decltype(Datagram::Way::control)> >= CMSG_SPACE(sizeof(in6_pktinfo)));
static_assert(alignof(Datagram::Way) >= alignof(cmsghdr));

int family_of(int fd) {
  int family = AF_UNSPEC;
  socklen_t length = sizeof family;
  ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
  return family;
}

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

/// The only control message of the answer.
template <typename Info>
void answer_with(Datagram::Way& way, int level, int type, const Info& info) {
  static_assert(std::is_trivially_copyable_v<Info>);
  cmsghdr head{};
  head.cmsg_len = CMSG_LEN(sizeof info);
  head.cmsg_level = level;
  head.cmsg_type = type;
  way.control.fill(0);
  std::memcpy(way.control.data(), &head, sizeof head);
  std::memcpy(way.control.data() + CMSG_LEN(0), &info, sizeof info);
  way.control_length = CMSG_SPACE(sizeof info);
}

/// The interface is left to the routes: the way back need not be the way that the request came.
void answer_ipv4(Datagram::Way& way, const cmsghdr* message) {
  in_pktinfo info{};
  std::memcpy(&info, CMSG_DATA(message), sizeof info);
  // ipi_addr is what the header says, a broadcast address for instance; ipi_spec_dst is ours.
  in_pktinfo from{};
  from.ipi_spec_dst = info.ipi_spec_dst;
  answer_with(way, IPPROTO_IP, IP_PKTINFO, from);
}

/// A link-local address means nothing without its interface. A multicast address is nobody's: with the
/// interface alone, the kernel takes one of the interface's addresses.
void answer_ipv6(Datagram::Way& way, const cmsghdr* message) {
  in6_pktinfo info{};
  std::memcpy(&info, CMSG_DATA(message), sizeof info);
  const bool multicast = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
  if (multicast) info.ipi6_addr = in6addr_any;
  if (!multicast && !IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
  answer_with(way, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

/// An IPv4 datagram on a dual-stack socket comes with both messages: only IPv4's knows which address is ours.
void find_way(msghdr& message, Datagram::Way& way) {
  bool ipv4 = false;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      answer_ipv4(way, c);
      ipv4 = true;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO && !ipv4) {
      answer_ipv6(way, c);
    }
  }
}

}  // namespace

void enable_destination_info(int fd, bool on) {
  const int family = family_of(fd);
  if (family != AF_INET && family != AF_INET6) return;
  set(fd, IPPROTO_IP, IP_PKTINFO, on);
  if (family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, on);
}

std::optional<Datagram> receive(int fd, std::span<char> buffer) {
  Datagram datagram;
  Datagram::Way& way = datagram.way;
  alignas(cmsghdr) std::array<char, 256> control{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  ssize_t n = 0;
  do {
    message = {&way.peer, sizeof way.peer, &part, 1, control.data(), control.size(), 0};
    n = ::recvmsg(fd, &message, MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return std::nullopt;
  way.peer_length = message.msg_namelen;
  datagram.peer = base::endpoint_of(way.peer);
  datagram.bytes = {buffer.data(), static_cast<std::size_t>(n)};
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  find_way(message, way);
  return datagram;
}

void send_reply(int fd, const Datagram& request, std::string_view bytes) {
  // The kernel reads these four only.
  Datagram::Way way = request.way;
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{&way.peer, way.peer_length, &part, 1, nullptr, way.control_length, 0};
  if (way.control_length != 0) message.msg_control = way.control.data();
  while (::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

}  // namespace xsuperd::net
