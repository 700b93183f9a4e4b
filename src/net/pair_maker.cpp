// SPDX-License-Identifier: MIT
#include "net/pair_maker.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace xsuperd::net {

namespace {

using Family = base::Address::Family;

constexpr std::string_view what = "making a pair of sockets with the client's address";
constexpr timeval patience{1, 0};  // on a loopback interface all happens at once

void switch_on(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

/// Links have no other name here than the only one there is.
base::Endpoint known_here(base::Endpoint endpoint) {
  endpoint.address = endpoint.address.unmapped();
  const auto& bytes = endpoint.address.bytes();
  const bool link_local = endpoint.address.family() == Family::ipv6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  if (endpoint.address.family() == Family::ipv6) endpoint.address = base::Address::ipv6(bytes, link_local ? 1 : 0);
  return endpoint;
}

/// Of the family of `at`, bound to it; empty with errno.
base::Fd bound_to(const base::Endpoint& at) {
  const bool ipv6 = at.address.family() == Family::ipv6;
  base::Fd fd(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd) return fd;
  switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR);  // one client calls several addresses from one port
  switch_on(fd.get(), ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? int{IPV6_FREEBIND} : int{IP_FREEBIND});
  if (at.port == 0) switch_on(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  sockaddr_storage to;
  const socklen_t length = base::fill_sockaddr(at, ipv6, to);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&to), length) == 0) return fd;
  const int error = errno;
  fd.reset();
  errno = error;
  return fd;
}

/// Connected from the client's address to ours; empty with errno.
base::Fd calling(const base::Endpoint& client, const base::Endpoint& local) {
  base::Fd fd = bound_to(client);
  if (!fd) return fd;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_storage to;
  const socklen_t length = base::fill_sockaddr(local, local.address.family() == Family::ipv6, to);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), length) == 0) return fd;
  const int error = errno;
  fd.reset();
  errno = error;
  return fd;
}

/// Nobody is told when a server closes a connection of which it has read the end: it looks as if it had closed one half. The
/// kernel asks, and a socket that is gone answers with a reset.
void notice_the_end(int carrier) {
  constexpr int idle = 30, every = 10, most = 3;
  switch_on(carrier, SOL_SOCKET, SO_KEEPALIVE);
  ::setsockopt(carrier, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(carrier, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
  ::setsockopt(carrier, IPPROTO_TCP, TCP_KEEPCNT, &most, sizeof most);
}

/// One at all addresses, or at a port that nobody has named, would stand in the way of those at others.
bool can_be_listened_at(const base::Endpoint& at) {
  const auto& bytes = at.address.bytes();
  const bool unspecified = std::ranges::all_of(bytes, [](auto byte) { return byte == 0; });
  return at.port != 0 && !unspecified && !base::is_multicast(at.address);
}

bool taken(int error) { return error == EADDRINUSE || error == EADDRNOTAVAIL || error == EACCES; }

base::Endpoint own_end(int fd) {
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length) == 0 ? base::endpoint_of(at) : base::Endpoint{};
}

/// The connection whose other end is at `from`. Left-overs of one that was given up are dropped.
base::Fd accepted(int listener, const base::Endpoint& from) {
  while (true) {
    sockaddr_storage who{};
    socklen_t length = sizeof who;
    base::Fd fd(::accept4(listener, reinterpret_cast<sockaddr*>(&who), &length, SOCK_CLOEXEC));
    if (!fd || base::endpoint_of(who) == from) return fd;
  }
}

}  // namespace

int PairMaker::listen_at(const base::Endpoint& at) {
  const auto found = std::ranges::find(listeners_, at, &Listening::at);
  if (found != listeners_.end()) {
    listeners_.splice(listeners_.begin(), listeners_, found);
    return 0;
  }
  base::Fd fd = bound_to(at);
  if (!fd || ::listen(fd.get(), 16) != 0) return errno;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  listeners_.push_front({at, std::move(fd)});
  if (listeners_.size() > most_listeners) listeners_.pop_back();
  return 0;
}

/// What could not be accepted stays in the queue of its listener and would fill it: the next one gets another listener.
base::Error PairMaker::gave_up(int error) {
  listeners_.pop_front();
  return base::system_error(error, what);
}

base::Result<TruePair> PairMaker::make(const base::Endpoint& client, const base::Endpoint& local) {
  const base::Endpoint from = known_here(client), to = known_here(local);
  if (!from.address.is_ip() || from.address.family() != to.address.family()) return base::system_error(EAFNOSUPPORT, what);
  if (base::is_multicast(from.address) || !can_be_listened_at(to)) return base::system_error(EADDRNOTAVAIL, what);
  if (const int error = listen_at(to); error != 0) return base::system_error(error, what);
  TruePair pair;
  pair.carrier = calling(from, to);
  if (!pair.carrier && taken(errno)) pair.carrier = calling({from.address, 0}, to);
  if (!pair.carrier) return gave_up(errno);
  pair.handler = accepted(listeners_.front().socket.get(), own_end(pair.carrier.get()));
  if (!pair.handler) return gave_up(errno);
  constexpr timeval none{};
  ::setsockopt(pair.carrier.get(), SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
  ::setsockopt(pair.handler.get(), SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
  ::fcntl(pair.carrier.get(), F_SETFL, O_NONBLOCK);
  notice_the_end(pair.carrier.get());
  for (const int fd : {pair.handler.get(), pair.carrier.get()}) switch_on(fd, IPPROTO_TCP, TCP_NODELAY);
  pair.addresses_true = true;
  return pair;
}

base::Result<TruePair> make_plain_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return base::system_error(errno, "making a pair of UNIX sockets");
  TruePair pair{base::Fd(ends[0]), base::Fd(ends[1]), false};
  ::fcntl(pair.carrier.get(), F_SETFL, O_NONBLOCK);
  return pair;
}

}  // namespace xsuperd::net
