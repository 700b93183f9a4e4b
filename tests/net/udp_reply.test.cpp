// SPDX-License-Identifier: MIT
#include "xsuperd/net/udp_reply.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <array>
#include <catch2/catch.hpp>
#include <memory>

#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

struct Server {
  explicit Server(config::ListenSpec spec) : fd(opened(spec)) { enable_destination_info(fd.get()); }

  /// Answers one datagram with what it said and an exclamation mark; what it said.
  std::string answer_one() {
    if (!ready(fd.get(), POLLIN, 5000)) return "nothing came";
    const auto datagram = receive(fd.get(), buffer);
    if (!datagram) return "nothing received";
    last_peer = datagram->peer;
    const std::string text(datagram->bytes);
    send_reply(fd.get(), *datagram, text + "!");
    return text;
  }
  std::uint16_t port() const { return local_endpoint(fd.get()).port; }

  base::Fd fd;
  std::array<char, 64> buffer{};
  base::Endpoint last_peer;
};

config::ListenSpec all_of(const char* wildcard) {
  auto spec = udp_at(wildcard);
  spec.at = {};
  return spec;
}

struct Answer {
  std::string text;
  base::Endpoint from;
};

/// An unconnected client, which hears who answers.
struct Client {
  explicit Client(const char* at) : fd(opened(udp_at(at))) {}

  void ask(const char* to, std::uint16_t port, std::string_view text) {
    sockaddr_storage storage;
    const auto server = address(to);
    const auto length =
        base::fill_sockaddr({server, port}, server.family() == base::Address::Family::ipv6, storage);
    REQUIRE(::sendto(fd.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&storage),
                     length) == static_cast<ssize_t>(text.size()));
  }
  Answer hear() {
    if (!ready(fd.get(), POLLIN, 5000)) return {"no answer", {}};
    std::array<char, 64> buffer;
    const auto datagram = receive(fd.get(), buffer);
    return datagram ? Answer{std::string(datagram->bytes), datagram->peer} : Answer{"no answer", {}};
  }

  base::Fd fd;
};

constexpr const char* nobody_outside = "ff01::1";  // interface-local: it never leaves the host

