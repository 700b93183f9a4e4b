// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "xsuperd/base/address.hpp"

namespace xsuperd::policy {

/// The bits of an address, the first one highest; an IPv4 address takes the first 32, the rest is zero.
struct Bits {
  static constexpr int width = 128;
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  [[nodiscard]] static Bits of(const base::Address& address);
  /// Bit number `at`, 0..127 from the left.
  [[nodiscard]] bool bit(int at) const {
    return ((at < 64 ? high >> (63 - at) : low >> (127 - at)) & 1) != 0;
  }
};

/// How many leading bits two addresses share, 0..128.
[[nodiscard]] int common_bits(const Bits& a, const Bits& b);

/// Prefixes of one address family, with the longest match found in at most one step for each bit.
/// Path-compressed: a node stands only where a prefix ends or two part, so that n prefixes make at most
/// 2n nodes, the root counted, all in one vector.
///
/// Invariants: node 0 is the root, of length 0; a child is longer than its parent and begins with its
/// parent's bits.
class PrefixTrie {
 public:
  using Id = std::uint32_t;
  static constexpr Id none = std::numeric_limits<Id>::max();

  /// Adds the prefix made of the first `length` bits. A prefix already there keeps its first id.
  void insert(const Bits& bits, int length, Id id);
  /// The id of the longest prefix that `address` begins with, or none.
  [[nodiscard]] Id longest_match(const Bits& address) const;

 private:
  using Index = std::uint32_t;
  struct Node {
    Bits bits;  ///< the first `length` count, whatever stands behind them
    int length = 0;
    Id id = none;                  ///< none: two longer prefixes part here
    std::array<Index, 2> child{};  ///< by the bit behind the prefix; 0, the root, is nobody's child: no child
  };
  Index add(const Bits& bits, int length);
  Index find_or_add(const Bits& bits, int length);
  Index split(Index parent, bool branch, int length);

  std::vector<Node> nodes_{Node{}};
};

}  // namespace xsuperd::policy
