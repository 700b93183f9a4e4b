// SPDX-License-Identifier: MIT
#include "xsuperd/net/handed_sockets.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

/// The specification for the very place of an open socket.
config::ListenSpec where(const base::Fd& fd, config::ListenSpec spec) {
  spec.at.port = local_endpoint(fd.get()).port;
  return spec;
}

HandedSocket handed(std::string name, const base::Fd& fd) {
  return {std::move(name), base::Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0))};
}

template <typename... Sockets>
HandedSockets pool(Sockets... sockets) {
  std::vector<HandedSocket> all;
  (all.push_back(std::move(sockets)), ...);
  HandedSockets pool;
  REQUIRE(pool.add(std::move(all)).empty());
  return pool;
}

config::ListenSpec every_address(bool v6only = false) {
  config::ListenSpec spec = tcp_at("::");
  spec.at.address = {};
  spec.v6only = v6only;
  return spec;
}

std::string misfit_of(const base::Fd& fd, const config::ListenSpec& spec) { return misfit(*facts_of(fd.get()), spec); }

}  // namespace

TEST_CASE("a socket fits where the daemon itself would have opened it") {
  for (const auto& spec : {tcp_at("127.0.0.1"), udp_at("127.0.0.1"), tcp_at("0.0.0.0"), every_address(), every_address(true)}) {
    const base::Fd fd = opened(spec);
    CHECK(misfit_of(fd, where(fd, spec)).empty());
    CHECK(misfit_of(fd, spec).empty());  // port 0: any will do
  }
}

TEST_CASE("a socket of another type, protocol, address, port or reach does not fit, and why is said") {
  const base::Fd fd = opened(tcp_at("127.0.0.1"));
  const auto spec = where(fd, tcp_at("127.0.0.1"));
  const std::string port = std::to_string(spec.at.port);
  CHECK(misfit_of(fd, where(fd, udp_at("127.0.0.1"))) == "it is of another type than a socket of udp");
  auto other = spec;
  other.at.address = address("127.0.0.2");
  CHECK(misfit_of(fd, other) == "it is at 127.0.0.1:" + port + ", and the service belongs at 127.0.0.2:" + port);
  other = spec;
  ++other.at.port;
  CHECK(misfit_of(fd, other).find("belongs at 127.0.0.1:" + std::to_string(other.at.port)) != std::string::npos);
  CHECK_FALSE(misfit_of(fd, where(fd, tcp_at("0.0.0.0"))).empty());
  const base::Fd both = opened(every_address());
  CHECK(misfit_of(both, where(both, every_address(true))).find("(IPv6 and IPv4), and the service belongs at") !=
        std::string::npos);
  CHECK_FALSE(misfit_of(both, where(both, tcp_at("0.0.0.0"))).empty());
  const base::Fd ipv4 = opened(tcp_at("0.0.0.0"));
  CHECK_FALSE(misfit_of(ipv4, where(ipv4, every_address())).empty());
}

TEST_CASE("a mapped address is the same place as its IPv4 form") {
  auto mapped = tcp_at("127.0.0.1");
  mapped.ipv6 = true;
  const base::Fd fd = opened(mapped);
  CHECK(misfit_of(fd, where(fd, tcp_at("127.0.0.1"))).empty());
}

TEST_CASE("a stream socket that does not listen fits nowhere") {
  const auto bound = bind_socket(tcp_at("127.0.0.1"));
  REQUIRE(bound.has_value());
  CHECK(misfit_of(bound->fd, where(bound->fd, tcp_at("127.0.0.1"))) == "it does not listen");
}

TEST_CASE("a socket is taken by name before address, whatever the case of the name") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  const base::Fd two = opened(spec);
  HandedSockets sockets = pool(handed("one.socket", one), handed("WEB", two));
  CHECK(any_fits(sockets.facts(), "web", where(two, spec)));
  const auto named = sockets.take("web", where(two, spec));
  REQUIRE(named);
  CHECK(named->name == "WEB");
  CHECK(local_endpoint(named->fd.get()) == local_endpoint(two.get()));
  CHECK_FALSE(sockets.take("web", where(two, spec)));
  const auto placed = sockets.take("other", where(one, spec));
  REQUIRE(placed);
  CHECK(placed->name == "one.socket");
  CHECK(sockets.sockets().empty());
}

TEST_CASE("a service on a port of the system's choice gets a socket by its name alone") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  HandedSockets sockets = pool(handed("other", one));
  CHECK_FALSE(any_fits(sockets.facts(), "web", spec));
  CHECK_FALSE(sockets.take("web", spec));
  CHECK(sockets.take("other", spec));
}

TEST_CASE("a socket that was kept for a service goes to no other") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  HandedSockets sockets = pool(handed("xsuperd/web", one));
  CHECK_FALSE(sockets.take("other", where(one, spec)));
  CHECK_FALSE(sockets.take("xsuperd/web", where(one, spec)));
  CHECK(sockets.take("web", where(one, spec)));
}

TEST_CASE("a name does not help a socket that does not fit") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  HandedSockets sockets = pool(handed("web", one));
  auto moved = where(one, spec);
  ++moved.at.port;
  CHECK_FALSE(sockets.take("web", moved));
  CHECK(sockets.take_all().size() == 1);
  CHECK(sockets.facts().empty());
}

TEST_CASE("what is no IP socket is not taken, and named") {
  std::vector<HandedSocket> odd;
  odd.push_back({"null", base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  odd.push_back({"unix", base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))});
  HandedSockets sockets;
  CHECK(sockets.add(std::move(odd)) ==
        std::vector<std::string>{"descriptor null: it is no socket", "descriptor unix: it is no socket of IPv4 or IPv6"});
  CHECK(sockets.sockets().empty());
}

TEST_CASE("a socket that was given back can be taken again") {
  const auto spec = tcp_at("127.0.0.1");
  const base::Fd one = opened(spec);
  HandedSockets sockets;
  sockets.give_back(handed("web", one));
  CHECK(sockets.take("web", where(one, spec)));
}

TEST_CASE("places are written as sockets are") {
  CHECK(place_text({address("127.0.0.1"), 80}, false) == "127.0.0.1:80");
  CHECK(place_text({address("::ffff:127.0.0.1"), 80}, true) == "127.0.0.1:80");
  CHECK(place_text({address("::1"), 80}, true) == "[::1]:80");
  CHECK(place_text({{}, 80}, true) == "[::]:80");
  CHECK(place_text({{}, 80}, false) == "0.0.0.0:80");
}
