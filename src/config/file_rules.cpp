// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

bool below(const std::string& path, const std::string& directory) {
  return directory == "/" || (path.starts_with(directory) && path.substr(directory.size()).starts_with('/'));
}

bool has(const std::vector<std::string>& paths, std::string_view path) { return std::ranges::find(paths, path) != paths.end(); }

/// Why Landlock does not say the same as mounts; empty: it does.
std::string inexpressible(const Confinement& c, const std::vector<std::string>& writable) {
  if (!c.box.inaccessible.empty()) return "without boxes there are no inaccessible_paths: Landlock can list what is allowed, and not what is denied";
  if (c.box.read_only.empty()) return {};
  if (!has(c.box.read_only, "/")) return "without boxes read_only_paths is / or nothing: Landlock can list what is writable, and not what is not";
  for (const std::string& path : c.box.read_only)
    for (const std::string& one : writable)
      if (path != "/" && below(path, one)) return fmt::format("without boxes {} cannot be read-only below {}, which is writable", path, one);
  if (c.calls.base != SystemCalls::Base::strict) return "without boxes read_only_paths needs system_calls = @strict: other calls change files past Landlock";
  return {};
}

}  // namespace

RulesForFiles rules_for_files(const Confinement& c) {
  BoxSettings others = c.box;
  RulesForFiles rules;
  // Of two that speak of one path the strictest holds.
  for (const std::string& path : std::exchange(others.read_write, {}))
    if (!has(c.box.read_only, path)) rules.writable.push_back(path);
  others.read_only.clear();
  others.inaccessible.clear();
  rules.paths_only = c.box.needed() && !others.needed();
  if (rules.paths_only) rules.inexpressible = inexpressible(c, rules.writable);
  return rules;
}

bool kept_by_rules(const Confinement& c, const std::function<Abilities::Boxes()>& boxes) {
  return rules_for_files(c).usable() && boxes() != Abilities::Boxes::usable;
}

}  // namespace xsuperd::config
