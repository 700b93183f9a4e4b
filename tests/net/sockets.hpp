// SPDX-License-Identifier: MIT
// Loopback sockets and a loop that never runs for ever.
#pragma once
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::net::testing {

using namespace std::chrono_literals;

inline base::Address address(const char* text) { return *base::Address::parse(text); }

inline bool ready(int fd, short what = POLLIN, int milliseconds = 0) {
  pollfd watched{fd, what, 0};
  return ::poll(&watched, 1, milliseconds) > 0;
}

/// Runs the loop until `enough` says so. False when it has not for ten seconds.
template <typename Enough>
bool run_until(boost::asio::io_context& loop, Enough enough) {
  const auto work = boost::asio::make_work_guard(loop);
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!enough()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_one_for(2ms);  // short, because what is waited for need not be an event of this loop
  }
  return true;
}

inline config::ListenSpec tcp_at(const char* at) {
  config::ListenSpec spec;
  spec.protocol = {"tcp", IPPROTO_TCP};
  spec.at = {address(at), 0};
  spec.ipv6 = spec.at.address.family() == base::Address::Family::ipv6;
  return spec;
}

inline config::ListenSpec udp_at(const char* at) {
  config::ListenSpec spec = tcp_at(at);
  spec.socket_type = config::SocketType::dgram;
  spec.protocol = {"udp", IPPROTO_UDP};
  return spec;
}

inline base::Fd opened(const config::ListenSpec& spec) {
  auto result = open_socket(spec);
  if (!result) throw std::runtime_error(result.error().sentence);
  return std::move(result->fd);
}

inline bool connect_to(int fd, const base::Endpoint& to) {
  sockaddr_storage storage;
  const bool ipv6 = to.address.family() == base::Address::Family::ipv6;
  const socklen_t length = base::fill_sockaddr(to, ipv6, storage);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0;
}

/// A blocking client; empty when nobody listens. With a datagram type only the default peer is set.
inline base::Fd client_of(const base::Endpoint& to, int type = SOCK_STREAM) {
  const bool ipv6 = to.address.family() == base::Address::Family::ipv6;
  base::Fd fd(::socket(ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0));
  if (!connect_to(fd.get(), to)) fd.reset();
  return fd;
}

inline int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd, level, name, &value, &length);
  return value;
}

inline int family_of(int fd) {
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length);
  return at.ss_family;
}

}  // namespace xsuperd::net::testing
