// SPDX-License-Identifier: MIT
#include "xsuperd/net/socket.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>

#include <catch2/catch.hpp>

#include "net/sockets.hpp"
#include "xsuperd/net/steering.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

bool has_flag(int fd, int command, int flag) { return (::fcntl(fd, command) & flag) != 0; }

/// A datagram socket and a client of it.
struct Datagrams {
  base::Fd server = opened(udp_at("127.0.0.1"));
  base::Fd client = client_of(local_endpoint(server.get()), SOCK_DGRAM);

  void send(std::string_view text) {
    REQUIRE(send_now(client.get(), text) == static_cast<std::ptrdiff_t>(text.size()));
    REQUIRE(ready(server.get(), POLLIN, 5000));
  }
  std::string take() {
    char text[16];
    const auto n = ::recv(server.get(), text, sizeof text, MSG_DONTWAIT);
    return n < 0 ? "none" : std::string(text, static_cast<std::size_t>(n));
  }
};

/// Two ends of one connection.
struct Pair {
  Pair() {
    const base::Fd listening = opened(tcp_at("127.0.0.1"));
    client = client_of(local_endpoint(listening.get()));
    server.reset(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  base::Fd client, server;
};

}  // namespace

TEST_CASE("a stream socket listens where it was told, close-on-exec and reusing its address") {
  const base::Fd fd = opened(tcp_at("127.0.0.1"));
  const auto at = local_endpoint(fd.get());
  CHECK(at.address.text() == "127.0.0.1");
  CHECK(at.port != 0);
  CHECK(has_flag(fd.get(), F_GETFD, FD_CLOEXEC));
  CHECK(option_of(fd.get(), SOL_SOCKET, SO_REUSEADDR) != 0);
  CHECK(option_of(fd.get(), SOL_SOCKET, SO_ACCEPTCONN) == 1);
  CHECK(client_of(at));
}

TEST_CASE("a datagram socket does not listen and has no TCP options") {
  auto spec = udp_at("::1");
  spec.nodelay = spec.keepalive = true;
  const base::Fd fd = opened(spec);
  CHECK(option_of(fd.get(), SOL_SOCKET, SO_TYPE) == SOCK_DGRAM);
  CHECK(option_of(fd.get(), SOL_SOCKET, SO_ACCEPTCONN) == 0);
  CHECK(option_of(fd.get(), SOL_SOCKET, SO_KEEPALIVE) == 0);
  CHECK(local_endpoint(fd.get()).address.text() == "::1");
}

TEST_CASE("NODELAY and KEEPALIVE are set, inherited by connections, and taken back on an open socket") {
  auto spec = tcp_at("127.0.0.1");
  spec.nodelay = spec.keepalive = true;
  const base::Fd fd = opened(spec);
  CHECK(option_of(fd.get(), IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK(option_of(fd.get(), SOL_SOCKET, SO_KEEPALIVE) != 0);
  const base::Fd client = client_of(local_endpoint(fd.get()));
  const base::Fd accepted(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  CHECK(option_of(accepted.get(), IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK(option_of(accepted.get(), SOL_SOCKET, SO_KEEPALIVE) != 0);
  spec.nodelay = spec.keepalive = false;
  apply_options(fd.get(), spec);
  CHECK(option_of(fd.get(), IPPROTO_TCP, TCP_NODELAY) == 0);
  CHECK(option_of(fd.get(), SOL_SOCKET, SO_KEEPALIVE) == 0);
}

TEST_CASE("a dual-stack socket serves IPv4 clients and one with v6only does not") {
  auto spec = tcp_at("::1");
  spec.at = {};
  const base::Fd dual = opened(spec);
  CHECK(family_of(dual.get()) == AF_INET6);
  CHECK(option_of(dual.get(), IPPROTO_IPV6, IPV6_V6ONLY) == 0);
  const auto dual_port = local_endpoint(dual.get()).port;
  CHECK(client_of({address("127.0.0.1"), dual_port}));
  CHECK(client_of({address("::1"), dual_port}));

  spec.v6only = true;
  const base::Fd only = opened(spec);
  CHECK(option_of(only.get(), IPPROTO_IPV6, IPV6_V6ONLY) == 1);
  const auto port = local_endpoint(only.get()).port;
  CHECK_FALSE(client_of({address("127.0.0.1"), port}));
  CHECK(client_of({address("::1"), port}));
}

TEST_CASE("an IPv4 address on an IPv6 socket is bound in its mapped form") {
  auto spec = tcp_at("127.0.0.1");
  spec.ipv6 = true;
  const base::Fd fd = opened(spec);
  CHECK(local_endpoint(fd.get()).address.text() == "::ffff:127.0.0.1");
  CHECK(client_of({address("127.0.0.1"), local_endpoint(fd.get()).port}));
}

TEST_CASE("a busy port is told in xinetd's words") {
  auto spec = tcp_at("127.0.0.1");
  const base::Fd first = opened(spec);
  spec.at.port = local_endpoint(first.get()).port;
  const auto second = open_socket(spec);
  REQUIRE(second.has_error());
  CHECK(second.error().code == EADDRINUSE);
  CHECK(second.error().sentence == "bind failed (Address already in use (errno = 98))");
}

TEST_CASE("an address that is not ours and a protocol that does not fit are told as well") {
  const auto foreign = open_socket(tcp_at("192.0.2.1"));
  REQUIRE(foreign.has_error());
  CHECK(foreign.error().sentence == "bind failed (Cannot assign requested address (errno = 99))");
  auto spec = tcp_at("127.0.0.1");
  spec.protocol = {"udp", IPPROTO_UDP};
  const auto wrong = open_socket(spec);
  REQUIRE(wrong.has_error());
  CHECK(wrong.error().sentence == "socket creation failed (Protocol not supported (errno = 93))");
}

TEST_CASE("what is no socket has no local end") {
  CHECK(local_endpoint(-1) == base::Endpoint{});
  CHECK_FALSE(peek_datagram(-1));
}

TEST_CASE("looking at a datagram tells its peer and leaves it in the queue") {
  Datagrams d;
  CHECK_FALSE(peek_datagram(d.server.get()));
  d.send("one");
  const auto head = peek_datagram(d.server.get());
  REQUIRE(head);
  CHECK(head->peer == local_endpoint(d.client.get()));
  CHECK(d.take() == "one");
  CHECK_FALSE(peek_datagram(d.server.get()));
}

TEST_CASE("the same datagram keeps its stamp and an equal one has another") {
  Datagrams d;
  d.send("same");
  d.send("same");
  const auto first = peek_datagram(d.server.get());
  const auto again = peek_datagram(d.server.get());
  drop_datagram(d.server.get());
  const auto second = peek_datagram(d.server.get());
  REQUIRE((first && again && second));
  CHECK(first->arrival != 0);
  CHECK(first->arrival == again->arrival);
  CHECK(first->peer == second->peer);
  CHECK(first->arrival != second->arrival);
}

TEST_CASE("looking leaves the socket's options as they were") {
  Datagrams d;
  d.send("x");
  REQUIRE(peek_datagram(d.server.get()));
  CHECK(option_of(d.server.get(), SOL_SOCKET, SO_TIMESTAMPNS) == 0);
}

TEST_CASE("exactly one datagram is dropped, however long or empty it is") {
  Datagrams d;
  d.send(std::string(5000, 'x'));
  d.send("");
  d.send("last");
  drop_datagram(d.server.get());
  drop_datagram(d.server.get());
  CHECK(d.take() == "last");
  drop_datagram(d.server.get());  // nothing there: does not wait
  CHECK(d.take() == "none");
}

TEST_CASE("exactly one connection is dropped, and none is waited for") {
  const base::Fd fd = opened(tcp_at("127.0.0.1"));
  REQUIRE(::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0);
  const base::Fd first = client_of(local_endpoint(fd.get()));
  const base::Fd second = client_of(local_endpoint(fd.get()));
  drop_connection(fd.get());
  CHECK(ready(first.get(), POLLIN, 5000));
  char byte = 0;
  CHECK(::recv(first.get(), &byte, 1, 0) == 0);
  CHECK_FALSE(ready(second.get()));
  drop_connection(fd.get());
  drop_connection(fd.get());
}

TEST_CASE("what does not fit into a connection is not waited for") {
  Pair pair;
  const std::string block(1 << 20, 'x');
  CHECK(send_now(pair.server.get(), "hello") == 5);
  std::ptrdiff_t n = 1;
  std::size_t total = 0;
  while (n > 0 && total < (std::size_t{1} << 30))
    total += static_cast<std::size_t>(n = send_now(pair.server.get(), block));
  CHECK(n == 0);
  char text[5];
  CHECK(::recv(pair.client.get(), text, sizeof text, MSG_WAITALL) == 5);
  CHECK(std::string_view(text, 5) == "hello");
}

TEST_CASE("a connection that is gone is a final error and no signal") {
  Pair pair;
  REQUIRE(::shutdown(pair.server.get(), SHUT_WR) == 0);
  CHECK(send_now(pair.server.get(), "x") == -1);
  CHECK(errno == EPIPE);
}

TEST_CASE("after a hang-up another socket gets the port and the peers, though a duplicate is open") {
  for (const char* at : {"127.0.0.1", "0.0.0.0", "::"}) {
    INFO(at);
    const base::Fd stream = opened(tcp_at(at));
    const base::Fd kept(::fcntl(stream.get(), F_DUPFD_CLOEXEC, 0));
    auto place = tcp_at("127.0.0.1");
    place.at.port = local_endpoint(stream.get()).port;
    CHECK_FALSE(open_socket(place).has_value());
    hang_up(stream.get());
    CHECK_FALSE(client_of(place.at));
    CHECK(open_socket(place).has_value());
  }
}

TEST_CASE("a datagram socket that was hung up is not in the way of a less particular one") {
  for (const char* at : {"127.0.0.1", "0.0.0.0", "::"}) {
    INFO(at);
    const auto spec = udp_at(at);
    const base::Fd old = opened(spec);
    { const auto other = open_beside(old.get(), spec); }  // from now on it is in a group
    auto place = udp_at("0.0.0.0");
    place.at.port = local_endpoint(old.get()).port;
    hang_up(old.get());
    const base::Fd fresh = opened(place);
    const base::Fd client = client_of({address("127.0.0.1"), place.at.port}, SOCK_DGRAM);
    REQUIRE(::send(client.get(), "x", 1, 0) == 1);
    CHECK(ready(fresh.get(), POLLIN, 1000));
    CHECK_FALSE(peek_datagram(old.get()));
  }
}

TEST_CASE("a datagram socket that was hung up is in no group with those that are bound after it") {
  auto spec = udp_at("127.0.0.1");
  const base::Fd old = opened(spec);
  { const auto other = open_beside(old.get(), spec); }
  spec.at.port = local_endpoint(old.get()).port;
  hang_up(old.get());
  const base::Fd servers = opened(spec);
  const auto ours = open_beside(servers.get(), spec);
  REQUIRE(ours.has_value());
  REQUIRE(steer(servers.get(), {}, true).has_value());
  const base::Fd client = client_of(spec.at, SOCK_DGRAM);
  REQUIRE(::send(client.get(), "x", 1, 0) == 1);
  CHECK(ready(servers.get(), POLLIN, 1000));
  CHECK_FALSE(ready(ours->fd.get()));
}

TEST_CASE("two datagram sockets make a group of their own, whoever shares their place already") {
  for (const char* at : {"127.0.0.1", "0.0.0.0", "::1", "::"}) {
    INFO(at);
    auto spec = udp_at(at);
    const base::Fd old = opened(spec);
    const auto beside_old = open_beside(old.get(), spec);
    REQUIRE(beside_old.has_value());
    leave_open_to_others(old.get());
    leave_open_to_others(beside_old->fd.get());
    spec.at.port = local_endpoint(old.get()).port;
    for (const bool admit : {true, false}) {
      const base::Fd servers = opened(spec);
      const auto ours = open_beside(servers.get(), spec);
      REQUIRE(ours.has_value());
      REQUIRE(steer(servers.get(), {}, admit).has_value());
      unguard(ours->fd.get());  // nobody reaches it before
      const char* to = *at == ':' ? "::1" : "127.0.0.1";
      const base::Fd client = client_of({address(to), spec.at.port}, SOCK_DGRAM);
      REQUIRE(::send(client.get(), "x", 1, 0) == 1);
      CHECK(ready((admit ? servers : ours->fd).get(), POLLIN, 1000));
      CHECK_FALSE(ready((admit ? ours->fd : servers).get()));
      CHECK_FALSE(ready(old.get()));
    }
  }
}

TEST_CASE("a stream socket that is to share its place is had only where nobody listens") {
  auto spec = tcp_at("127.0.0.1");
  const base::Fd old = opened(spec);
  const auto beside_old = open_beside(old.get(), spec);
  REQUIRE(beside_old.has_value());
  spec.at.port = local_endpoint(old.get()).port;
  CHECK(open_socket(spec).error().code == EADDRINUSE);
}

TEST_CASE("a socket without a partner is not steered") {
  const base::Fd alone = opened(udp_at("127.0.0.1"));
  CHECK(steer(alone.get(), {}, true).error().sentence == "another program shares the port");
}

TEST_CASE("a socket whose partner has joined strangers is not steered") {
  auto spec = udp_at("127.0.0.1");
  const base::Fd servers = opened(spec);
  spec.at.port = local_endpoint(servers.get()).port;
  leave_open_to_others(servers.get());
  // Of those who share a place the kernel asks the last first, and takes the first that fits.
  const base::Fd stranger = opened(spec);
  const auto beside_stranger = open_beside(stranger.get(), spec);
  REQUIRE(beside_stranger.has_value());
  const auto partner = open_beside(servers.get(), spec);
  REQUIRE(partner.has_value());
  CHECK(steer(servers.get(), {}, true).error().sentence == "another program shares the port");
}

TEST_CASE("what a guarded socket is not to meet is dropped when it is alone") {
  const std::vector<SteeringRule> friends{{address("127.0.0.2"), 32, true}};
  for (const char* at : {"127.0.0.1", "0.0.0.0", "::"}) {
    INFO(at);
    const base::Fd servers = opened(udp_at(at));
    const base::Endpoint to{address("127.0.0.1"), local_endpoint(servers.get()).port};
    const auto arrives_from = [&](std::uint32_t from) {
      const base::Fd client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      sockaddr_storage self;
      const socklen_t length = base::fill_sockaddr({base::Address::ipv4(from), 0}, false, self);
      REQUIRE(::bind(client.get(), reinterpret_cast<const sockaddr*>(&self), length) == 0);
      sockaddr_storage there;
      const socklen_t size = base::fill_sockaddr(to, false, there);
      REQUIRE(::sendto(client.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&there), size) == 1);
      const bool arrived = ready(servers.get());
      drop_datagram(servers.get());
      return arrived;
    };
    REQUIRE(guard(servers.get(), friends, false).has_value());
    CHECK(arrives_from(0x7f000002));
    CHECK_FALSE(arrives_from(0x7f000003));
    REQUIRE(guard(servers.get(), {}, true).has_value());
    CHECK(arrives_from(0x7f000003));
    REQUIRE(guard(servers.get(), {}, false).has_value());
    CHECK_FALSE(arrives_from(0x7f000003));
    unguard(servers.get());
    CHECK(arrives_from(0x7f000003));
  }
}

TEST_CASE("access lists that are too long for a filter leave the one that is there") {
  const base::Fd servers = opened(udp_at("127.0.0.1"));
  REQUIRE(guard(servers.get(), {}, false).has_value());
  const std::vector<SteeringRule> many(4000, {address("192.0.2.1"), 32, true});
  CHECK(guard(servers.get(), many, true).error().code == E2BIG);
  const base::Fd client = client_of(local_endpoint(servers.get()), SOCK_DGRAM);
  REQUIRE(::send(client.get(), "x", 1, 0) == 1);
  CHECK_FALSE(ready(servers.get()));
}
