// SPDX-License-Identifier: MIT
// Why a peer that comes through a proxy is served or not.
#include <catch2/catch.hpp>

#include "policy/patterns.hpp"
#include "xsuperd/policy/explain.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;
using namespace xsuperd::policy::test;

namespace {

/// A service for 192.0.2.0/24, whose proxy is 10.0.0.1.
Policy behind_proxy() {
  config::Service service;
  service.id = service.name = "x";
  service.listen.socket_type = config::SocketType::stream;
  service.settings.proxy_from = patterns({"10.0.0.1"});
  service.settings.only_from = patterns({"192.0.2.0/24"});
  return Policy(std::make_shared<const config::Service>(std::move(service)));
}

Explanation explained(const char* peer, std::optional<const char*> via) {
  Inquiry inquiry;
  inquiry.peer = address(peer);
  if (via) inquiry.via = address(*via);
  return explain(behind_proxy(), inquiry, {});
}

std::string proxy_line(const Explanation& explanation) {
  for (const CheckOutcome& check : explanation.checks)
    if (check.what == "proxy_from") return check.outcome;
  return {};
}

}  // namespace

TEST_CASE("through a trusted proxy the peer counts, through another one that itself") {
  CHECK(explained("192.0.2.7", "10.0.0.1").admitted);
  CHECK(proxy_line(explained("192.0.2.7", "10.0.0.1")) == "10.0.0.1 speaks for the peer");
  CHECK_FALSE(explained("203.0.113.7", "10.0.0.1").admitted);
  CHECK_FALSE(explained("192.0.2.7", "10.0.0.2").admitted);
  CHECK(proxy_line(explained("192.0.2.7", "10.0.0.2")) == "10.0.0.2 is not one of them: what it says is not looked at, and its own address counts");
  // One that would be let in itself is let in, and nobody behind it is looked at.
  CHECK(explained("203.0.113.7", "192.0.2.9").admitted);
}

TEST_CASE("who comes by himself has no proxy, and a proxy is told what it must do") {
  CHECK(proxy_line(explained("192.0.2.7", {})).empty());
  CHECK(explained("192.0.2.7", {}).admitted);
  CHECK(proxy_line(explained("10.0.0.1", {})).starts_with("the peer is a proxy, and must begin with a header"));
}
