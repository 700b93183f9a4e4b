// SPDX-License-Identifier: MIT
#include "xsuperd/net/socket.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <limits>

#include "net/socket_options.hpp"
#include "net/spec_words.hpp"
#include "xsuperd/net/steering.hpp"

namespace xsuperd::net {

namespace {

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

base::Error failed(std::string_view what) {
  return {errno, fmt::format("{} failed ({})", what, base::errno_text(errno))};
}

/// IP_ADD_MEMBERSHIP or IP_DROP_MEMBERSHIP.
void multicast(int fd, int what, const base::Address& group) {
  if (group.family() != base::Address::Family::ipv4 || !group.is_multicast()) return;
  ip_mreq request{};
  request.imr_multiaddr.s_addr = htonl(group.ipv4_value());
  ::setsockopt(fd, IPPROTO_IP, what, &request, sizeof request);
}

base::Result<base::Fd> make_socket(const config::ListenSpec& spec, bool& ipv6) {
  const int kind = socket_kind(spec.socket_type) | SOCK_CLOEXEC;
  base::Fd fd(::socket(ipv6 ? AF_INET6 : AF_INET, kind, spec.protocol.number));
  if (!fd && ipv6 && spec.fallback_to_ipv4) {
    fd.reset(::socket(AF_INET, kind, spec.protocol.number));
    ipv6 = false;
  }
  if (!fd) return failed("socket creation");
  return fd;
}

void set_up(int fd, const config::ListenSpec& spec, bool ipv6) {
  if (ipv6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, spec.v6only);
  if (spec.socket_type != config::SocketType::dgram) set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  apply_options(fd, spec);
}

enum class Sharing : bool { no, yes };

/// Where a socket is left that takes datagrams and of which a server has a duplicate, both have to say that they share the
/// place (SO_REUSEADDR, socket(7)); but nobody else shall get the datagrams of ours as long as it is open.
bool bind_at(int fd, const config::ListenSpec& spec, bool ipv6) {
  sockaddr_storage at;
  const socklen_t length = base::fill_sockaddr(spec.at, ipv6, at);
  const auto bound = [&] { return ::bind(fd, reinterpret_cast<const sockaddr*>(&at), length) == 0; };
  if (bound()) return true;
  if (spec.socket_type != config::SocketType::dgram || errno != EADDRINUSE) return false;
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const bool shared = bound();
  const int error = errno;
  set(fd, SOL_SOCKET, SO_REUSEADDR, 0);
  errno = error;
  return shared;
}

base::Result<Opened> bind_socket(const config::ListenSpec& spec, Sharing sharing, const BeforeBinding& before) {
  bool ipv6 = spec.ipv6;
  auto fd = make_socket(spec, ipv6);
  if (!fd) return fd.error();
  const int number = fd->get();
  set_up(number, spec, ipv6);
  if (sharing == Sharing::yes || spec.beside) set(number, SOL_SOCKET, SO_REUSEPORT, 1);
  if (before) before(number);
  if (!bind_at(number, spec, ipv6)) return failed("bind");
  multicast(number, IP_ADD_MEMBERSHIP, spec.at.address);
  return Opened{std::move(*fd), spec.ipv6 && !ipv6};
}

}  // namespace

base::Result<base::Fd> new_socket(const config::ListenSpec& spec, bool ipv6) {
  auto fd = make_socket(spec, ipv6);
  if (fd) set_up(fd->get(), spec, ipv6);
  return fd;
}

void join_again(int fd, const config::ListenSpec& spec) {
  multicast(fd, IP_DROP_MEMBERSHIP, spec.at.address);
  multicast(fd, IP_ADD_MEMBERSHIP, spec.at.address);
}

base::Result<Opened> bind_socket(const config::ListenSpec& spec, const BeforeBinding& before) {
  return bind_socket(spec, Sharing::no, before);
}

base::Result<void> listen_on(int fd, const config::ListenSpec& spec) {
  const bool connections =
      spec.socket_type == config::SocketType::stream || spec.socket_type == config::SocketType::seqpacket;
  // The kernel cuts the backlog down to net.core.somaxconn.
  if (connections && ::listen(fd, spec.backlog.value_or(std::numeric_limits<int>::max())) != 0) return failed("listen");
  return {};
}

base::Result<Opened> open_socket(const config::ListenSpec& spec, const BeforeBinding& before) {
  auto bound = bind_socket(spec, before);
  if (!bound) return bound;
  if (auto listening = listen_on(bound->fd.get(), spec); !listening) return listening.error();
  return bound;
}

base::Result<Opened> open_beside(int first, config::ListenSpec spec) {
  set(first, SOL_SOCKET, SO_REUSEPORT, 1);
  spec.at.port = local_endpoint(first).port;
  auto bound = bind_socket(spec, Sharing::yes, shut_off);
  if (!bound) return bound;
  if (auto listening = listen_on(bound->fd.get(), spec); !listening) return listening.error();
  return bound;
}

void let_server_bind_beside(int fd) { set(fd, SOL_SOCKET, SO_REUSEPORT, 1); }

void apply_options(int fd, const config::ListenSpec& spec) {
  if (spec.beside) set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (spec.protocol.number != IPPROTO_TCP) return;
  set(fd, IPPROTO_TCP, TCP_NODELAY, spec.nodelay);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, spec.keepalive);
}

