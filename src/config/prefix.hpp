// SPDX-License-Identifier: MIT
// The first bits of addresses. Internal to config. Pure.
#pragma once
#include <algorithm>
#include <cstddef>

#include "xsuperd/base/address.hpp"

namespace xsuperd::config {

/// Are they of one family, and their first `prefix` bits the same?
[[nodiscard]] inline bool same_network(const base::Address& a, const base::Address& b, int prefix) {
  if (a.family() != b.family()) return false;
  const auto whole = static_cast<std::size_t>(prefix / 8);
  const int rest = prefix % 8;
  return std::equal(a.bytes().begin(), a.bytes().begin() + static_cast<std::ptrdiff_t>(whole), b.bytes().begin()) &&
         (rest == 0 || (a.bytes()[whole] ^ b.bytes()[whole]) >> (8 - rest) == 0);
}

}  // namespace xsuperd::config
