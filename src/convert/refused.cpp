// SPDX-License-Identifier: MIT
#include "convert/refused.hpp"

#include <fmt/format.h>

#include "convert/seams.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::convert {

std::map<std::string, std::string> refused_entries(const std::vector<File>& entries, config::Files* files,
                                                   config::Names& names) {
  constexpr char main_file[] = "/converted.conf";
  constexpr char directory[] = "/converted";
  StagedFiles staged(files);
  staged.programs_exist = files == nullptr;
  staged.texts[main_file] = fmt::format("includedir {}\n", directory);
  for (const File& one : entries) staged.texts[fmt::format("{}/{}", directory, one.name)] = one.text;
  const config::Loaded loaded = config::load(staged, names, main_file);
  std::map<std::string, std::string> refused;
  const auto add = [&](const config::Place& place, const std::string& why) {
    for (const File& one : entries)
      if (place.file == fmt::format("{}/{}", directory, one.name)) refused.try_emplace(one.name, why);
  };
  for (const config::Diagnostic& one : loaded.diagnostics.all())
    if (one.level <= config::Level::error) add(one.place, one.sentence);
  if (!loaded.config) return refused;
  for (const config::Absent& one : loaded.config->absent)
    if (one.fate == config::Fate::refused) add(one.place, "the daemon would refuse it");
  return refused;
}

}  // namespace xsuperd::convert
