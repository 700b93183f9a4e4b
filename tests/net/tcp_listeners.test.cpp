// SPDX-License-Identifier: MIT
#include "xsuperd/net/tcp_listeners.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

std::vector<std::uint16_t> used(const config::PortRange& range, const std::vector<TcpListener>& listeners,
                                const base::Endpoint& own = {}) {
  const PortSet ports = ports_in_use(range, listeners, own);
  std::vector<std::uint16_t> all;
  for (unsigned port = 0; port < 65536; ++port)
    if (ports.contains(static_cast<std::uint16_t>(port))) all.push_back(static_cast<std::uint16_t>(port));
  return all;
}

TcpListener at(const char* text, std::uint16_t port, bool ipv6_only = false) { return {{address(text), port}, ipv6_only}; }

using Ports = std::vector<std::uint16_t>;

}  // namespace

TEST_CASE("a port of a range is in use where somebody listens at an address of its network, or at all") {
  const config::PortRange range{address("127.5.0.0"), 16, 100, 200};
  CHECK(used(range, {}) == Ports{});
  CHECK(used(range, {at("127.5.3.4", 100), at("127.5.3.4", 200)}) == Ports{100, 200});
  CHECK(used(range, {at("127.5.3.4", 99), at("127.5.3.4", 201)}) == Ports{});
  CHECK(used(range, {at("127.6.0.0", 100), at("10.0.0.1", 101)}) == Ports{});
  CHECK(used(range, {at("0.0.0.0", 150)}) == Ports{150});
  CHECK(used(range, {at("::", 150), at("::", 151, true)}) == Ports{150});
  CHECK(used(range, {at("::ffff:127.5.3.4", 150), at("::ffff:127.6.3.4", 151)}) == Ports{150});
  CHECK(used(range, {at("::1", 150)}) == Ports{});
}

TEST_CASE("a range of IPv6 does not mind who listens for IPv4") {
  const config::PortRange range{address("2001:db8::"), 64, 1, 65535};
  CHECK(used(range, {at("0.0.0.0", 1), at("127.0.0.1", 2)}) == Ports{});
  CHECK(used(range, {at("::", 1), at("::", 2, true)}) == Ports{1, 2});
  CHECK(used(range, {at("2001:db8::1", 65535), at("2001:db8:0:1::1", 4)}) == Ports{65535});
}

TEST_CASE("the socket of a range is not in its own way") {
  const config::PortRange range{address("127.0.0.0"), 8, 1, 65535};
  CHECK(used(range, {at("127.0.0.1", 40000), at("127.0.0.1", 40001)}, {address("127.0.0.1"), 40000}) == Ports{40001});
}

TEST_CASE("the kernel tells of everybody who listens, and of sockets for IPv6 alone that they are") {
  const base::Fd v4 = opened(tcp_at("127.0.0.1"));
  const auto dual = [](bool alone) {
    auto spec = tcp_at("::");
    spec.v6only = alone;
    return opened(spec);
  };
  const base::Fd both = dual(false);
  const base::Fd alone = dual(true);
  const auto bound = bind_socket(tcp_at("127.0.0.1"));
  REQUIRE(bound.has_value());
  const auto all = tcp_listeners();
  REQUIRE(all.has_value());
  const auto listed = [&](const TcpListener& one) { return std::ranges::count(*all, one) == 1; };
  CHECK(listed({local_endpoint(v4.get()), false}));
  CHECK(listed({local_endpoint(both.get()), false}));
  CHECK(listed({local_endpoint(alone.get()), true}));
  CHECK_FALSE(listed({local_endpoint(bound->fd.get()), false}));
}