/// That group on some interface that has multicast and an address.
std::optional<ipv6_mreq> multicast_interface() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  for (const ifaddrs* i = list; i; i = i->ifa_next) {
    const bool fit = (i->ifa_flags & IFF_UP) && (i->ifa_flags & IFF_MULTICAST);
    if (!fit || !i->ifa_addr || i->ifa_addr->sa_family != AF_INET6) continue;
    ipv6_mreq group{};
    ::inet_pton(AF_INET6, nobody_outside, &group.ipv6mr_multiaddr);
    group.ipv6mr_interface = ::if_nametoindex(i->ifa_name);
    return group;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("an IPv4 answer leaves from the address that was asked and not from the kernel's choice") {
  Server server(all_of("0.0.0.0"));
  Client client("127.0.0.1");
  for (const char* asked : {"127.0.0.1", "127.0.0.2", "127.3.2.1"}) {
    client.ask(asked, server.port(), "hello");
    CHECK(server.answer_one() == "hello");
    const auto answer = client.hear();
    CHECK(answer.text == "hello!");
    CHECK(answer.from == base::Endpoint{address(asked), server.port()});
  }
  CHECK(server.last_peer == local_endpoint(client.fd.get()));
}

TEST_CASE("a dual-stack socket answers IPv4 and IPv6 peers from the address that each of them asked") {
  Server server(all_of("::1"));
  Client old("127.0.0.1");
  old.ask("127.0.0.2", server.port(), "four");
  CHECK(server.answer_one() == "four");
  CHECK(server.last_peer.address.text() == "::ffff:127.0.0.1");
  const auto four = old.hear();
  CHECK(four.text == "four!");
  CHECK(four.from.address == address("127.0.0.2"));
  Client young("::1");
  young.ask("::1", server.port(), "six");
  CHECK(server.answer_one() == "six");
  const auto six = young.hear();
  CHECK(six.text == "six!");
  CHECK(six.from.address == address("::1"));
}

TEST_CASE("a socket bound to one address answers from it") {
  Server server(udp_at("127.0.0.3"));
  Client client("127.0.0.1");
  client.ask("127.0.0.3", server.port(), "x");
  CHECK(server.answer_one() == "x");
  CHECK(client.hear().from.address == address("127.0.0.3"));
}

TEST_CASE(
    "a request to a broadcast address is answered from an address of ours, whatever the socket's family") {
  const char* any = GENERATE("0.0.0.0", "::1");
  Server server(all_of(any));
  Client client("127.0.0.1");
  const int on = 1;
  REQUIRE(::setsockopt(client.fd.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on) == 0);
  client.ask("127.255.255.255", server.port(), "all");
  CHECK(server.answer_one() == "all");
  const auto answer = client.hear();
  CHECK(answer.text == "all!");
  CHECK(answer.from.address == address("127.0.0.1"));
}

TEST_CASE("a request to an IPv6 multicast address is answered from an address of the interface") {
  const auto group = multicast_interface();
  if (!group) {
    WARN("no interface with IPv6 multicast here");
    return;
  }
  Server server(all_of("::1"));
  Client client("::");
  const auto interface = group->ipv6mr_interface;
  REQUIRE(::setsockopt(server.fd.get(), IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &*group, sizeof *group) == 0);
  REQUIRE(::setsockopt(client.fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface) == 0);
  client.ask(nobody_outside, server.port(), "group");
  CHECK(server.answer_one() == "group");
  const auto answer = client.hear();
  CHECK(answer.text == "group!");
  CHECK(answer.from.port == server.port());
  CHECK_FALSE(base::is_multicast(answer.from.address));
}

TEST_CASE("without destination info the kernel chooses, and there is an answer all the same") {
  Server server(all_of("0.0.0.0"));
  enable_destination_info(server.fd.get(), false);
  Client client("127.0.0.1");
  client.ask("127.0.0.2", server.port(), "x");
  CHECK(server.answer_one() == "x");
  const auto answer = client.hear();
  CHECK(answer.text == "x!");
  CHECK(answer.from.address == address("127.0.0.1"));
}

TEST_CASE("destination info is switched on and off by family, and other sockets are left alone") {
  const base::Fd six = opened(all_of("::1"));
  enable_destination_info(six.get());
  CHECK(option_of(six.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO) == 1);
  CHECK(option_of(six.get(), IPPROTO_IP, IP_PKTINFO) == 1);
  enable_destination_info(six.get(), false);
  CHECK(option_of(six.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO) == 0);
  CHECK(option_of(six.get(), IPPROTO_IP, IP_PKTINFO) == 0);
  const base::Fd local(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  enable_destination_info(local.get());
  enable_destination_info(-1);
}

TEST_CASE("an empty queue is not waited for, and what is no socket has no datagram") {
  Server server(udp_at("127.0.0.1"));
  CHECK_FALSE(receive(server.fd.get(), server.buffer));
  CHECK_FALSE(receive(-1, server.buffer));
}

TEST_CASE("one datagram is taken at a time, an empty one too, and one that is too long says so") {
  Server server(udp_at("127.0.0.1"));
  Client client("127.0.0.1");
  client.ask("127.0.0.1", server.port(), "");
  client.ask("127.0.0.1", server.port(), std::string(65, 'x'));
  client.ask("127.0.0.1", server.port(), std::string(64, 'y'));
  const auto empty = receive(server.fd.get(), server.buffer);
  REQUIRE(empty);
  CHECK(empty->bytes.empty());
  CHECK_FALSE(empty->truncated);
  const auto cut = receive(server.fd.get(), server.buffer);
  REQUIRE(cut);
  CHECK(cut->bytes == std::string(64, 'x'));
  CHECK(cut->truncated);
  const auto whole = receive(server.fd.get(), server.buffer);
  REQUIRE(whole);
  CHECK(whole->bytes == std::string(64, 'y'));
  CHECK_FALSE(whole->truncated);
  CHECK_FALSE(receive(server.fd.get(), server.buffer));
}

TEST_CASE("an empty answer is an empty datagram") {
  Server server(udp_at("127.0.0.1"));
  Client client("127.0.0.1");
  client.ask("127.0.0.1", server.port(), "x");
  const auto request = receive(server.fd.get(), server.buffer);
  REQUIRE(request);
  send_reply(server.fd.get(), *request, "");
  CHECK(client.hear().text.empty());
}

TEST_CASE("an answer that cannot be sent is dropped, and the next one is sent") {
  Server server(udp_at("127.0.0.1"));
  Client client("127.0.0.1");
  client.ask("127.0.0.1", server.port(), "x");
  const auto request = receive(server.fd.get(), server.buffer);
  REQUIRE(request);
  send_reply(server.fd.get(), *request, std::string(70'000, 'x'));  // longer than a datagram can be
  send_reply(-1, *request, "x");
  send_reply(server.fd.get(), Datagram{}, "x");
  send_reply(server.fd.get(), *request, "still here");
  CHECK(client.hear().text == "still here");
}

TEST_CASE("datagrams that wait are taken together, up to a bound, each with its peer and its bytes") {
  Server server(udp_at("127.0.0.1"));
  Client one("127.0.0.1"), other("127.0.0.2");
  DatagramBatch batch(3, 8);
  CHECK(batch.receive(server.fd.get()).empty());
  CHECK(batch.receive(-1).empty());
  one.ask("127.0.0.1", server.port(), "first");
  other.ask("127.0.0.1", server.port(), "");
  one.ask("127.0.0.1", server.port(), "too long for it");
  one.ask("127.0.0.1", server.port(), "last");
  const auto some = batch.receive(server.fd.get());
  REQUIRE(some.size() == 3);
  CHECK(some[0].bytes == "first");
  CHECK(some[0].peer == local_endpoint(one.fd.get()));
  CHECK(some[1].bytes.empty());
  CHECK(some[1].peer == local_endpoint(other.fd.get()));
  CHECK(some[2].bytes == "too long");
  CHECK((some[2].truncated && !some[1].truncated));
  const auto rest = batch.receive(server.fd.get());
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].bytes == "last");
  CHECK_FALSE(rest[0].truncated);
  CHECK(batch.receive(server.fd.get()).empty());
}

TEST_CASE("answers of a batch go each to its peer, from the address that was asked, and a bad one alone is dropped") {
  Server server(all_of("0.0.0.0"));
  Client one("127.0.0.1"), other("127.0.0.1");
  DatagramBatch batch(4, 8);
  one.ask("127.0.0.2", server.port(), "a");
  other.ask("127.0.0.3", server.port(), "b");
  one.ask("127.0.0.4", server.port(), "c");
  const auto some = batch.receive(server.fd.get());
  REQUIRE(some.size() == 3);
  const std::string never(70'000, 'x');  // longer than a datagram can be
  const auto room = batch.room_for_answer();
  REQUIRE(room.size() == 8);
  room[0] = '?';
  batch.answer(some[1], {room.data(), 1});
  CHECK(batch.room_for_answer().data() != room.data());
  batch.answer(some[0], never);
  batch.answer(some[2], some[2].bytes);
  batch.send(server.fd.get());
  batch.send(server.fd.get());  // nothing is left
  const Answer to_other = other.hear(), to_one = one.hear();
  CHECK(to_other.text == "?");
  CHECK(to_other.from.address == address("127.0.0.3"));
  CHECK(to_one.text == "c");
  CHECK(to_one.from.address == address("127.0.0.4"));
  CHECK_FALSE(ready(one.fd.get(), POLLIN, 0));
  CHECK_FALSE(ready(other.fd.get(), POLLIN, 0));
}
