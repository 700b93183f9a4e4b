// SPDX-License-Identifier: MIT
#include "xsuperd/net/port_lookup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "fakes/own_network.hpp"
#include "net/lookup_program.hpp"
#include "net/sockets.hpp"
#include "xsuperd/net/tcp_listeners.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

config::PortRange range_of(const char* network, int prefix, std::uint16_t first, std::uint16_t last) {
  return {address(network), prefix, first, last};
}

config::ListenSpec spec_of(const config::PortRange& range) {
  config::ListenSpec spec;
  spec.kind = config::ListenSpec::Kind::range;
  spec.protocol = {"tcp", IPPROTO_TCP};
  spec.range = range;
  spec.ipv6 = range.network.family() == base::Address::Family::ipv6;
  return spec;
}

base::Endpoint at(const char* text, std::uint16_t port) { return {address(text), port}; }

/// A socket for a range, to which connections are led, unless the test leaves all ports alone.
struct Range {
  explicit Range(const config::PortRange& range, bool leads = true, const std::string& device = {})
      : socket(opened(spec_of(range))), lookup(PortLookup::open(socket.get(), range, device)) {
    REQUIRE(lookup.has_value());
    if (leads) REQUIRE(lookup->leave_alone({}).has_value());
  }
  /// Does a connection to that place arrive here? Its local end is that place then.
  [[nodiscard]] bool gets(const base::Endpoint& to) const {
    const base::Fd client = client_of(to);
    if (!client) return false;
    if (!ready(socket.get())) return false;
    const base::Fd connection(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    CHECK(local_endpoint(connection.get()) == to);
    return true;
  }
  base::Fd socket;
  base::Result<PortLookup> lookup;
};

bool refused(const base::Endpoint& to) { return !client_of(to); }

}  // namespace

TEST_CASE("one socket gets the connections for every port of a network") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  const Range range(range_of("127.5.0.0", 16, 1, 65535));
  CHECK(range.gets(at("127.5.0.0", 1)));
  CHECK(range.gets(at("127.5.1.2", 4711)));
  CHECK(range.gets(at("127.5.255.255", 65535)));
  CHECK(refused(at("127.4.255.255", 4711)));
  CHECK(refused(at("127.6.0.0", 4711)));
  CHECK(refused(at("127.0.0.1", 4711)));
}

TEST_CASE("a range ends where its ports and the bits of its prefix end") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  SECTION("in the middle of a byte") {
    const Range range(range_of("127.5.8.0", 21, 1000, 2000));
    CHECK(range.gets(at("127.5.8.0", 1000)));
    CHECK(range.gets(at("127.5.15.255", 2000)));
    CHECK(refused(at("127.5.7.255", 1000)));
    CHECK(refused(at("127.5.16.0", 1000)));
    CHECK(refused(at("127.5.8.1", 999)));
    CHECK(refused(at("127.5.8.1", 2001)));
  }
  SECTION("at one address and port") {
    const Range range(range_of("127.200.3.4", 32, 65535, 65535));
    CHECK(range.gets(at("127.200.3.4", 65535)));
    CHECK(refused(at("127.200.3.5", 65535)));
    CHECK(refused(at("127.200.3.4", 65534)));
  }
  SECTION("nowhere") {
    const Range range(range_of("0.0.0.0", 0, 1, 65535));
    CHECK(range.gets(at("127.200.3.4", 1)));
    CHECK(range.gets(at("127.0.0.1", 65535)));
  }
}

TEST_CASE("a range of IPv6 compares all bits of its prefix, and has no peers of IPv4") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  SECTION("all of them") {
    const Range range(range_of("::1", 128, 1, 65535));
    CHECK(range.gets(at("::1", 1)));
    CHECK(range.gets(at("::1", 65535)));
    CHECK(refused(at("127.0.0.1", 7)));
  }
  SECTION("all but the last") {
    const Range range(range_of("::", 127, 7, 7));
    CHECK(range.gets(at("::1", 7)));
  }
  SECTION("and the last word is another") {
    const Range range(range_of("::2", 127, 7, 7));
    CHECK(refused(at("::1", 7)));
  }
  SECTION("and the first word is another") {
    const Range range(range_of("2001:db8::1", 128, 7, 7));
    CHECK(refused(at("::1", 7)));
  }
}

TEST_CASE("a range begins by leaving all ports alone, and leads to its socket those that are set free") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Range range(range_of("127.5.0.0", 16, 1, 65535), false);
  CHECK(refused(at("127.5.0.1", 80)));
  PortSet alone;
  alone.insert(80);
  alone.insert(65535);
  REQUIRE(range.lookup->leave_alone(alone).has_value());
  CHECK(refused(at("127.5.0.1", 80)));
  CHECK(refused(at("127.5.0.1", 65535)));
  CHECK(range.gets(at("127.5.0.1", 79)));
  CHECK(range.gets(at("127.5.0.1", 81)));
  CHECK(range.gets(at("127.5.0.1", 88)));
  REQUIRE(range.lookup->leave_alone(alone).has_value());
  REQUIRE(range.lookup->leave_alone({}).has_value());
  CHECK(range.gets(at("127.5.0.1", 80)));
}

