// SPDX-License-Identifier: MIT
#include "box/shelf.hpp"

#include <algorithm>
#include <utility>

namespace xsuperd::box {

std::size_t Shelf::wanted(std::size_t least) const {
  if (leaving) return 0;
  const std::size_t ahead = failing ? 0 : least;
  const std::size_t have = spare.size() + asked;
  if (have >= waiting.size() + ahead) return 0;
  return waiting.size() + 2 * ahead - have;
}

Box Shelf::unpacked(std::vector<base::Fd>::iterator& next) const {
  const bool views = mould->reuse && mould->pids;
  Box box{.mould = mould, .shelf = number, .keeper = std::move(*next++)};
  if (views && mould->tmp) box.tmp = std::move(*next++);
  if (views) box.proc = std::move(*next++);
  if (mould->has_group()) box.group = std::move(*next++);
  return box;
}

std::optional<Box> Shelf::take() {
  if (spare.empty()) return std::nullopt;
  Box box = std::move(spare.front());
  spare.pop_front();
  least_spare = std::min(least_spare, spare.size());
  return box;
}

std::vector<Box> Shelf::take_needless(std::size_t least) {
  const std::size_t needless = least_spare > 2 * least ? (least_spare - 2 * least + 1) / 2 : 0;
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < needless; ++i) {
    boxes.push_back(std::move(spare.back()));
    spare.pop_back();
  }
  least_spare = spare.size();
  return boxes;
}

}  // namespace xsuperd::box
