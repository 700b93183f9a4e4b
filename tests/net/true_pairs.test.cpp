// SPDX-License-Identifier: MIT
// Address-true pairs: real ones where the test may make a network namespace, else these tests say that they were skipped.
#include "xsuperd/net/true_pairs.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <thread>

#include "net/pair_maker.hpp"
#include "net/private_network.hpp"
#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

bool may_make_networks() {
  if (TruePairs::usable()) return true;
  WARN("skipped: " << TruePairs::usable().error().sentence);
  return false;
}

base::Endpoint at(const char* text, std::uint16_t port) { return {address(text), port}; }

base::Endpoint end_of(int fd, bool peer) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* to = reinterpret_cast<sockaddr*>(&storage);
  REQUIRE((peer ? ::getpeername(fd, to, &length) : ::getsockname(fd, to, &length)) == 0);
  return base::endpoint_of(storage);
}

/// What the code does on a thread that is in a private network.
template <typename Code>
void in_private_network(Code code) {
  std::thread([&] {
    const auto entered = enter_private_network();
    if (entered) code();
    CHECK(entered.has_value());
  }).join();
}

bool says_and_hears(int from, int to, std::string_view text) {
  if (::send(from, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) return false;
  if (!ready(to, POLLIN, 1000)) return false;
  char bytes[64];
  const ssize_t n = ::recv(to, bytes, sizeof bytes, 0);
  return std::string_view(bytes, n < 0 ? 0 : static_cast<std::size_t>(n)) == text;
}

std::string network_of_this_thread() {
  char link[64] = {};
  return ::readlink("/proc/thread-self/ns/net", link, sizeof link - 1) > 0 ? link : "";
}

}  // namespace

