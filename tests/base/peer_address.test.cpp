// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/address_text.hpp"

// Peers that have no IP address.
using namespace xsuperd::base;

TEST_CASE("a local peer is told by its user and process") {
  const Address peer = Address::local(1000, 100, 42);
  CHECK(peer.text() == "unix:uid=1000,pid=42");
  CHECK(Address::local(0).text() == "unix:uid=0");
  CHECK(Address::vsock(3, 1024).text() == "vsock:3");
  CHECK(peer.uid() == 1000);
  CHECK(peer.gid() == 100);
  CHECK(peer.pid() == 42);
  CHECK(peer.known());
  CHECK_FALSE(peer.is_ip());
  CHECK_FALSE(peer.is_mapped());
  CHECK_FALSE(is_multicast(peer));
  CHECK(peer.unmapped() == peer);
}

TEST_CASE("what is counted under a peer is the user, or the machine") {
  CHECK(Address::local(1000, 100, 42).source() == Address::local(1000));
  CHECK(Address::local(1000, 100, 42).source() == Address::local(1000, 7, 43).source());
  CHECK(Address::vsock(3, 1024).source() == Address::vsock(3));
  CHECK(Address::ipv4(1).source() == Address::ipv4(1));
  CHECK(Address().source() == Address());
}

TEST_CASE("the text of a peer is read back") {
  for (const char* text : {"unix:uid=1000", "unix:uid=4294967295,pid=4294967295", "vsock:3", "127.0.0.1", "::1"}) {
    INFO(text);
    const auto peer = parse_peer(text);
    REQUIRE(peer);
    CHECK(peer->text() == text);
  }
  for (const char* text : {"unix:", "unix:uid=", "unix:uid=x", "unix:uid=-1", "unix:uid=4294967296", "unix:uid=1,", "unix:uid=1,pid=",
                           "unix:uid=1,pid=0", "unix:uid=1,gid=2", "unix:uid=1 ", "vsock:", "vsock:any", "vsock:3:4", "", "localhost"})
    CHECK_FALSE(parse_peer(text));
  CHECK_FALSE(Address::parse("unix:uid=1000"));
}

TEST_CASE("an address is made again of its parts") {
  for (const Address& one : {Address(), Address::ipv4(0x7f000001), Address::ipv6({1, 2, 3}, 4), Address::local(1, 2, 3), Address::vsock(5, 6)})
    CHECK(Address::of(one.family(), one.bytes(), one.scope()) == one);
}

TEST_CASE("the longest text of a local peer fits where texts have no memory of their own") {
  const Address peer = Address::local(0xffffffff, 0xffffffff, 0xffffffff);
  CHECK(AddressText(peer).view() == peer.text());
}
