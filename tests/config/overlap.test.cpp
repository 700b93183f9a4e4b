// SPDX-License-Identifier: MIT
#include "config/overlap.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace xsuperd;
using namespace xsuperd::config;
using Patterns = std::vector<AddressPattern>;

namespace {

/// Networks of few bits, so that they nest.
Patterns some_networks(std::mt19937& random) {
  Patterns list(random() % 12);
  for (AddressPattern& p : list) {
    p.prefix = static_cast<int>(random() % 9);
    const std::uint32_t bits = p.prefix == 0 ? 0 : random() % 4 << 30 | random() % 8 << 24;
    p.base = base::Address::ipv4(p.prefix == 0 ? 0 : bits & ~std::uint32_t{0} << (32 - p.prefix));
  }
  return list;
}

bool inside(const AddressPattern& inner, const AddressPattern& outer) {
  const std::uint32_t mask = outer.prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - outer.prefix);
  return inner.prefix >= outer.prefix && (inner.base.ipv4_value() & mask) == outer.base.ipv4_value();
}

/// By trying all: how long is the closest element of `list` around this one? -1: there is none.
int closest_around(const AddressPattern& element, const Patterns& list) {
  int longest = -1;
  for (const AddressPattern& other : list)
    if (inside(element, other)) longest = std::max(longest, other.prefix);
  return longest;
}

}  // namespace

TEST_CASE("overlaps are what trying all pairs finds") {
  std::mt19937 random(20240302);
  std::size_t seen = 0;
  for (int round = 0; round < 2000; ++round) {
    const Patterns only_from = some_networks(random), no_access = some_networks(random);
    const auto found = overlaps(only_from, no_access);
    for (const bool denies : {false, true})
      for (const AddressPattern& element : denies ? no_access : only_from) {
        const int around = closest_around(element, denies ? only_from : no_access);
        const bool equal = around == element.prefix;
        const auto it = std::find_if(found.begin(), found.end(), [&](const Overlap& o) {
          return *o.inner == element && (o.equal || o.inner_denies == denies);
        });
        INFO("round " << round << ", " << element.base.text() << "/" << element.prefix);
        REQUIRE((it != found.end()) == (around >= 0));
        if (around < 0) continue;
        REQUIRE(it->equal == equal);
        REQUIRE(it->outer->prefix == around);
        ++seen;
      }
  }
  CHECK(seen > 1000);
}
