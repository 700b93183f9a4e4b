// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/complete.hpp"
#include "config/merge.hpp"
#include "config/rules.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/config/origin.hpp"

namespace xsuperd::config {

namespace {

/// What is asked anew for each request, and of the service's settings alone.
constexpr std::array<std::string_view, 11> amendable{"access_times", "cps",       "fleet_per_source", "fleet_rate",      "instances", "max_load",
                                                     "no_access",    "only_from", "per_source",       "per_source_rate", "rate"};

bool is_list(std::string_view name) { return name == "no_access" || name == "only_from"; }

base::Result<Assignment> assignment_of(const std::string& line) {
  const std::size_t equals = line.find('=');
  if (equals == line.npos) return base::Error{0, fmt::format("'{}' is not of the form ATTRIBUTE=VALUES", base::escaped(line, 200))};
  std::string_view name = std::string_view(line).substr(0, equals);
  Assignment assignment;
  if (name.ends_with('+') || name.ends_with('-')) {
    assignment.op = name.ends_with('+') ? Operator::add : Operator::remove;
    name.remove_suffix(1);
  }
  name = base::trim(name);
  const Attribute* row = find_attribute(name);
  if (!row) {
    const auto near = base::nearest(name.substr(0, 64), {amendable.begin(), amendable.end()});
    return base::Error{0, fmt::format("unknown attribute {}{}", base::escaped(name, 200), near ? fmt::format("; did you mean '{}'?", *near) : "")};
  }
  if (std::ranges::find(amendable, row->name) == amendable.end())
    return base::Error{0, fmt::format("{} can only be changed in the file; what can be set are {}", row->name, fmt::join(amendable, ", "))};
  assignment.name = row->name;
  assignment.line_text = line;
  for (const std::string_view word : base::split_words(std::string_view(line).substr(equals + 1))) assignment.values.push_back({std::string(word), 0});
  return assignment;
}

/// Why the lines cannot hold for the service that they have led to; empty: they can.
std::string objection(const Entry& entry, const Service& before, const Service& after, Applied applied, const Diagnostics& findings) {
  for (const Diagnostic& one : findings.all())
    if (one.level <= Level::warning) return one.sentence;
  if (applied != Applied::good) return "a value is not understood";
  const bool lists = std::ranges::any_of(entry.assignments, [](const Assignment& one) { return is_list(one.name); });
  if (lists && (before.steered() || after.steered())) return "its access lists are kept by the kernel: change them in the file, and reload";
  for (const Rule& rule : rules())
    if (rule.level == Level::error && rule.broken(after)) return rule.sentence(after);
  return {};
}

/// Who is admitted because nobody has said who: that is no list to which a line would add.
void forget_default_peers(Service& service) {
  const auto sources = sources_of(service, *find_attribute("only_from"));
  if (std::ranges::all_of(sources, [](const Source& one) { return one.from == Source::From::built_in; })) service.settings.only_from.reset();
}

/// A line with -= that takes nothing away, which is what somebody believes who has made a mistake in it; null: none.
const Assignment* in_vain(const Entry& entry, Settings settings, Files& files, Names& names) {
  for (const Assignment& one : entry.assignments) {
    if (!is_list(one.name)) continue;
    const Entry alone{.name = entry.name, .place = entry.place, .line_text = {}, .assignments = {one}};
    Diagnostics ignored;
    const Attribute& row = *find_attribute(one.name);
    const auto list = [&] { return row.is_set(settings) ? row.print(settings) : std::string(); };
    const std::string before = list();
    (void)apply({files, names, ignored, alone, false}, settings);
    if (one.op == Operator::remove && list() == before) return &one;
  }
  return nullptr;
}

bool takes_away(const Entry& entry) {
  return std::ranges::any_of(entry.assignments, [](const Assignment& one) { return one.op == Operator::remove; });
}

}  // namespace

base::Result<std::shared_ptr<const Service>> amend(const Service& service, const std::vector<std::string>& lines, Files& files, Names& names) {
  Entry entry{.name = service.name, .place = {.file = std::string(amended_at)}, .line_text = {}};
  for (const std::string& line : lines) {
    auto assignment = assignment_of(line);
    if (!assignment) return assignment.error();
    entry.assignments.push_back(std::move(*assignment));
  }
  Diagnostics findings;
  const ValueContext context{files, names, findings, entry, false};
  auto after = std::make_shared<Service>(service);
  forget_default_peers(*after);
  const Settings from = after->settings;
  const Applied applied = apply(context, after->settings);
  admit_local_peers(*after);
  if (const std::string why = objection(entry, service, *after, applied, findings); !why.empty())
    return base::Error{0, fmt::format("service {}: {}", service.id, why)};
  if (const Assignment* line = takes_away(entry) ? in_vain(entry, from, files, names) : nullptr)
    return base::Error{0, fmt::format("service {}: nothing of '{}' is in the list", service.id, base::escaped(line->line_text, 200))};
  return std::shared_ptr<const Service>(std::move(after));
}

}  // namespace xsuperd::config
