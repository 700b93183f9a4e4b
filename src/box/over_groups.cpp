// SPDX-License-Identifier: MIT
#include "box/over_groups.hpp"

#include "xsuperd/box/mould.hpp"

namespace xsuperd::box {

void OverGroups::add(std::string_view path) {
  if (!path.empty()) paths_.append(path).push_back('\0');
}

void OverGroups::tell_all(const std::function<int(std::string_view paths)>& tell) {
  while (!paths_.empty()) {
    const std::size_t end = paths_.size() <= most_mould_bytes ? paths_.size() : paths_.rfind('\0', most_mould_bytes - 1) + 1;
    if (tell(std::string_view(paths_).substr(0, end)) != 0) return;
    paths_.erase(0, end);
  }
}

}  // namespace xsuperd::box
