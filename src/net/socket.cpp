// SPDX-License-Identifier: MIT
#include "xsuperd/net/socket.hpp"

#include <fmt/format.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <limits>

#include "net/sender.hpp"
#include "net/passed_descriptors.hpp"
#include "net/socket_options.hpp"
#include "net/spec_words.hpp"
#include "net/unix_path.hpp"
#include "xsuperd/net/steering.hpp"

namespace xsuperd::net {

namespace {

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

base::Error failed(std::string_view what) {
  return {errno, fmt::format("{} failed ({})", what, base::errno_text(errno))};
}

/// IP_ADD_MEMBERSHIP or IP_DROP_MEMBERSHIP.
void multicast(int fd, int what, const base::Address& group) {
  if (group.family() != base::Address::Family::ipv4 || !base::is_multicast(group)) return;
  ip_mreq request{};
  request.imr_multiaddr.s_addr = htonl(group.ipv4_value());
  ::setsockopt(fd, IPPROTO_IP, what, &request, sizeof request);
}

/// What of the specification the system did not have.
struct Lacks {
  bool ipv6 = false;
  bool mptcp = false;
};

int domain_of(const config::ListenSpec& spec, bool ipv6) {
  using Kind = config::ListenSpec::Kind;
  if (spec.kind == Kind::local) return AF_UNIX;
  if (spec.kind == Kind::vsock) return AF_VSOCK;
  return ipv6 ? AF_INET6 : AF_INET;
}

base::Fd make_with_protocol(const config::ListenSpec& spec, int kind, bool ipv6, Lacks& lacks) {
  const int domain = domain_of(spec, ipv6);
  if (!spec.is_ip()) return base::Fd(::socket(domain, kind, 0));
  if (!spec.options.mptcp) return base::Fd(::socket(domain, kind, spec.protocol.number));
  base::Fd fd(::socket(domain, kind, IPPROTO_MPTCP));
  const bool absent = errno == EPROTONOSUPPORT || errno == ENOPROTOOPT || errno == EINVAL;
  if (fd || !absent) return fd;
  lacks.mptcp = true;
  return base::Fd(::socket(domain, kind, spec.protocol.number));
}

base::Result<base::Fd> make_socket(const config::ListenSpec& spec, bool ipv6, Lacks& lacks) {
  const int kind = socket_kind(spec.socket_type) | SOCK_CLOEXEC;
  base::Fd fd = make_with_protocol(spec, kind, ipv6, lacks);
  if (!fd && ipv6 && spec.fallback_to_ipv4) {
    fd = make_with_protocol(spec, kind, false, lacks);
    lacks.ipv6 = true;
  }
  if (!fd) return failed("socket creation");
  return fd;
}

/// Those that are in effect only if they are set before the socket is bound, or that nobody may do without.
base::Result<void> set_up(int fd, const config::ListenSpec& spec, bool ipv6) {
  using Kind = config::ListenSpec::Kind;
  const config::SocketOptions& o = spec.options;
  if (spec.is_ip() && ipv6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, spec.v6only);
  if (spec.is_ip() && spec.socket_type != config::SocketType::dgram) set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (spec.kind == Kind::local && spec.socket_type == config::SocketType::dgram) set(fd, SOL_SOCKET, SO_PASSCRED, 1);
  if (spec.is_ip() && o.freebind) ipv6 ? set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1) : set(fd, IPPROTO_IP, IP_FREEBIND, 1);
  if (!o.device.empty() && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o.device.c_str(), static_cast<socklen_t>(o.device.size())) != 0)
    return failed(fmt::format("binding to the interface {}", o.device));
  if (o.mark && spec.is_ip() && ::setsockopt(fd, SOL_SOCKET, SO_MARK, &*o.mark, sizeof *o.mark) != 0) return failed("setting the mark");
  apply_options(fd, spec);
  return {};
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

bool bind_vsock(int fd, const config::VsockPlace& place) {
  sockaddr_vm at{};
  at.svm_family = AF_VSOCK;
  at.svm_cid = place.cid;
  at.svm_port = place.port;
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
}

/// Nobody is to reach the socket of a range but through it: it has a port of the system's choice on the loopback interface.
bool bind_loopback(int fd, bool ipv6) {
  sockaddr_storage at;
  const socklen_t length = base::fill_sockaddr({loopback_address(ipv6), 0}, ipv6, at);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&at), length) == 0;
}

base::Result<SocketPath> bind_by_kind(int fd, const config::ListenSpec& spec, bool ipv6) {
  using Kind = config::ListenSpec::Kind;
  if (spec.kind == Kind::local) return bind_local(fd, spec);
  const bool bound = spec.kind == Kind::vsock   ? bind_vsock(fd, spec.vsock)
                     : spec.kind == Kind::range ? bind_loopback(fd, ipv6)
                                                : bind_at(fd, spec, ipv6);
  if (!bound) return failed("bind");
  if (spec.kind == Kind::ip) multicast(fd, IP_ADD_MEMBERSHIP, spec.at.address);
  return SocketPath{};
}

base::Result<Opened> bind_socket(const config::ListenSpec& spec, Sharing sharing, const BeforeBinding& before) {
  if (spec.kind == config::ListenSpec::Kind::activated)
    return base::Error{ENOENT, fmt::format("the service manager has not passed a socket named {}", spec.name)};
  Lacks lacks;
  auto fd = make_socket(spec, spec.ipv6, lacks);
  if (!fd) return fd.error();
  const int number = fd->get();
  const bool ipv6 = spec.ipv6 && !lacks.ipv6;
  if (auto ready = set_up(number, spec, ipv6); !ready) return ready.error();
  if (sharing == Sharing::yes || spec.beside) set(number, SOL_SOCKET, SO_REUSEPORT, 1);
  if (before) before(number);
  auto path = bind_by_kind(number, spec, ipv6);
  if (!path) return path.error();
  return Opened{std::move(*fd), lacks.ipv6, lacks.mptcp, std::move(*path)};
}

}  // namespace

