// SPDX-License-Identifier: MIT
#include "xsuperd/base/address.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::base;

TEST_CASE("addresses print as getnameinfo prints them") {
  CHECK(Address::parse("127.0.0.1")->text() == "127.0.0.1");
  CHECK(Address::parse("::ffff:127.0.0.1")->text() == "::ffff:127.0.0.1");
  CHECK(Address::parse("FE80::1%lo")->text() == "fe80::1%lo");
  CHECK(Address{}.text() == "<no address>");
  CHECK_FALSE(Address::parse("127.1"));
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
