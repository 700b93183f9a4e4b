// SPDX-License-Identifier: MIT
#include "xsuperd/base/counts.hpp"

#include "xsuperd/base/members.hpp"

namespace xsuperd::base {

namespace {

constexpr std::size_t how_many = [] {
  std::size_t count = 0;
  for_each_member<Counts>([&](auto) { ++count; });
  return count;
}();

constexpr std::array all = [] {
  std::array<Count, how_many> found{};
  std::size_t next = 0;
  for_each_member<Counts>([&](auto member) { found[next++] = {member.name, member.pointer}; });
  return found;
}();

}  // namespace

std::span<const Count> all_counts() { return all; }

Counts& Counts::operator+=(const Counts& other) {
  for (const Count& count : all) this->*count.member += other.*count.member;
  return *this;
}

}  // namespace xsuperd::base
