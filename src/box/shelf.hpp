// SPDX-License-Identifier: MIT
// The boxes of one mould, as the daemon has them. Internal to box.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "xsuperd/box/boxes.hpp"

namespace xsuperd::box {

struct Shelf {
  std::shared_ptr<const Mould> mould = {};
  std::uint32_t number = 0;
  bool told = false;     ///< the helper has the mould
  bool leaving = false;  ///< its files are laid out anew, in another one: what is still under way is not used
  std::deque<Box> spare = {};
  std::deque<Boxes::Done> waiting = {};
  std::size_t asked = 0;
  std::chrono::steady_clock::time_point lent = {};
  bool failing = false;         ///< the last one could not be made: none is made ahead
  std::size_t least_spare = 0;  ///< since the last look

  /// How many to ask for: for those that wait, and, when fewer than `least` are spare, so that twice as many are.
  [[nodiscard]] std::size_t wanted(std::size_t least) const;
  /// A new box of this shelf, out of the descriptors that come with a Reply: `next` is behind its own then.
  [[nodiscard]] Box unpacked(std::vector<base::Fd>::iterator& next) const;
  /// The one that was used or made last, which is still in the caches; nothing when none is spare.
  [[nodiscard]] std::optional<Box> take();
  /// Half of what was spare all the time since the last look, beyond twice `least`: a burst is over, and another may come.
  [[nodiscard]] std::vector<Box> take_needless(std::size_t least);
};

}  // namespace xsuperd::box
