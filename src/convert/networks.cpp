// SPDX-License-Identifier: MIT
#include "convert/networks.hpp"

#include <fmt/format.h>

#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

int width(const Network& network) { return network.base.family() == base::Address::Family::ipv4 ? 32 : 128; }

bool bit(const base::Address& address, int index) {
  return (address.bytes()[static_cast<std::size_t>(index / 8)] >> (7 - index % 8) & 1) != 0;
}

/// `address` with the bits from `prefix` on cleared, and bit `set` set if it is one of them.
base::Address masked(const base::Address& address, int prefix, int set = -1) {
  auto bytes = address.bytes();
  for (int i = 0; i < 128; ++i) {
    auto& byte = bytes[static_cast<std::size_t>(i / 8)];
    const auto mask = static_cast<std::uint8_t>(0x80 >> (i % 8));
    if (i == set)
      byte = static_cast<std::uint8_t>(byte | mask);
    else if (i >= prefix)
      byte = static_cast<std::uint8_t>(byte & ~mask);
  }
  if (address.family() != base::Address::Family::ipv4) return base::Address::ipv6(bytes);
  return base::Address::ipv4(static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
                             static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3]);
}

/// The halves of `network` that do not contain `hole`, the largest first.
void add_around(const Network& network, const Network& hole, Networks& to) {
  for (int prefix = network.prefix; prefix < hole.prefix; ++prefix) {
    const base::Address half = masked(hole.base, prefix, bit(hole.base, prefix) ? -1 : prefix);
    to.push_back({half, prefix + 1});
  }
}

}  // namespace

bool contains(const Network& outer, const Network& inner) {
  return outer.base.family() == inner.base.family() && outer.prefix <= inner.prefix &&
         masked(inner.base, outer.prefix) == masked(outer.base, outer.prefix);
}

Networks without(const Networks& from, const Networks& holes) {
  Networks left = from;
  for (const Network& hole : holes) {
    Networks next;
    for (const Network& one : left) {
      if (contains(hole, one)) continue;
      if (contains(one, hole))
        add_around(one, hole, next);
      else
        next.push_back(one);
    }
    left = std::move(next);
  }
  return left;
}

Networks everybody() { return {{base::Address::ipv4(0), 0}, {base::Address::ipv6({}), 0}}; }

std::string text_of(const Network& network) {
  return network.single() ? network.base.text() : fmt::format("{}/{}", network.base.text(), network.prefix);
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = base::Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network{*address, 0};
  network.prefix = width(network);
  if (slash != text.npos) {
    const auto prefix = base::parse_number(text.substr(slash + 1), 0, network.prefix);
    if (!prefix) return std::nullopt;
    network.prefix = static_cast<int>(*prefix);
  }
  network.base = masked(*address, network.prefix);
  return network;
}

}  // namespace xsuperd::convert
