// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/lint.hpp"
#include "xsuperd/config/origin.hpp"
#include "xsuperd/config/parser.hpp"

namespace xsuperd::config {

namespace {

/// A value that takes nothing away: the one that holds when nothing is written, or no limit.
bool protects(const Attribute& row, const Settings& settings) {
  const std::string value = row.print(settings);
  return value != row.initial.substr(0, row.initial.find(',')) && value != "UNLIMITED";
}

/// A row that xinetd ignores, and with it a restriction.
bool is_lost(const Attribute& row) { return !in_xinetd(row) && restricts(row) && !row.xinetd.stricter; }

/// How a sentence goes on that begins with "xinetd".
std::string ignores(const Attribute& row) {
  return row.xinetd.instead.empty() ? fmt::format("ignores {}, and its restriction is lost", row.name)
                                    : fmt::format("ignores {}: {}", row.name, row.xinetd.instead);
}

std::string reading_of(const Service& service, const Attribute& row, Names& names) {
  if (!row.is_set(service.settings)) return {};
  if (row.xinetd.reads) return row.xinetd.reads(service, row, names);
  const bool concerned = !row.concerns || row.concerns(service);
  return concerned && is_lost(row) && protects(row, service.settings) ? ignores(row) : std::string{};
}

/// One line, and what xinetd does about it in how many services.
struct Loss {
  const Attribute* row = nullptr;
  Place place;
  std::string clause;
  std::vector<std::string> ids;  ///< none: it concerns the daemon
};

/// "Service x", "Services x and y", "Services a, b, c and 7 more".
std::string services_of(const std::vector<std::string>& ids) {
  constexpr std::size_t told_singly = 10;
  if (ids.size() == 1) return "Service " + ids.front();
  const std::size_t told = ids.size() > told_singly ? told_singly : ids.size() - 1;
  const std::string last = ids.size() > told_singly ? fmt::format("{} more", ids.size() - told) : ids.back();
  return fmt::format("Services {} and {}", base::join({ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(told)}, ", "), last);
}

class Losses {
 public:
  void look_at(const Service& service, Names& names) {
    for (const Attribute& row : attributes())
      if (std::string clause = reading_of(service, row, names); !clause.empty()) {
        const Source last = sources_of(service, row).back();
        const bool written = last.from != Source::From::built_in;
        loss(row, written ? last.place : service.place, std::move(clause)).ids.push_back(service.id);
      }
  }
  void look_at(const Settings& defaults) {
    for (const Origins::Line& line : defaults.origins.lines()) {
      const Attribute& row = attributes()[line.row];
      if (row.where != Where::defaults || !is_lost(row) || !row.is_set(defaults) || !protects(row, defaults)) continue;
      const Place place{defaults.origins.file(line), static_cast<int>(line.number), 0};
      loss(row, place, ignores(row));
    }
  }
  [[nodiscard]] const std::vector<Loss>& all() const { return all_; }

 private:
  /// A line of the defaults is told once, with all services that it is meant for.
  Loss& loss(const Attribute& row, const Place& place, std::string clause) {
    const auto [known, fresh] = known_.try_emplace(std::tuple(place.file, place.line, clause), all_.size());
    if (fresh) {
      Loss& added = all_.emplace_back();
      added.row = &row;
      added.place = place;
      added.clause = std::move(clause);
    }
    return all_[known->second];
  }

  std::vector<Loss> all_;
  std::map<std::tuple<std::string, int, std::string>, std::size_t> known_;
};

/// The lines of files, which settings only know by their numbers.
class Lines {
 public:
  explicit Lines(Files& files) : files_(files) {}

  /// Points at the name of the attribute, or at its first value.
  void point_at(Diagnostic& finding, const Attribute& row, bool value) {
    const Assignment* line = find(finding.place, row);
    if (!line) return;
    value = value && !line->values.empty();
    finding.place.column = value ? line->values.front().column : line->column;
    finding.width = static_cast<int>(value ? line->values.front().text.size() : line->name.size());
    finding.line_text = line->line_text;
  }

 private:
  const Assignment* find(const Place& place, const Attribute& row) {
    const auto [file, fresh] = parsed_.try_emplace(place.file);
    if (fresh)
      if (const auto text = files_.read(place.file)) {
        Diagnostics said_already;
        file->second = parse(*text, place.file, said_already).entries;
      }
    for (const Entry& entry : file->second)
      for (const Assignment& line : entry.assignments)
        if (line.line == place.line && find_attribute(line.name) == &row) return &line;
    return nullptr;
  }

  Files& files_;
  std::map<std::string, std::vector<Entry>> parsed_;
};

}  // namespace

std::vector<Diagnostic> lint_as_xinetd(const Config& config, Files& files, Names& names) {
  Losses losses;
  losses.look_at(config.defaults);
  for (const auto& service : config.services)
    if (!service->of_inetd) losses.look_at(*service, names);
  Lines lines(files);
  std::vector<Diagnostic> found;
  for (const Loss& loss : losses.all()) {
    const std::string who = loss.ids.empty() ? std::string{} : services_of(loss.ids) + ": ";
    Diagnostic& finding = found.emplace_back();
    finding.level = Level::warning;
    finding.place = loss.place;
    finding.sentence = fmt::format("{}xinetd {}", who, loss.clause);
    if (loss.ids.size() == 1) finding.id = loss.ids.front();
    lines.point_at(finding, *loss.row, in_xinetd(*loss.row));
  }
  return found;
}

}  // namespace xsuperd::config