base::Result<base::Fd> new_socket(const config::ListenSpec& spec, bool ipv6) {
  Lacks lacks;
  auto fd = make_socket(spec, ipv6, lacks);
  if (!fd) return fd;
  if (auto ready = set_up(fd->get(), spec, ipv6); !ready) return ready.error();
  return fd;
}

void join_again(int fd, const config::ListenSpec& spec) {
  if (spec.kind != config::ListenSpec::Kind::ip) return;
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

namespace {

/// The kernel doubles what it is given, and tells that.
void set_buffer(int fd, int option, int forced, std::uint32_t bytes) {
  const int value = static_cast<int>(bytes);
  if (::setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) != 0) set(fd, SOL_SOCKET, option, value);
}

/// A buffer grows by itself again (SO_BUF_LOCK, socket(7)).
void free_buffer(int fd, int option, int lock_bit, int fresh) {
  constexpr int buffer_lock = 72;
  set(fd, SOL_SOCKET, option, number_option(fresh, SOL_SOCKET, option).value_or(0) / 2);
  set(fd, SOL_SOCKET, buffer_lock, number_option(fd, SOL_SOCKET, buffer_lock).value_or(0) & ~lock_bit);
}

void set_tos(int fd, int tos) {
  set(fd, IPPROTO_IP, IP_TOS, tos);
  set(fd, IPPROTO_IPV6, IPV6_TCLASS, tos);
}

void set_keepalive_times(int fd, int idle, int interval, int count) {
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, count);
}

}  // namespace

void apply_options(int fd, const config::ListenSpec& spec) {
  const config::SocketOptions& o = spec.options;
  if (spec.beside) set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (o.receive_buffer) set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, *o.receive_buffer);
  if (o.send_buffer) set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, *o.send_buffer);
  const int domain = spec.kind == config::ListenSpec::Kind::activated ? number_option(fd, SOL_SOCKET, SO_DOMAIN).value_or(0) : AF_INET;
  if ((!spec.is_ip() && spec.kind != config::ListenSpec::Kind::activated) || (domain != AF_INET && domain != AF_INET6)) return;
  if (o.tos) set_tos(fd, *o.tos);
  if (o.mark) ::setsockopt(fd, SOL_SOCKET, SO_MARK, &*o.mark, sizeof *o.mark);
  if (spec.protocol.number != IPPROTO_TCP) return;
  set(fd, IPPROTO_TCP, TCP_NODELAY, spec.nodelay);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, spec.keepalive);
  if (o.keepalive)
    set_keepalive_times(fd, static_cast<int>(o.keepalive->idle), static_cast<int>(o.keepalive->interval), static_cast<int>(o.keepalive->count));
  if (o.defer_accept) set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, static_cast<int>(*o.defer_accept));
}

void reset_options(int fd, const config::ListenSpec& before, const config::ListenSpec& after) {
  const config::SocketOptions& was = before.options;
  const config::SocketOptions& is = after.options;
  if (was == is) return;
  Lacks lacks;
  const auto fresh = make_socket(after, after.ipv6, lacks);
  if (!fresh) return;
  const int model = fresh->get();
  constexpr int send_lock = 1, receive_lock = 2;
  if (was.receive_buffer && !is.receive_buffer) free_buffer(fd, SO_RCVBUF, receive_lock, model);
  if (was.send_buffer && !is.send_buffer) free_buffer(fd, SO_SNDBUF, send_lock, model);
  if (was.tos && !is.tos) set_tos(fd, 0);
  if (was.mark && !is.mark) set(fd, SOL_SOCKET, SO_MARK, 0);
  if (was.defer_accept && !is.defer_accept) set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
  if (was.keepalive && !is.keepalive)
    set_keepalive_times(fd, number_option(model, IPPROTO_TCP, TCP_KEEPIDLE).value_or(0), number_option(model, IPPROTO_TCP, TCP_KEEPINTVL).value_or(0),
                        number_option(model, IPPROTO_TCP, TCP_KEEPCNT).value_or(0));
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

namespace {
base::Address local_peer(const ucred& who) {
  return base::Address::local(who.uid, who.gid, static_cast<std::uint32_t>(std::max(who.pid, 0)));
}
/// What the kernel says of a socket that nobody is known of.
constexpr ucred nobody_known{0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
}  // namespace

base::Address peer_credentials(int fd) {
  ucred who = nobody_known;
  socklen_t length = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) who = nobody_known;
  return local_peer(who);
}

std::vector<gid_t> peer_groups(int fd) {
  ucred who = nobody_known;
  socklen_t length = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0 || who.gid == nobody_known.gid) return {};
  std::vector<gid_t> groups(64);
  for (int tries = 0; tries < 2; ++tries) {
    length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool all = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0;
    if (!all && errno != ERANGE) length = 0;
    groups.resize(length / sizeof(gid_t));
    if (all || length == 0) break;
  }
  groups.push_back(who.gid);
  return groups;
}

base::Address sender(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS) continue;
    ucred who{};
    std::memcpy(&who, CMSG_DATA(c), sizeof who);
    return local_peer(who);
  }
  return local_peer(nobody_known);
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
  do n = ::recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 0);
  if (n < 0) return std::nullopt;
  close_passed(message);
  Head head{base::endpoint_of(from), 0};
  if (message.msg_namelen == 0 || from.ss_family == AF_UNIX) head.peer.address = sender(message);
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

bool drop_bytes(int fd, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::recv(fd, nullptr, size, MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    size -= static_cast<std::size_t>(n);
  }
  return true;
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
