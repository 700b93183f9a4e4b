// SPDX-License-Identifier: MIT
#include "xsuperd/cli/served.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace xsuperd::cli {

std::vector<std::string> served_list(std::string_view program, long pid,
                                     const std::vector<supervisor::Served>& all) {
  std::vector<std::string> lines{
      fmt::format("{} runs as process {} and serves {}", program, pid, all.empty() ? "nothing" : "these:")};
  const std::size_t count = std::min(all.size(), most_listed);
  std::size_t widest_id = 7, widest_place = 4;
  for (std::size_t i = 0; i < count; ++i) {
    widest_id = std::max(widest_id, all[i].id.size());
    widest_place = std::max(widest_place, all[i].place.size());
  }
  const auto line = [&](std::string_view id, std::string_view place, std::string_view what) {
    lines.push_back(fmt::format("  {:<{}}  {:<{}}  {}", id, widest_id, place, widest_place, what));
  };
  if (count > 0) line("SERVICE", "PORT", "PROGRAM");
  for (std::size_t i = 0; i < count; ++i)
    line(all[i].id, all[i].place, all[i].program + (all[i].open ? "" : " (not open)"));
  if (all.size() > count) lines.push_back(fmt::format("  and {} more", all.size() - count));
  lines.push_back(fmt::format("\"kill {}\" ends it.", pid));
  return lines;
}

}  // namespace xsuperd::cli
