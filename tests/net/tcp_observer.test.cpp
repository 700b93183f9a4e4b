// SPDX-License-Identifier: MIT
#include "xsuperd/net/tcp_observer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string_view>
#include <thread>

#include "xsuperd/net/socket.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace std::chrono_literals;
using Outcome = TcpLook::Outcome;

namespace {

/// Both ends of a connection over loopback.
struct Pair {
  explicit Pair(int family, bool mapped = false) {
    const base::Fd listener(::socket(mapped ? AF_INET6 : family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage at{};
    const auto loopback = family == AF_INET ? base::Address::ipv4(INADDR_LOOPBACK) : *base::Address::parse("::1");
    const base::Endpoint where{mapped ? base::Address{} : loopback, 0};
    if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), base::fill_sockaddr(where, mapped || family == AF_INET6, at)) != 0) return;
    REQUIRE(::listen(listener.get(), 1) == 0);
    client.reset(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const base::Endpoint to{loopback, local_endpoint(listener.get()).port};
    REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&at), base::fill_sockaddr(to, family == AF_INET6, at)) == 0);
    server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    peer = local_endpoint(client.get());
  }
  /// Waits until what the client has sent, if only its end, is there.
  void arrives() const {
    pollfd wait{server.get(), POLLIN | POLLRDHUP, 0};
    REQUIRE(::poll(&wait, 1, 20'000) == 1);
  }
  base::Fd client, server;
  base::Endpoint peer;
};

void send(const base::Fd& by, std::string_view bytes) {
  REQUIRE(::send(by.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
}

}  // namespace

TEST_CASE("an end on this machine that nobody has any more is told from one that has only sent its end") {
  TcpObserver observer;
  for (const int family : {AF_INET, AF_INET6}) {
    const bool mapped = GENERATE(false, true);
    if (mapped && family == AF_INET6) continue;
    Pair pair(family, mapped);
    if (!pair.server) continue;  // no IPv6 here
    const base::Endpoint local = local_endpoint(pair.server.get());
    CHECK_FALSE(observer.abandoned(pair.peer, local));
    REQUIRE(::shutdown(pair.client.get(), SHUT_WR) == 0);
    pair.arrives();
    CHECK_FALSE(observer.abandoned(pair.peer, local));
    pair.client.reset();
    CHECK(observer.abandoned(pair.peer, local));
    CHECK_FALSE(observer.abandoned({*base::Address::parse("192.0.2.1"), 9}, local));
  }
}

TEST_CASE("a connection is found by what was noted of it, and nothing else is") {
  TcpObserver observer;
  const Pair pair(AF_INET);
  const TcpIdentity identity = identify_tcp(pair.server.get());
  REQUIRE(identity.known());
  CHECK(identity.local == local_endpoint(pair.server.get()));
  CHECK(observer.look(identity, pair.peer).outcome == Outcome::seen);
  TcpIdentity another = identity;
  ++another.cookie;
  CHECK(observer.look(another, pair.peer).outcome == Outcome::gone);
  another = identity;
  ++another.local.port;
  CHECK(observer.look(another, pair.peer).outcome == Outcome::gone);
}

TEST_CASE("a connection of IPv6, or of IPv4 on a socket of both, is found, too") {
  TcpObserver observer;
  for (const Pair& pair : {Pair(AF_INET6), Pair(AF_INET, true)}) {
    if (!pair.server) {
      WARN("this machine has no IPv6");
      continue;
    }
    CHECK(observer.look(identify_tcp(pair.server.get()), pair.peer).outcome == Outcome::seen);
  }
}

TEST_CASE("a peer has spoken when a byte has come, and not when it has only ended") {
  TcpObserver observer;
  Pair pair(AF_INET);
  const TcpIdentity identity = identify_tcp(pair.server.get());
  SECTION("a byte") {
    CHECK_FALSE(observer.look(identity, pair.peer).peer_spoke);
    send(pair.client, "x");
    pair.arrives();
    CHECK(observer.look(identity, pair.peer).peer_spoke);
  }
  SECTION("its end") {
    REQUIRE(::shutdown(pair.client.get(), SHUT_WR) == 0);
    pair.arrives();
    CHECK_FALSE(observer.look(identity, pair.peer).peer_spoke);
  }
  SECTION("a byte, and its end") {
    send(pair.client, "x");
    REQUIRE(::shutdown(pair.client.get(), SHUT_WR) == 0);
    pair.arrives();
    CHECK(observer.look(identity, pair.peer).peer_spoke);
  }
  SECTION("a byte, and the ends of both") {
    send(pair.client, "x");
    REQUIRE(::shutdown(pair.client.get(), SHUT_WR) == 0);
    pair.arrives();
    REQUIRE(::shutdown(pair.server.get(), SHUT_WR) == 0);
    const TcpLook look = observer.look(identity, pair.peer);
    CHECK((look.outcome == Outcome::gone || look.peer_spoke));
  }
}

TEST_CASE("a preface is not the peer's own: it has spoken with the first byte after that") {
  TcpObserver observer;
  Pair pair(AF_INET);
  TcpIdentity identity = identify_tcp(pair.server.get());
  identity.preface = 5;
  send(pair.client, "PROXY");
  pair.arrives();
  CHECK_FALSE(observer.look(identity, pair.peer).peer_spoke);
  char bytes[5];
  REQUIRE(::recv(pair.server.get(), bytes, sizeof bytes, 0) == 5);
  SECTION("a byte") {
    send(pair.client, "x");
    pair.arrives();
    CHECK(observer.look(identity, pair.peer).peer_spoke);
  }
  SECTION("its end") {
    REQUIRE(::shutdown(pair.client.get(), SHUT_WR) == 0);
    pair.arrives();
    CHECK_FALSE(observer.look(identity, pair.peer).peer_spoke);
  }
}

TEST_CASE("it is quiet since the last byte, whichever way that went") {
  TcpObserver observer;
  Pair pair(AF_INET);
  const TcpIdentity identity = identify_tcp(pair.server.get());
  std::this_thread::sleep_for(200ms);
  CHECK(observer.look(identity, pair.peer).quiet >= 190ms);  // the kernel counts in ticks of up to 10 ms
  SECTION("from the peer") { send(pair.client, "x"), pair.arrives(); }
  SECTION("to the peer") { send(pair.server, "x"); }
  const auto before = std::chrono::steady_clock::now();
  const TcpLook look = observer.look(identity, pair.peer);
  const auto slow = std::chrono::steady_clock::now() - before;
  if (slow < 50ms) CHECK(look.quiet < 190ms);
  std::this_thread::sleep_for(100ms);
  CHECK(observer.look(identity, pair.peer).quiet >= 90ms);
}

TEST_CASE("a connection that both ends have closed is gone") {
  TcpObserver observer;
  Pair pair(AF_INET);
  const TcpIdentity identity = identify_tcp(pair.server.get());
  pair.client.reset();
  pair.arrives();
  pair.server.reset();
  TcpLook look;
  for (int i = 0; i < 1000 && look.outcome != Outcome::gone; ++i, std::this_thread::sleep_for(5ms)) look = observer.look(identity, pair.peer);
  CHECK(look.outcome == Outcome::gone);
}

TEST_CASE("what is no connection of TCP cannot be looked at") {
  int both[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) == 0);
  const base::Fd one(both[0]), other(both[1]);
  CHECK_FALSE(identify_tcp(one.get()).known());
  CHECK_FALSE(identify_tcp(-1).known());
}

TEST_CASE("the connections at a port are listed as they would have been noted") {
  TcpObserver observer;
  for (const Pair& pair : {Pair(AF_INET), Pair(AF_INET6), Pair(AF_INET, true)}) {
    if (!pair.server) continue;
    TcpIdentity identity = identify_tcp(pair.server.get());
    identity.local.address = identity.local.address.unmapped();
    const auto all = observer.connections_at(identity.local.port);
    const auto found = std::find_if(all.begin(), all.end(), [&](const TcpConnection& one) { return one.identity == identity; });
    REQUIRE(found != all.end());
    CHECK(found->peer == base::Endpoint{pair.peer.address.unmapped(), pair.peer.port});
    CHECK(observer.look(found->identity, pair.peer).outcome == Outcome::seen);
  }
  CHECK(observer.connections_at(1).empty());
}
