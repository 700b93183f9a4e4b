// SPDX-License-Identifier: MIT
#include "xsuperd/config/examine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "xsuperd/config/lint.hpp"

namespace xsuperd::config {

namespace {

/// Files in the order in which they are first mentioned.
void put_in_order(std::vector<Diagnostic>& findings) {
  std::unordered_map<std::string, std::size_t> files;
  for (const Diagnostic& d : findings) files.try_emplace(d.place.file, files.size());
  const auto rank = [&](const Diagnostic& d) { return std::pair(files.at(d.place.file), d.place.line); };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return rank(a) < rank(b); });
}

void append(std::vector<Diagnostic>& all, std::vector<Diagnostic> some) {
  for (Diagnostic& d : some)
    if (d.level != Level::debug) all.push_back(std::move(d));
}

/// The daemon does not wait for such a name when it starts: it is asked here.
std::vector<Diagnostic> targets_without_address(const Config& config, Names& names) {
  std::vector<Diagnostic> found;
  for (const auto& service : config.services) {
    const auto& target = service->settings.redirect;
    if (!target || base::Address::parse(target->host) || !names.host(target->host).empty()) continue;
    found.push_back({Level::warning, service->place,
                     fmt::format("service {}: {} has no address yet: the service is opened when it has one",
                                 service->id, target->host),
                     {}, 1, {}, service->id});
  }
  return found;
}

/// What was found after reading no longer knows the text of its line.
void quote_lines(std::vector<Diagnostic>& findings, Files& files) {
  std::unordered_map<std::string, std::vector<std::string>> lines;
  for (Diagnostic& d : findings) {
    if (!d.line_text.empty() || d.place.line == 0 || d.place.column == 0) continue;
    const auto [file, fresh] = lines.try_emplace(d.place.file);
    if (fresh)
      if (const auto text = files.read(d.place.file)) {
        std::istringstream stream(*text);
        for (std::string line; std::getline(stream, line);) file->second.push_back(std::move(line));
      }
    const auto index = static_cast<std::size_t>(d.place.line - 1);
    if (index < file->second.size()) d.line_text = file->second[index];
  }
}

void count(Examined& examined) {
  for (const Diagnostic& d : examined.findings) {
    if (d.level <= Level::error) ++examined.errors;
    if (d.level == Level::warning) ++examined.warnings;
  }
  if (!examined.loaded.config) return;
  examined.services = examined.loaded.config->services.size();
  for (const Absent& absent : examined.loaded.config->absent)
    ++(absent.fate == Fate::refused ? examined.refused : examined.disabled);
}

std::string counted(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

}  // namespace

Examined examine(Files& files, Names& names, const Sources& sources, const Abilities& abilities, Readers readers) {
  Examined examined;
  examined.loaded = load(files, names, sources);
  append(examined.findings, examined.loaded.diagnostics.all());
  if (const auto& config = examined.loaded.config) {
    append(examined.findings, lints(*config));
    append(examined.findings, lint_files(*config, files));
    append(examined.findings, targets_without_address(*config, names));
    if (const auto worker = names.user(std::string(worker_user))) append(examined.findings, lint_worker(*config, worker->uid));
    append(examined.findings, hindered(*config, abilities));
    if (readers == Readers::also_xinetd) append(examined.findings, lint_as_xinetd(*config, files, names));
    for (const std::string& item : not_in_effect(*config, abilities)) {
      Diagnostic& finding = examined.findings.emplace_back();
      finding.level = Level::warning;
      finding.place.file = sources.path();
      finding.sentence = "not in effect: " + item;
    }
  }
  put_in_order(examined.findings);
  quote_lines(examined.findings, files);
  count(examined);
  return examined;
}

std::string summary(const Examined& e) {
  return fmt::format("{}, {} disabled, {} refused; {}, {}", counted(e.services, "service"), e.disabled, e.refused,
                     counted(e.errors, "error"), counted(e.warnings, "warning"));
}

}  // namespace xsuperd::config