/// shutdown(2) alone leaves a datagram socket bound and in the way of a less particular one: connected to itself it
/// hears nobody else. Nor must it stay in a group in which the order counts (net::steer). Who has it still could undo
/// that, or listen again; what it is bound to an interface that does not exist for, only CAP_NET_RAW can undo. A
/// connection that was made of it by somebody must not have the last close(2) wait for it (SO_LINGER).
void hang_up(int fd) {
  int kind = 0;
  socklen_t length = sizeof kind;
  const bool datagrams = ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &length) == 0 && kind == SOCK_DGRAM;
  set(fd, SOL_SOCKET, SO_REUSEPORT, 0);
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);  // else it would be in the way of the next one
  if (datagrams) {
    sockaddr_storage self{};
    length = sizeof self;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&self), &length) == 0)
      (void)::connect(fd, reinterpret_cast<const sockaddr*>(&self), length);
  }
  constexpr int bind_to_interface = 62;  // SO_BINDTOIFINDEX, Linux 5.1
  set(fd, SOL_SOCKET, bind_to_interface, std::numeric_limits<int>::max());
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::shutdown(fd, SHUT_RDWR);
}

void leave_open_to_others(int fd) { set(fd, SOL_SOCKET, SO_REUSEADDR, 1); }
void keep_from_others(int fd) { set(fd, SOL_SOCKET, SO_REUSEADDR, 0); }

base::Endpoint local_endpoint(int fd) {
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length) != 0) return {};
  return base::endpoint_of(at);
}

std::optional<Head> peek_datagram(int fd) {
  // The stamp is asked for during this call only, so that the server finds the socket as it would be under xinetd. A
  // datagram that came before the option was on gets its stamp from the first peek and keeps it.
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  sockaddr_storage from{};
  std::array<char, 1> byte{};
  alignas(cmsghdr) std::array<char, 256> control{};
  iovec part{byte.data(), byte.size()};
  msghdr message{&from, sizeof from, &part, 1, control.data(), control.size(), 0};
  ssize_t n = 0;
  do n = ::recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 0);
  if (n < 0) return std::nullopt;
  Head head{base::endpoint_of(from), 0};
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    std::timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
    head.arrival = stamp.tv_sec * 1'000'000'000LL + stamp.tv_nsec;
  }
  return head;
}

void drop_datagram(int fd) {
  char byte = 0;
  while (::recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EINTR) {
  }
}

void drop_connection(int fd) {
  // The socket may be blocking by now: a server that had it may have made it so.
  const base::Fd gone(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

std::ptrdiff_t send_now(int fd, std::string_view bytes) {
  while (true) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) return -1;
  }
}

}  // namespace xsuperd::net
