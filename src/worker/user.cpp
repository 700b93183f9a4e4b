// SPDX-License-Identifier: MIT
#include "xsuperd/worker/user.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace xsuperd::worker {

namespace {

constexpr IdRange candidates[] = {{2'100'000'000, 1000}, {65'520, 14}};

bool has(const std::vector<IdRange>& ranges, std::uint64_t id) {
  return std::ranges::any_of(ranges, [=](const IdRange& r) { return id >= r.first && id - r.first < r.count; });
}

/// Where there is no such file, the kernel has no user namespaces, and every id exists.
std::vector<IdRange> id_map(const char* file) {
  std::ifstream stream(file);
  if (!stream) return {{0, std::numeric_limits<std::uint32_t>::max()}};
  std::ostringstream text;
  text << stream.rdbuf();
  return parse_id_map(text.str());
}

}  // namespace

std::vector<IdRange> parse_id_map(std::string_view text) {
  std::vector<IdRange> ranges;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    IdRange range;
    std::uint64_t outside = 0;
    if (fields >> range.first >> outside >> range.count) ranges.push_back(range);
  }
  return ranges;
}

std::optional<std::uint32_t> unused_id(const std::vector<IdRange>& users, const std::vector<IdRange>& groups,
                                       const std::function<bool(std::uint32_t)>& taken) {
  for (const IdRange& range : candidates)
    for (std::uint64_t i = 0; i < range.count; ++i) {
      const auto id = static_cast<std::uint32_t>(range.first + i);
      if (has(users, id) && has(groups, id) && !taken(id)) return id;
    }
  return std::nullopt;
}

WorkerUser unused_user() {
  const auto taken = [](std::uint32_t id) { return ::getpwuid(id) != nullptr || ::getgrgid(id) != nullptr; };
  const auto id = unused_id(id_map("/proc/self/uid_map"), id_map("/proc/self/gid_map"), taken);
  if (!id) return {};
  return {*id, *id};
}

}  // namespace xsuperd::worker
