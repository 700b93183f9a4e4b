// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/described.hpp"

namespace xsuperd::policy {

/// A single peer, or all addresses that begin with the same bits (CIDR, RFC 4632 and RFC 4291 section 2.3). A plain
/// value. IPv4-mapped IPv6 addresses are kept as IPv4, and the bits behind the prefix are zero, so that two spellings of
/// one network are equal. A single IPv6 address keeps its scope; a network has none.
/// A peer without an IP address stands for all of its source (Address::source()), and is in no network.
struct Network {
  base::Address address;
  std::uint8_t length = 128;  ///< bits of the prefix: at most 32 for IPv4, 128 for IPv6

  /// How many bits an address of that family has: 32 or 128; 128 also stands for a peer that has no IP address.
  [[nodiscard]] static std::uint8_t whole_length(const base::Address& address);
  /// `address` alone.
  [[nodiscard]] static Network of(const base::Address& address) { return of(address, 128); }
  /// The network of `length` bits that `address` is in; a length that is greater than the family's means the address
  /// alone. The length of a mapped address counts from the beginning of its 128 bits where it is at least 96, and the
  /// result is IPv4 then; where it is less the result stays IPv6.
  [[nodiscard]] static Network of(const base::Address& address, std::uint8_t length);
  /// "192.0.2.7", "192.0.2.0/24", "2001:db8::/32"; bits behind the prefix may be set, and do not count. Also another peer, as
  /// parse_peer() reads it: "unix:uid=1000", "vsock:3". Nothing when it is neither a peer nor an address with a length
  /// that its family can have.
  [[nodiscard]] static std::optional<Network> parse(std::string_view text);

  /// Is it one address and no more?
  [[nodiscard]] bool single() const { return length == whole_length(address); }
  /// As parse() reads it; without a length when it is a single address.
  [[nodiscard]] std::string text() const;

  auto operator<=>(const Network&) const = default;
};

BOOST_DESCRIBE_STRUCT(Network, (), (address, length))
constexpr auto members_since(const Network*) { return std::array{base::Since{"length", 5}}; }

/// For unordered containers.
[[nodiscard]] std::size_t hash_value(const Network& network);

}  // namespace xsuperd::policy
