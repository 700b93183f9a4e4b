// SPDX-License-Identifier: MIT
#include "xsuperd/policy/network.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd;
using policy::Network;

namespace {
/// What comes of reading a text and printing it.
std::string again(std::string_view text) {
  const auto network = Network::parse(text);
  return network ? network->text() : "none";
}
}  // namespace

TEST_CASE("networks are read with a length of the prefix, and printed without what stands behind it") {
  CHECK(again("192.0.2.7") == "192.0.2.7");
  CHECK(again("192.0.2.7/32") == "192.0.2.7");
  CHECK(again("192.0.2.7/24") == "192.0.2.0/24");
  CHECK(again("192.0.2.7/31") == "192.0.2.6/31");
  CHECK(again("192.0.2.7/1") == "128.0.0.0/1");
  CHECK(again("192.0.2.7/0") == "0.0.0.0/0");
  CHECK(again("2001:db8:1:2::5/48") == "2001:db8:1::/48");
  CHECK(again("2001:db8:1:2::5/45") == "2001:db8::/45");
  CHECK(again("2001:db8::5/128") == "2001:db8::5");
  CHECK(again("ffff::/0") == "::/0");
}

TEST_CASE("an IPv4-mapped network is the IPv4 one, but not where it reaches further") {
  CHECK(again("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(again("::ffff:192.0.2.7/120") == "192.0.2.0/24");
  CHECK(again("::ffff:192.0.2.7/96") == "0.0.0.0/0");
  CHECK(again("::ffff:192.0.2.7/80") == "::/80");
}

TEST_CASE("what is no network is none") {
  for (const char* text : {"", "/", "/8", "192.0.2.7/", "192.0.2.7/33", "192.0.2.7/-1", "192.0.2.7/+8", "192.0.2.7/8/8",
                           "192.0.2.7/255.0.0.0", "192.0.2/24", "2001:db8::/129", "host.example", "192.0.2.7 /24"})
    CHECK(again(text) == "none");
}
