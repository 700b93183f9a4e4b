// SPDX-License-Identifier: MIT
#pragma once

namespace xsuperd::base {

/// Call it before each insertion into one of Boost's flat maps whose elements come and go for as long as the program
/// lives. Such a map counts some of what is erased as used, and is made anew from time to time, the more often the fuller
/// it is; at most half full, it almost never is. Allocates when the map grows, by a factor of two.
template <typename Map>
void make_room(Map& map) {
  const auto wanted = 2 * (map.size() + 1);
  if (map.bucket_count() != 0 && wanted > map.bucket_count()) map.rehash(2 * wanted);
}

}  // namespace xsuperd::base
