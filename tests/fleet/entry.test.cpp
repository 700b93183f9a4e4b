// SPDX-License-Identifier: MIT
#include "fleet/entry.hpp"

#include <catch2/catch.hpp>

#include "policy/networks.hpp"
#include "xsuperd/fleet/words.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using xsuperd::policy::test::network;

TEST_CASE("keys name a peer or a network, and no others are ours") {
  CHECK(key_of(network("192.0.2.0/24")) == "{xsuperd}:ban:192.0.2.0/24");
  CHECK(peer_of("{xsuperd}:ban:2001:db8::/32") == network("2001:db8::/32"));
  for (const char* wrong : {"xsuperd:ban:192.0.2.1", "{xsuperd}:ban:", "{xsuperd}:ban:unix:uid=0", "{xsuperd}:ban:fe80::1%lo", "{xsuperd}:ban:192.0.2.0/33"})
    CHECK_FALSE(peer_of(wrong));
}

TEST_CASE("what stands in the store is read as it was written") {
  const Entry entry{"alpha", "sensor telnet"};
  CHECK(text_of(entry) == R"({"host":"alpha","reason":"sensor telnet"})");
  CHECK(read_entry(text_of(entry)) == entry);
  CHECK(read_entry(R"({"more":[1],"reason":7})") == Entry{});
  const Notice ban{0x1f, network("192.0.2.7"), false, 600, entry};
  CHECK(text_of(ban) == R"({"by":"000000000000001f","ban":"192.0.2.7","seconds":600,"host":"alpha","reason":"sensor telnet"})");
  CHECK(read_notice(text_of(ban)) == ban);
  const Notice lifted{.by = 3, .peer = network("192.0.2.7"), .lifted = true};
  CHECK(read_notice(text_of(lifted)) == lifted);
}

TEST_CASE("what others write may be anything") {
  for (const char* wrong : {"", "7", "[]", "{", R"({"ban":"192.0.2.1"})", R"({"ban":"192.0.2.1","seconds":1e300})", R"({"ban":7,"seconds":1})",
                            R"({"ban":"192.0.2.1","seconds":"1"})", R"({"unban":"nobody"})", R"({"a":[[[[[[[[[[]]]]]]]]]]})"}) {
    INFO(wrong);
    CHECK_FALSE(read_notice(wrong));
  }
  CHECK_FALSE(read_entry(std::string(longest_entry + 1, ' ') + "{}"));
  const auto long_one = read_entry(R"({"host":")" + std::string(1000, 'x') + R"(","reason":"a\u001b[2J"})");
  REQUIRE(long_one);
  CHECK(long_one->host.size() == longest_text);
  CHECK(long_one->reason == "a?[2J");
}
