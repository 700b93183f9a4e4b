// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

const std::string limited = service("x", 1, "fleet_per_source = 4\nfleet_rate = 60/minute");

Words said(const std::string& text) {
  const World w(text);
  Words all = not_in_effect(*w.loaded.config, {});
  std::erase_if(all, [](const std::string& one) { return one.starts_with("ban_share"); });  // built without hiredis
  return all;
}

}  // namespace

TEST_CASE("limits of a fleet without a store are not in effect") {
  CHECK(said(limited) == Words{"fleet_per_source: it needs ban_share in the defaults (x)", "fleet_rate: it needs ban_share in the defaults (x)"});
  CHECK(said(defaults("ban_share = redis:unix:/r") + limited).empty());
  CHECK(said(service("x", 1, "fleet_per_source = UNLIMITED\nfleet_rate = UNLIMITED")).empty());
}

TEST_CASE("a service can be without the limits of a fleet that the defaults have") {
  const World w(defaults("fleet_per_source = 4\nfleet_rate = 5/s") + service("x", 1) + service("y", 2, "fleet_per_source = UNLIMITED\nfleet_rate = unlimited"));
  CHECK(w.at("x").settings.fleet_per_source == Limit{4});
  CHECK(w.at("x").settings.fleet_rate == FleetRate{5, 1});
  CHECK(w.at("y").settings.fleet_per_source->is_unlimited());
  CHECK(w.at("y").settings.fleet_rate->is_unlimited());
}