TEST_CASE("who listens at a port that is left alone gets its connections") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Range range(range_of("127.5.0.0", 16, 1, 65535), false);
  auto spec = tcp_at("127.5.0.9");
  spec.at.port = 80;
  const base::Fd own = opened(spec);
  const auto listeners = tcp_listeners();
  REQUIRE(listeners.has_value());
  REQUIRE(range.lookup->leave_alone(ports_in_use(spec_of(range_of("127.5.0.0", 16, 1, 65535)).range, *listeners, {})).has_value());
  const base::Fd client = client_of(at("127.5.0.9", 80));
  CHECK(client);
  CHECK(ready(own.get()));
  CHECK_FALSE(ready(range.socket.get()));
  CHECK(range.gets(at("127.5.0.9", 81)));
}

TEST_CASE("a range ends with its descriptors, or earlier if it is told to, and leads nowhere when its socket has closed") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  std::optional<Range> range(range_of("127.5.0.0", 16, 1, 65535));
  CHECK(range->gets(at("127.5.0.1", 80)));
  SECTION("with its descriptors") {
    const base::Fd socket = std::move(range->socket);
    range.reset();
    CHECK(refused(at("127.5.0.1", 80)));
  }
  SECTION("earlier, whoever has a duplicate") {
    const base::Fd copy(::fcntl(range->lookup->link(), F_DUPFD_CLOEXEC, 0));
    range->lookup->end();
    CHECK(refused(at("127.5.0.1", 80)));
  }
  SECTION("when its socket has been closed") {
    range->socket.reset();
    CHECK(refused(at("127.5.0.1", 80)));
  }
  SECTION("when its socket has been hung up") {
    const base::Fd copy(::fcntl(range->socket.get(), F_DUPFD_CLOEXEC, 0));
    hang_up(range->socket.get());
    CHECK(refused(at("127.5.0.1", 80)));
  }
}

TEST_CASE("a range goes on with descriptors that were handed over") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Range range(range_of("127.5.0.0", 16, 1, 65535));
  PortSet alone;
  alone.insert(80);
  REQUIRE(range.lookup->leave_alone(alone).has_value());
  const auto copy = [](int fd) { return base::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); };
  CHECK_FALSE(PortLookup::adopt(copy(range.socket.get()), copy(range.lookup->ports())).has_value());
  CHECK_FALSE(PortLookup::adopt(copy(range.lookup->ports()), copy(range.lookup->link())).has_value());
  CHECK_FALSE(PortLookup::adopt(copy(range.lookup->link()), {}).has_value());
  auto next = PortLookup::adopt(copy(range.lookup->link()), copy(range.lookup->ports()));
  REQUIRE(next.has_value());
  range.lookup = std::move(next);  // which closes the first ones
  CHECK(range.gets(at("127.5.0.1", 81)));
  CHECK(refused(at("127.5.0.1", 80)));
  REQUIRE(range.lookup->leave_alone({}).has_value());
  CHECK(range.gets(at("127.5.0.1", 80)));
}

TEST_CASE("descriptors of ranges are not inherited by programs") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  const Range range(range_of("127.5.0.0", 16, 1, 65535));
  CHECK(::fcntl(range.lookup->link(), F_GETFD) == FD_CLOEXEC);
  CHECK(::fcntl(range.lookup->ports(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("a range on one interface has no peers that come by another") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  const auto everywhere = range_of("127.5.0.0", 16, 1, 65535);
  SECTION("the one they come by") {
    const Range range(everywhere, true, "lo");
    CHECK(range.gets(at("127.5.0.1", 80)));
  }
  SECTION("one that is not there") {
    const base::Fd socket = opened(spec_of(everywhere));
    const auto lookup = PortLookup::open(socket.get(), everywhere, "absent0");
    REQUIRE_FALSE(lookup.has_value());
    CHECK(lookup.error().sentence.starts_with("finding the interface absent0: "));
  }
}

TEST_CASE("a range without the capabilities for it says which it needs") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  const auto range = range_of("127.5.0.0", 16, 1, 65535);
  const base::Fd socket = opened(spec_of(range));
  REQUIRE(::seteuid(65534) == 0);
  const auto ability = lookup_ability();
  const auto lookup = PortLookup::open(socket.get(), range);
  REQUIRE(::seteuid(0) == 0);
  CHECK(ability == LookupAbility::not_permitted);
  REQUIRE_FALSE(lookup.has_value());
  CHECK(lookup.error().sentence == "a range of ports needs the capabilities CAP_NET_ADMIN and CAP_BPF");
}

TEST_CASE("a range whose socket does not listen is none") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  const auto range = range_of("127.5.0.0", 16, 1, 65535);
  const auto socket = bind_socket(spec_of(range));
  REQUIRE(socket.has_value());
  CHECK_FALSE(PortLookup::open(socket->fd.get(), range).has_value());
}

TEST_CASE("the program of a range has a comparison for each 32 bits of its prefix") {
  const auto length = [](const char* network, int prefix) {
    return lookup_program(range_of(network, prefix, 1, 2), 0, {3, 4}).size();
  };
  const std::size_t least = length("0.0.0.0", 0);
  CHECK(length("10.0.0.0", 8) == least + 3);
  CHECK(length("10.0.0.1", 32) == least + 2);
  CHECK(length("2001:db8::", 32) == least + 2);
  CHECK(length("2001:db8::", 64) == least + 4);
  CHECK(length("2001:db8::", 65) == least + 7);
  CHECK(length("2001:db8::1", 128) == least + 8);
}
