// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>

namespace xsuperd::base {

/// Call it before each insertion into one of Boost's flat maps whose elements come and go for as long as the program
/// lives. Such a map counts some of what is erased as used, and is made anew from time to time, the more often the fuller
/// it is; at most half full, it almost never is. A map of many elements is left alone: it is made anew once in hundreds
/// of insertions at the most, and room that stays empty would cost more. Allocates when the map grows, by a factor of
/// two.
template <typename Map>
void make_room(Map& map) {
  constexpr std::size_t many = 256;
  const std::size_t wanted = 2 * (map.size() + 1);
  if (map.size() < many && map.bucket_count() != 0 && wanted > map.bucket_count()) map.rehash(2 * wanted);
}

}  // namespace xsuperd::base