TEST_CASE("the server's end of a pair has the client's address as its peer, and its own is the one that was called") {
  if (!may_make_networks()) return;
  boost::asio::io_context loop;
  TruePairs pairs(loop);
  const std::string before = network_of_this_thread();
  const auto [client, local] = GENERATE(
      std::pair(at("192.0.2.7", 40000), at("198.51.100.1", 873)), std::pair(at("2001:db8::7", 40000), at("2001:db8:1::1", 873)),
      std::pair(at("127.0.0.1", 999), at("127.0.0.1", 22)), std::pair(at("10.0.0.1", 23), at("10.0.0.2", 23)));
  std::optional<base::Result<TruePair>> made;
  CHECK(pairs.make(client, local, [&](base::Result<TruePair> pair) { made = std::move(pair); }) != 0);
  CHECK_FALSE(made.has_value());
  REQUIRE(run_until(loop, [&] { return made.has_value(); }));
  REQUIRE(made->has_value());
  TruePair& pair = **made;
  CHECK(pair.addresses_true);
  CHECK(end_of(pair.handler.get(), true) == client);
  CHECK(end_of(pair.handler.get(), false) == local);
  CHECK((::fcntl(pair.handler.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK((::fcntl(pair.carrier.get(), F_GETFL) & O_NONBLOCK) != 0);
  for (const int fd : {pair.handler.get(), pair.carrier.get()}) CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(says_and_hears(pair.carrier.get(), pair.handler.get(), "to the server"));
  CHECK(says_and_hears(pair.handler.get(), pair.carrier.get(), "to the client"));
  CHECK(network_of_this_thread() == before);
}

TEST_CASE("half a pair can be closed, and a reset arrives as one") {
  if (!may_make_networks()) return;
  in_private_network([] {
    PairMaker maker;
    auto pair = maker.make(at("192.0.2.7", 40000), at("198.51.100.1", 873));
    REQUIRE(pair.has_value());
    ::shutdown(pair->carrier.get(), SHUT_WR);
    char byte = 0;
    CHECK(::recv(pair->handler.get(), &byte, 1, 0) == 0);
    CHECK(says_and_hears(pair->handler.get(), pair->carrier.get(), "still"));
    const linger at_once{1, 0};
    ::setsockopt(pair->carrier.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    pair->carrier.reset();
    REQUIRE(ready(pair->handler.get(), POLLIN, 1000));
    const ssize_t sent = ::send(pair->handler.get(), "x", 1, MSG_NOSIGNAL);
    CHECK(sent == -1);
  });
}

TEST_CASE("who carries the bytes learns that the server has closed its end, even if nobody says anything") {
  if (!may_make_networks()) return;
  in_private_network([] {
    PairMaker maker;
    auto pair = maker.make(at("192.0.2.7", 40000), at("198.51.100.1", 873));
    REQUIRE(pair.has_value());
    const int soon = 1;
    CHECK(option_of(pair->carrier.get(), SOL_SOCKET, SO_KEEPALIVE) == 1);
    for (const int option : {TCP_KEEPIDLE, TCP_KEEPINTVL}) ::setsockopt(pair->carrier.get(), IPPROTO_TCP, option, &soon, sizeof soon);
    ::shutdown(pair->handler.get(), SHUT_WR);
    CHECK_FALSE(ready(pair->carrier.get(), 0, 1500));  // half an end is none
    pair->handler.reset();
    CHECK(ready(pair->carrier.get(), 0, 5000));  // POLLERR or POLLHUP
  });
}

TEST_CASE("a client's port that is unknown or taken is replaced by another, and its address stays") {
  if (!may_make_networks()) return;
  in_private_network([] {
    PairMaker maker;
    const auto client = at("192.0.2.7", 40000), local = at("198.51.100.1", 873);
    const auto first = maker.make(client, local), second = maker.make(client, local), unknown = maker.make({client.address, 0}, local);
    REQUIRE((first && second && unknown));
    CHECK(end_of(first->handler.get(), true) == client);
    for (const auto* other : {&second, &unknown}) {
      const base::Endpoint peer = end_of((*other)->handler.get(), true);
      CHECK(peer.address == client.address);
      CHECK(peer.port != 0);
      CHECK(peer.port != client.port);
    }
    // The same port at the same time is nothing unusual for another address of ours.
    const auto elsewhere = maker.make(client, at("198.51.100.2", 873));
    REQUIRE(elsewhere.has_value());
    CHECK(end_of(elsewhere->handler.get(), true) == client);
  });
}

TEST_CASE("mapped and link-local addresses have their pairs, and addresses of two families none") {
  if (!may_make_networks()) return;
  in_private_network([] {
    PairMaker maker;
    const auto mapped = maker.make(at("::ffff:192.0.2.7", 4000), at("::ffff:198.51.100.1", 873));
    REQUIRE(mapped.has_value());
    CHECK(end_of(mapped->handler.get(), true) == at("192.0.2.7", 4000));
    const auto link_local = maker.make(at("fe80::7", 4000), at("fe80::1", 873));
    REQUIRE(link_local.has_value());
    CHECK(end_of(link_local->handler.get(), true).address.bytes() == address("fe80::7").bytes());
    const auto two = maker.make(at("192.0.2.7", 4000), at("2001:db8::1", 873));
    REQUIRE_FALSE(two.has_value());
    CHECK(two.error().code == EAFNOSUPPORT);
    CHECK_FALSE(maker.make({base::Address::local(0), 0}, at("198.51.100.1", 873)).has_value());
    CHECK_FALSE(maker.make(at("224.0.0.1", 4000), at("198.51.100.1", 873)).has_value());
  });
}

TEST_CASE("closed pairs leave nothing behind: one client comes 5,000 times with the same port") {
  if (!may_make_networks()) return;
  in_private_network([] {
    PairMaker maker;
    const auto client = at("192.0.2.7", 40000), local = at("198.51.100.1", 873);
    int exact = 0;
    for (int i = 0; i < 5000; ++i) {
      auto pair = maker.make(client, local);
      REQUIRE(pair.has_value());
      exact += end_of(pair->handler.get(), true) == client ? 1 : 0;
      // In turn either end closes first.
      base::Fd& first = i % 2 == 0 ? pair->handler : pair->carrier;
      first.reset();
    }
    CHECK(exact == 5000);
  });
}

TEST_CASE("a listener is kept for each address that is called, but not for ever") {
  if (!may_make_networks()) return;
  in_private_network([] {
    PairMaker maker;
    for (std::uint16_t port = 1; port <= 200; ++port) {
      REQUIRE(maker.make(at("192.0.2.7", 40000), at("198.51.100.1", port)).has_value());
      REQUIRE(maker.make(at("192.0.2.7", 40000), at("198.51.100.1", 7)).has_value());
    }
    CHECK(maker.listeners() == PairMaker::most_listeners);
  });
}

TEST_CASE("nobody's pair stands in the way of others': there is none at every address, or at no port") {
  if (!may_make_networks()) return;
  in_private_network([] {
    PairMaker maker;
    for (const auto& called : {at("0.0.0.0", 443), at("192.0.2.1", 0)}) CHECK(maker.make(at("203.0.113.7", 9), called).error().code == EADDRNOTAVAIL);
    CHECK(maker.make(at("2001:db8::7", 9), at("::", 443)).error().code == EADDRNOTAVAIL);
    CHECK(maker.listeners() == 0);
    CHECK(maker.make(at("203.0.113.7", 9), at("192.0.2.1", 443)));
  });
}

TEST_CASE("pairs can be made again when there are descriptors again, however often there were none") {
  if (!may_make_networks()) return;
  in_private_network([] {
    PairMaker maker;
    const auto make = [&] { return maker.make(at("203.0.113.7", 0), at("192.0.2.1", 443)); };
    CHECK(make());
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const base::Fd next(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(next.get()) + 2;  // one is free, which the client's end takes
    ::setrlimit(RLIMIT_NOFILE, &tight);
    int failures = 0;
    for (int i = 0; i < 40; ++i) failures += make() ? 0 : 1;
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(failures > 17);
    CHECK(make());
  });
}

TEST_CASE("a pair that nobody waits for any more is closed, and one who makes no more answers nobody") {
  boost::asio::io_context loop;
  int answers = 0;
  std::optional<TruePairs> pairs(std::in_place, loop);
  const auto count = [&](const base::Result<TruePair>&) { ++answers; };
  const auto id = pairs->make(at("192.0.2.7", 1), at("198.51.100.1", 2), count);
  (void)pairs->make(at("192.0.2.7", 3), at("198.51.100.1", 2), count);
  pairs->cancel(id);
  REQUIRE(run_until(loop, [&] { return answers > 0; }));
  loop.restart();
  loop.run_for(10ms);
  CHECK(answers == 1);
  (void)pairs->make(at("192.0.2.7", 4), at("198.51.100.1", 2), count);
  pairs.reset();
  loop.restart();
  loop.run_for(10ms);
  CHECK(answers == 1);
}

TEST_CASE("where there can be no network the pair consists of UNIX sockets") {
  const auto pair = make_plain_pair();
  REQUIRE(pair.has_value());
  CHECK_FALSE(pair->addresses_true);
  CHECK((::fcntl(pair->handler.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK((::fcntl(pair->carrier.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK(says_and_hears(pair->carrier.get(), pair->handler.get(), "x"));
}
