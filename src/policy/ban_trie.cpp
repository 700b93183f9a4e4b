// SPDX-License-Identifier: MIT
#include "policy/ban_trie.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace xsuperd::policy {

namespace {

/// The first `length` bits; the others are zero.
Bits masked(Bits bits, int length) {
  if (length <= 64) bits.low = 0;
  if (length < 64) bits.high = length == 0 ? 0 : bits.high & ~std::uint64_t{0} << (64 - length);
  if (length > 64 && length < Bits::width) bits.low &= ~std::uint64_t{0} << (Bits::width - length);
  return bits;
}

}  // namespace

/// By a multiplication: networks that follow one another are spread over all roots.
std::size_t BanTrie::number_of(const Bits& bits) const {
  const std::uint64_t first = bits.high >> (64 - spread_);
  return static_cast<std::size_t>((first * 0x9e3779b97f4a7c15u) >> (64 - std::bit_width(root_pieces * root_piece - 1)));
}

BanTrie::Index& BanTrie::start(const Bits& bits, int length) {
  if (length < spread_) return top_;
  const std::size_t number = number_of(bits);
  auto& piece = roots_[number / root_piece];
  if (!piece) {
    piece = std::make_unique<Index[]>(root_piece);
    std::fill_n(piece.get(), root_piece, nowhere);
  }
  return piece[number % root_piece];
}

BanTrie::Id BanTrie::find(const Bits& bits, int length) const {
  if (used_ == 0) return none;
  const Bits wanted = masked(bits, length);
  Index at = length < spread_ ? top_ : root(bits);
  while (at != nowhere) {
    const Node& node = nodes_[at];
    if (node.length > length || !leads(node, wanted)) return none;
    if (node.length == length) return node.id;
    at = node.child[wanted.bit(node.length)];
  }
  return none;
}

void BanTrie::expect(std::span<const Bits> all) const {
  constexpr int steps = 6;  // few ways are longer
  std::array<Index, most_expected> at{};
  const std::size_t count = std::min(all.size(), at.size());
  for (std::size_t i = 0; i < count; ++i) at[i] = root(all[i]);
  for (int step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < count; ++i)
      if (at[i] != nowhere) __builtin_prefetch(&nodes_[at[i]]);
    for (std::size_t i = 0; i < count; ++i) {
      if (at[i] == nowhere) continue;
      const Node& node = nodes_[at[i]];
      at[i] = leads(node, all[i]) && node.length < Bits::width ? node.child[all[i].bit(node.length)] : nowhere;
    }
  }
}

void BanTrie::insert(const Bits& bits, int length, Id id) {
  nodes_.make_room(2);
  const Bits own = masked(bits, length);
  Index* at = &start(own, length);
  while (*at != nowhere && nodes_[*at].length < length && leads(nodes_[*at], own)) at = &nodes_[*at].child[own.bit(nodes_[*at].length)];
  if (*at == nowhere) {
    *at = add(own, length, id);
    return;
  }
  const Index there = *at;
  const int common = std::min({common_bits(nodes_[there].bits, own), static_cast<int>(nodes_[there].length), length});
  if (common == nodes_[there].length) {  // and so it is `length`
    nodes_[there].id = id;
    ++used_;
    return;
  }
  const bool branch = nodes_[there].bits.bit(common);
  Index above = nowhere;
  if (common == length) {
    above = add(own, length, id);
  } else {
    above = add(masked(own, common), common, none);
    --used_;  // it is no prefix
    const Index leaf = add(own, length, id);
    nodes_[above].child[!branch] = leaf;
  }
  nodes_[above].child[branch] = there;
  *at = above;
}

void BanTrie::erase(const Bits& bits, int length) noexcept {
  const Bits own = masked(bits, length);
  Index* parent = nullptr;  // what leads to the node above
  Index* at = &start(own, length);
  while (nodes_[*at].length < length) {
    parent = at;
    at = &nodes_[*at].child[own.bit(nodes_[*at].length)];
  }
  const Index gone = *at;
  const auto [zero, one] = nodes_[gone].child;
  --used_;
  if (zero != nowhere && one != nowhere) {
    nodes_[gone].id = none;
  } else {
    *at = zero != nowhere ? zero : one;
    drop(gone);
    // Where two parted there is one left.
    if (*at == nowhere && parent && nodes_[*parent].id == none) {
      const Index above = *parent;
      const auto [left, right] = nodes_[above].child;
      *parent = left != nowhere ? left : right;
      drop(above);
    }
  }
  if (used_ == 0) clear();
}

void BanTrie::clear() noexcept {
  roots_ = {};
  nodes_.clear();
  top_ = free_ = nowhere;
  used_ = 0;
}

BanTrie::Index BanTrie::add(const Bits& bits, int length, Id id) noexcept {
  Index index = free_;
  if (index == nowhere)
    index = nodes_.add();
  else
    free_ = nodes_[index].child[0];
  nodes_[index] = {bits, length, id, {nowhere, nowhere}};
  ++used_;
  return index;
}

void BanTrie::drop(Index node) noexcept {
  nodes_[node] = {};
  nodes_[node].child[0] = std::exchange(free_, node);
}

}  // namespace xsuperd::policy
