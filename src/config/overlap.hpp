// SPDX-License-Identifier: MIT
// Where two access lists meet. Internal to config.
#pragma once
#include <vector>

#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

/// An element of one list and the closest element of the other that matches all its peers, too.
struct Overlap {
  const AddressPattern* inner = nullptr;
  const AddressPattern* outer = nullptr;
  bool inner_denies = false;  ///< `inner` is the one in no_access; false as well when they are equal
  bool equal = false;         ///< in meaning; `inner` is the one in only_from
};

/// At most one for each different element, the networks first, in order of their addresses. A name and a
/// network are not compared: only a name server could. Pure; n log n.
[[nodiscard]] std::vector<Overlap> overlaps(const std::vector<AddressPattern>& only_from,
                                            const std::vector<AddressPattern>& no_access);

}  // namespace xsuperd::config
