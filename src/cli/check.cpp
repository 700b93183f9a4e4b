// SPDX-License-Identifier: MIT
#include "xsuperd/cli/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "xsuperd/config/lint.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::cli {

namespace {

/// In file order, whatever pass found them; files in the order of their first finding.
std::vector<config::Diagnostic> in_order(const config::Diagnostics& found) {
  std::vector<config::Diagnostic> all;
  for (const config::Diagnostic& d : found.all())
    if (d.level != config::Level::debug) all.push_back(d);
  std::vector<std::string> files;
  for (const auto& d : all)
    if (std::find(files.begin(), files.end(), d.place.file) == files.end()) files.push_back(d.place.file);
  const auto rank = [&](const config::Diagnostic& d) {
    return std::pair(std::find(files.begin(), files.end(), d.place.file) - files.begin(), d.place.line);
  };
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return all;
}

std::string counted(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string summary(const config::Loaded& loaded, std::size_t errors, std::size_t warnings) {
  std::size_t disabled = 0;
  std::size_t refused = 0;
  if (loaded.config)
    for (const config::Absent& a : loaded.config->absent) (a.fate == config::Fate::refused ? refused : disabled)++;
  return fmt::format("{}, {} disabled, {} refused; {}, {}\n",
                     counted(loaded.config ? loaded.config->services.size() : 0, "service"), disabled, refused,
                     counted(errors, "error"), counted(warnings, "warning"));
}

}  // namespace

int check_configuration(const config::Sources& sources, bool strict, bool show) {
  const std::string& path = sources.path();
  config::SystemFiles files;
  config::SystemNames names;
  config::Loaded loaded = config::load(files, names, sources);
  const config::Abilities abilities = service::abilities();
  if (loaded.config)
    for (auto& findings : {config::lints(*loaded.config), config::hindered(*loaded.config, abilities)})
      for (config::Diagnostic finding : findings) loaded.diagnostics.add(std::move(finding));
  for (const config::Diagnostic& d : in_order(loaded.diagnostics)) fmt::print(stderr, "{}", config::explained(d));
  std::size_t warnings = loaded.diagnostics.count(config::Level::warning);
  if (loaded.config) {
    for (const std::string& item : config::not_in_effect(*loaded.config, abilities)) {
      fmt::print(stderr, "{}: warning: not in effect: {}\n", path, item);
      ++warnings;
    }
    if (show) fmt::print("{}", config::dump(*loaded.config));
  }
  const std::size_t errors = loaded.diagnostics.count(config::Level::error);
  fmt::print(stderr, "{}: {}", path, summary(loaded, errors, warnings));
  if (errors > 0 || !loaded.config) return 2;
  return strict && warnings > 0 ? 1 : 0;
}

}  // namespace xsuperd::cli
