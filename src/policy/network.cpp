// SPDX-License-Identifier: MIT
#include "xsuperd/policy/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/container_hash/hash.hpp>

#include "xsuperd/base/text.hpp"

namespace xsuperd::policy {

namespace {

constexpr std::uint8_t mapped_bits = 96;  ///< in front of the IPv4 address in ::ffff:a.b.c.d

base::Address masked(const base::Address& address, std::uint8_t length) {
  if (address.family() == base::Address::Family::ipv4)
    return base::Address::ipv4(length == 0 ? 0 : address.ipv4_value() & (~std::uint32_t{0} << (32 - length)));
  auto bytes = address.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int kept = std::clamp(length - static_cast<int>(8 * i), 0, 8);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00 >> kept));
  }
  return base::Address::ipv6(bytes);
}

}  // namespace

std::uint8_t Network::whole_length(const base::Address& address) {
  return address.family() == base::Address::Family::ipv4 ? 32 : 128;
}

Network Network::of(const base::Address& address, std::uint8_t length) {
  if (base::beyond_ip(address)) return {address.source(), whole_length(address)};
  const bool turns = address.is_mapped() && length >= mapped_bits;
  const base::Address own = turns ? address.unmapped() : address;
  const auto bits = std::min<std::uint8_t>(turns ? length - mapped_bits : length, whole_length(own));
  return {bits < whole_length(own) ? masked(own, bits) : own, bits};
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) {
    const auto peer = base::parse_peer(text);
    return peer ? std::optional(of(*peer)) : std::nullopt;
  }
  const auto address = base::Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  const auto length = base::parse_number(digits, 0, whole_length(*address));
  if (!length || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  return of(*address, static_cast<std::uint8_t>(*length));
}

std::string Network::text() const { return single() ? address.text() : fmt::format("{}/{}", address.text(), length); }

std::size_t hash_value(const Network& network) {
  std::size_t seed = hash_value(network.address);
  boost::hash_combine(seed, network.length);
  return seed;
}

}  // namespace xsuperd::policy
