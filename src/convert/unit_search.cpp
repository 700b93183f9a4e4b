// SPDX-License-Identifier: MIT
#include "convert/unit_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace xsuperd::convert {

namespace {

/// The first wins.
constexpr std::string_view load_path[]{"/etc/systemd/system.control/", "/run/systemd/system.control/",
                                       "/run/systemd/transient/",      "/etc/systemd/system/",
                                       "/run/systemd/system/",         "/usr/local/lib/systemd/system/",
                                       "/usr/lib/systemd/system/",     "/lib/systemd/system/"};

bool is_of_systemd(const std::string& directory) {
  return std::find(std::begin(load_path), std::end(load_path), directory) != std::end(load_path);
}

std::vector<std::string> directories_for(const std::string& directory) {
  if (!is_of_systemd(directory)) return {directory};
  return {std::begin(load_path), std::end(load_path)};
}

/// "a@b.service" of "a@.service"; nothing if it is not an instance.
std::optional<std::string> template_of(const std::string& name) {
  const std::size_t at = name.find('@');
  const std::size_t dot = name.rfind('.');
  if (at == name.npos || dot == name.npos || dot <= at + 1) return std::nullopt;
  return name.substr(0, at + 1) + name.substr(dot);
}

/// The directories for drop-ins of a unit, the most particular one first: "a-b@c.service.d", "a-b@.service.d",
/// "a-@c.service.d", "a-.service.d", "service.d".
std::vector<std::string> drop_in_names(const std::string& name) {
  std::vector<std::string> names{name + ".d"};
  if (const auto general = template_of(name)) names.push_back(*general + ".d");
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  const std::size_t at = std::min(name.find('@'), dot);
  for (std::size_t dash = name.rfind('-', at); dash != name.npos && dash > 0; dash = name.rfind('-', dash - 1)) {
    const std::string prefix = name.substr(0, dash + 1);
    if (at != dot) names.push_back(prefix + name.substr(at) + ".d");
    names.push_back(prefix + name.substr(dot) + ".d");
  }
  if (dot < name.size()) names.push_back(name.substr(dot + 1) + ".d");
  return names;
}

/// By their names; of those that are called the same the first found counts.
std::map<std::string, std::string> find_drop_ins(config::Files& files, const std::string& directory,
                                                 const std::string& name) {
  std::map<std::string, std::string> found;
  for (const std::string& drop_in_name : drop_in_names(name))
    for (const std::string& where : directories_for(directory)) {
      const std::string path = where + drop_in_name;
      const auto entries = files.list(path);
      if (!entries) continue;
      for (const std::string& file : *entries)
        if (file.ends_with(".conf")) found.try_emplace(file, fmt::format("{}/{}", path, file));
    }
  return found;
}

}  // namespace

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash + 1);
}

std::optional<Unit> read_unit(config::Files& files, const std::string& path, Report& report) {
  const std::string directory = directory_of(path);
  Unit unit;
  unit.name = path.substr(directory.size());
  std::string file = path;
  auto text = files.read(file);
  if (const auto general = template_of(unit.name); !text && general) {
    file = directory + *general;
    if (auto other = files.read(file)) text = std::move(other);
  }
  if (!text) return report.error({path, 0, 0}, text.error().sentence), std::nullopt;
  unit.place = {file, 0, 0};
  unit.add(*text, file, report);
  for (const auto& [name, drop_in] : find_drop_ins(files, directory, unit.name)) {
    if (const auto more = files.read(drop_in))
      unit.add(*more, drop_in, report);
    else
      report.error({drop_in, 0, 0}, more.error().sentence);
  }
  return unit;
}

std::string find_unit(config::Files& files, const std::string& beside, const std::string& name) {
  const std::string directory = directory_of(beside);
  if (is_of_systemd(directory))
    for (const std::string_view where : load_path)
      for (const std::string& file : {name, template_of(name).value_or(name)})
        if (files.kind(std::string(where) + file)) return std::string(where) + name;
  return directory + name;
}

}  // namespace xsuperd::convert
