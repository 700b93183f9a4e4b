// SPDX-License-Identifier: MIT
#include "xsuperd/net/forward_resolver.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace xsuperd;
using namespace xsuperd::net;

namespace {
base::Address address(const char* text) { return *base::Address::parse(text); }
}  // namespace

TEST_CASE("a target that is an address is that address with the port") {
  for (const char* text : {"192.0.2.7", "2001:db8::7", "::1", "::ffff:192.0.2.7"}) {
    CAPTURE(text);
    CHECK(resolve_target(text, 8080) == std::vector<base::Endpoint>{{address(text), 8080}});
  }
}

TEST_CASE("a target may be an IPv4 address in the short and odd forms") {
  for (const char* text : {"127.1", "127.0.1", "0x7f000001", "2130706433", "0177.0.0.1"}) {
    CAPTURE(text);
    CHECK(resolve_target(text, 80) == std::vector<base::Endpoint>{{address("127.0.0.1"), 80}});
  }
}

TEST_CASE("a target's link-local address keeps its interface") {
  CHECK(resolve_target("fe80::1%lo", 80) == std::vector<base::Endpoint>{{address("fe80::1%lo"), 80}});
}

TEST_CASE("a target's name gives every address once, with the port") {
  const auto targets = resolve_target("localhost", 65535);
  if (targets.empty()) {
    WARN("skipped: this system does not know localhost");
    return;
  }
  for (const auto& target : targets) {
    CHECK(target.port == 65535);
    CHECK(std::count(targets.begin(), targets.end(), target) == 1);
  }
  CHECK(std::count(targets.begin(), targets.end(), base::Endpoint{address("127.0.0.1"), 65535}) == 1);
}

TEST_CASE("a target that is no name at all gives nothing") {
  CHECK(resolve_target("", 80).empty());
  CHECK(resolve_target(std::string("127.0.0.1\0x", 11), 80).empty());
  CHECK(resolve_target(std::string(64, 'a') + ".invalid", 80).empty());  // a label of more than 63 letters
}
