// SPDX-License-Identifier: MIT
#include "policy/prefix_trie.hpp"

#include <algorithm>
#include <bit>

namespace xsuperd::policy {

Bits Bits::of(const base::Address& address) {
  const auto half = [&](std::size_t at) {
    return std::uint64_t{base::number_at(address.bytes(), at)} << 32 | base::number_at(address.bytes(), at + 4);
  };
  return {half(0), half(8)};
}

int common_bits(const Bits& a, const Bits& b) {
  if (a.high != b.high) return std::countl_zero(a.high ^ b.high);
  return 64 + std::countl_zero(a.low ^ b.low);
}

void PrefixTrie::insert(const Bits& bits, int length, Id id) {
  Node& node = nodes_[find_or_add(bits, length)];
  if (node.id == none) node.id = id;
}

PrefixTrie::Id PrefixTrie::longest_match(const Bits& address) const {
  Id best = none;
  const Node* node = &nodes_.front();
  while (common_bits(address, node->bits) >= node->length) {
    if (node->id != none) best = node->id;
    if (node->length == Bits::width) break;
    const Index child = node->child[address.bit(node->length)];
    if (child == 0) break;
    node = &nodes_[child];
  }
  return best;
}

PrefixTrie::Index PrefixTrie::find_or_add(const Bits& bits, int length) {
  Index at = 0;
  while (nodes_[at].length < length) {
    const bool branch = bits.bit(nodes_[at].length);
    const Index child = nodes_[at].child[branch];
    if (child == 0) {
      const Index leaf = add(bits, length);
      return nodes_[at].child[branch] = leaf;
    }
    const int common = std::min(common_bits(bits, nodes_[child].bits), length);
    at = common < nodes_[child].length ? split(at, branch, common) : child;
  }
  return at;
}

/// Puts a node of `length` bits between a parent and its child.
PrefixTrie::Index PrefixTrie::split(Index parent, bool branch, int length) {
  const Index child = nodes_[parent].child[branch];
  const Bits bits = nodes_[child].bits;
  const Index middle = add(bits, length);
  nodes_[middle].child[bits.bit(length)] = child;
  return nodes_[parent].child[branch] = middle;
}

PrefixTrie::Index PrefixTrie::add(const Bits& bits, int length) {
  nodes_.push_back({.bits = bits, .length = length});
  return static_cast<Index>(nodes_.size() - 1);
}

}  // namespace xsuperd::policy
