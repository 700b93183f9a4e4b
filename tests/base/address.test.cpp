// SPDX-License-Identifier: MIT
#include "xsuperd/base/address.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::base;

TEST_CASE("addresses print as getnameinfo prints them") {
  CHECK(Address::parse("127.0.0.1")->text() == "127.0.0.1");
  CHECK(Address::parse("::ffff:127.0.0.1")->text() == "::ffff:127.0.0.1");
  CHECK(Address::parse("FE80::1%lo")->text() == "fe80::1%lo");
  CHECK(Address{}.text() == "<no address>");
  CHECK(Address::parse("255.0.10.249")->text() == "255.0.10.249");
  for (const char* text : {"", ".", "127.1", "1.2.3.", "1.2.3.4.", ".1.2.3.4", "1.2.3.4.5", "1..2.3", "1.2.3.256", "1.2.3.0004", "1.2.3.04", "1.2.3.4 ",
                           " 1.2.3.4", "1.2.3.-4", "1.2.3.4%1", "1.2.3.99999999999", "::1 ", "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"})
    CHECK_FALSE(Address::parse(text));
  CHECK_FALSE(Address::parse({"::1\0", 4}));
  CHECK_FALSE(Address::parse({"1.2.3.4\0", 8}));
  CHECK_FALSE(Address::parse("fe80::1%no-such-interface"));
}

TEST_CASE("a mapped address unmaps to its IPv4 form and others stay") {
  const Address mapped = *Address::parse("::ffff:10.1.2.3");
  CHECK(mapped.is_mapped());
  CHECK(mapped.unmapped() == *Address::parse("10.1.2.3"));
  CHECK(mapped != mapped.unmapped());
  CHECK(Address::parse("::1")->unmapped() == *Address::parse("::1"));
  CHECK(hash_value(mapped) != hash_value(mapped.unmapped()));
}

TEST_CASE("an IPv4 address has a mapped form and others stay") {
  CHECK(mapped(*Address::parse("10.1.2.3")) == *Address::parse("::ffff:10.1.2.3"));
  CHECK(mapped(*Address::parse("10.1.2.3")).unmapped() == *Address::parse("10.1.2.3"));
  for (const Address& other : {*Address::parse("::ffff:10.1.2.3"), *Address::parse("fe80::1%1"), Address::local(1), Address::vsock(3), Address()})
    CHECK(mapped(other) == other);
}

TEST_CASE("a single host has a unicast address") {
  for (const char* text : {"192.0.2.1", "127.0.0.1", "0.0.0.1", "223.255.255.255", "255.255.255.254", "::1", "fe80::1%1", "::ffff:192.0.2.1"})
    CHECK(is_unicast(*Address::parse(text)));
  for (const char* text : {"0.0.0.0", "::", "::ffff:0.0.0.0", "255.255.255.255", "::ffff:255.255.255.255", "224.0.0.1", "239.1.2.3",
                           "::ffff:224.0.0.1", "ff02::1"})
    CHECK_FALSE(is_unicast(*Address::parse(text)));
  for (const Address& other : {Address(), Address::local(1000), Address::vsock(3)}) CHECK_FALSE(is_unicast(other));
}

TEST_CASE("an endpoint survives the way through a sockaddr") {
  for (const char* text : {"127.0.0.1", "::1", "::ffff:1.2.3.4"}) {
    const Endpoint there{*Address::parse(text), 7001};
    sockaddr_storage storage;
    fill_sockaddr(there, there.address.family() == Address::Family::ipv6, storage);
    CHECK(endpoint_of(storage) == there);
  }
  sockaddr_storage storage;
  fill_sockaddr({*Address::parse("1.2.3.4"), 1}, true, storage);
  CHECK(endpoint_of(storage).address.text() == "::ffff:1.2.3.4");
}

TEST_CASE("a peer without an IP address has a text that reads back") {
  for (const char* text : {"unix:uid=0", "unix:uid=1000", "unix:uid=1000,pid=42", "unix:uid=4294967295", "vsock:3", "192.0.2.1", "::1"}) {
    const auto peer = parse_peer(text);
    REQUIRE(peer);
    CHECK(peer->text() == text);
    CHECK(beyond_ip(*peer) == !peer->is_ip());
  }
  for (const char* text : {"unix:", "unix:uid=", "unix:uid=x", "unix:uid=-1", "unix:uid=4294967296", "unix:uid=1,pid=0",
                           "unix:uid=1,gid=2", "unix:uid=1,", "vsock:", "vsock:any", "vsock:3:4", "local", ""})
    CHECK_FALSE(parse_peer(text));
  CHECK_FALSE(Address::parse("unix:uid=0"));
}

TEST_CASE("the source of a local peer is its user, of one by vsock its machine, and an address its own") {
  CHECK(Address::local(1000, 100, 42).source() == Address::local(1000, 5, 43).source());
  CHECK(Address::local(1000, 100, 42).source().text() == "unix:uid=1000");
  CHECK_FALSE(Address::local(1000).source() == Address::local(1001).source());
  CHECK(Address::vsock(3, 99).source() == Address::vsock(3));
  CHECK_FALSE(Address::vsock(3).source() == Address::local(3).source());
  for (const char* text : {"192.0.2.1", "::ffff:192.0.2.1", "fe80::1%1"})
    if (const auto address = Address::parse(text)) CHECK(address->source() == *address);
  CHECK(Address().source() == Address());
  CHECK_FALSE(beyond_ip(Address()));
}
