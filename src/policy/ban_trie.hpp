// SPDX-License-Identifier: MIT
// Which of many prefixes an address begins with, where prefixes come and go. Internal to policy.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "policy/pieces.hpp"
#include "policy/prefix_trie.hpp"

namespace xsuperd::policy {

/// The prefixes of one family, each with an id. As PrefixTrie, but prefixes can be taken away; and it is a forest: prefixes of
/// at least `spread` bits stand in one of many small tries, chosen by these bits, so that a look-up takes a few steps however
/// many prefixes there are. Who can choose his addresses within one network makes the way longer for that network alone.
///
/// Invariants: a child is longer than its parent and begins with its parent's bits; a node without an id has two children.
class BanTrie {
 public:
  using Id = std::uint32_t;
  static constexpr Id none = std::numeric_limits<Id>::max();

  /// `spread`: 1 to 64.
  explicit BanTrie(int spread) : spread_(spread) {}

  /// The id of exactly that prefix, or none.
  [[nodiscard]] Id find(const Bits& bits, int length) const;
  /// Adds a prefix that is not there. Throws std::bad_alloc, and nothing has changed then.
  void insert(const Bits& bits, int length, Id id);
  /// Takes a prefix away that is there.
  void erase(const Bits& bits, int length) noexcept;
  void clear() noexcept;

  /// These are about to be looked for: has what that takes come from memory, of up to `most_expected` of them at a time instead of
  /// one after the other.
  static constexpr std::size_t most_expected = 64;
  void expect(std::span<const Bits> all) const;

  /// Calls `visit` with the id of each prefix that `address` begins with, the shortest first.
  template <typename Visit>
  void each_match(const Bits& address, const Visit& visit) const {
    if (used_ == 0) return;
    walk(top_, address, visit);
    walk(root(address), address, visit);
  }

 private:
  using Index = std::uint32_t;
  static constexpr Index nowhere = std::numeric_limits<Index>::max();
  static constexpr std::size_t root_pieces = 512;
  static constexpr std::size_t root_piece = 512;
  struct Node {
    Bits bits;  ///< the first `length` count, and the others are zero
    std::int32_t length = 0;
    Id id = none;  ///< none: two longer prefixes part here
    std::array<Index, 2> child{nowhere, nowhere};
  };
  [[nodiscard]] bool leads(const Node& node, const Bits& bits) const { return common_bits(node.bits, bits) >= node.length; }
  template <typename Visit>
  void walk(Index at, const Bits& address, const Visit& visit) const {
    while (at != nowhere) {
      const Node& node = nodes_[at];
      if (!leads(node, address)) return;
      if (node.id != none) visit(node.id);
      if (node.length == Bits::width) return;
      at = node.child[address.bit(node.length)];
    }
  }
  [[nodiscard]] std::size_t number_of(const Bits& bits) const;
  /// Where the small trie of those bits begins; nowhere: there is none.
  [[nodiscard]] Index root(const Bits& bits) const {
    const std::size_t number = number_of(bits);
    const auto& piece = roots_[number / root_piece];
    return piece ? piece[number % root_piece] : nowhere;
  }
  /// The same, or top_, for changes. Throws std::bad_alloc where no prefix of that trie has been before.
  [[nodiscard]] Index& start(const Bits& bits, int length);
  [[nodiscard]] Index add(const Bits& bits, int length, Id id) noexcept;
  void drop(Index node) noexcept;

  int spread_;
  std::array<std::unique_ptr<Index[]>, root_pieces> roots_;  ///< made as they are needed
  Index top_ = nowhere;       ///< of prefixes that are shorter than `spread_`
  Pieces<Node> nodes_;
  Index free_ = nowhere;  ///< the first of those that are not used; each leads to the next by its first child
  std::size_t used_ = 0;
};

}  // namespace xsuperd::policy
