// SPDX-License-Identifier: MIT
#include "convert/box_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "convert/unit_file.hpp"
#include "convert/unit_text.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

using Kind = BoxWord::Kind;

constexpr BoxWord words[]{{"PrivateTmp", "private_tmp", Kind::flag},
                          {"PrivateDevices", "private_devices", Kind::flag},
                          {"PrivateNetwork", "private_network", Kind::flag},
                          {"PrivateIPC", "private_ipc", Kind::flag},
                          {"PrivatePIDs", "private_pids", Kind::flag},
                          {"RootDirectory", "root_directory", Kind::path},
                          {"ReadOnlyPaths", "read_only_paths", Kind::paths},
                          {"ReadWritePaths", "read_write_paths", Kind::paths},
                          {"InaccessiblePaths", "inaccessible_paths", Kind::lax_paths},
                          {"MemoryMax", "memory_max", Kind::size},
                          {"MemorySwapMax", "swap_max", Kind::size},
                          {"TasksMax", "tasks_max", Kind::count},
                          {"CPUQuota", "cpu_quota", Kind::percent},
                          {"CPUWeight", "cpu_weight", Kind::weight}};

using Values = std::optional<std::vector<std::string>>;

/// Of a path with a prefix, blanks or specifiers only systemd knows what is meant.
bool is_plain_path(std::string_view text) {
  return text.starts_with('/') && text.find_first_of("% \t\"'\\") == text.npos;
}

Values paths_of(std::string_view value, bool lax) {
  auto all = unit_words(value);
  if (all && lax)
    for (std::string& path : *all)
      if (path.starts_with("-/")) path.erase(0, 1);
  if (!all || !std::ranges::all_of(*all, is_plain_path)) return std::nullopt;
  return *all;
}

Values one(std::optional<std::uint64_t> number) {
  if (!number) return std::nullopt;
  return std::vector{std::to_string(*number)};
}

std::optional<std::uint64_t> number_of(std::string_view text, long long least, long long most) {
  const auto number = base::parse_number(text, least, most);
  return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

Values flag_of(std::string_view value) {
  const auto yes = unit_boolean(value);
  if (!yes) return std::nullopt;
  return *yes ? std::vector<std::string>{"yes"} : std::vector<std::string>{};
}

Values percent_of(std::string_view value) {
  const bool is_percent = value.ends_with('%') && number_of(value.substr(0, value.size() - 1), 1, 1'000'000);
  return is_percent ? Values(std::vector{std::string(value)}) : std::nullopt;
}

std::string lax(std::string_view paths) {
  std::vector<std::string> all;
  for (const std::string_view path : base::split_words(paths)) all.push_back(fmt::format("-{}", path));
  return base::join(all);
}

}  // namespace

std::span<const BoxWord> box_words() { return words; }

std::optional<std::vector<std::string>> attribute_values(const BoxWord& word, std::string_view value) {
  const bool limits = word.kind == Kind::size || word.kind == Kind::count;
  if (limits && value == "infinity") return std::vector<std::string>{};
  switch (word.kind) {
    case Kind::flag: return flag_of(value);
    case Kind::path: return is_plain_path(value) ? Values(std::vector{std::string(value)}) : std::nullopt;
    case Kind::paths:
    case Kind::lax_paths: return paths_of(value, word.kind == Kind::lax_paths);
    case Kind::size: return one(unit_size(value));
    case Kind::count: return one(number_of(value, 1, 0x7fff'ffff));
    case Kind::percent: return percent_of(value);
    case Kind::weight: return one(number_of(value, 1, 10'000));
  }
  return std::nullopt;
}

std::string directive_value(const BoxWord& word, std::string_view values) {
  if (base::iequals(values, "UNLIMITED")) return "infinity";
  if (word.kind == Kind::lax_paths) return percent_doubled(lax(values));
  return word.kind == Kind::path || word.kind == Kind::paths ? percent_doubled(values) : std::string(values);
}

}  // namespace xsuperd::convert
