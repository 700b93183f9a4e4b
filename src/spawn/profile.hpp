// SPDX-License-Identifier: MIT
#pragma once
#include <linux/filter.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "xsuperd/spawn/recipe.hpp"

namespace xsuperd::spawn {

/// What a thread can have in advance of the servers that it starts, which then have it from it: to take a filter and to
/// empty a bounding set costs the kernel more than all the rest of a start. A value.
struct Profile {
  std::shared_ptr<const std::vector<sock_filter>> filter;
  Given<std::uint64_t> bounds;  ///< of the capabilities

  [[nodiscard]] static Profile of(const Recipe& recipe);
  bool operator==(const Profile&) const = default;
};

/// The calling thread takes it on, for ever. False when it could not, or when what it needs to start servers does not work
/// under it: then it must not start any.
[[nodiscard]] bool take_on(const Profile& profile);

}  // namespace xsuperd::spawn
