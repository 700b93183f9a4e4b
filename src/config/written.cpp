// SPDX-License-Identifier: MIT
#include "config/written.hpp"

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::config {

namespace {

const Assignment* line_of(const Entry& entry, std::string_view attribute) {
  for (const Assignment& a : entry.assignments)
    if (const Attribute* row = find_attribute(a.name); row && row->name == attribute) return &a;
  return nullptr;
}

void point_at(Diagnostic& finding, const Entry& entry, const Assignment& line) {
  const bool valued = !line.values.empty();
  finding.place = {entry.place.file, line.line, valued ? line.values.front().column : line.column};
  finding.line_text = line.line_text;
  finding.width = static_cast<int>(valued ? line.values.front().text.size() : line.name.size());
}

}  // namespace

Diagnostic Written::finding(Level level, std::string_view attribute, std::string sentence, std::string hint,
                            std::string id) const {
  Diagnostic finding;
  finding.level = level;
  finding.sentence = std::move(sentence);
  finding.suggestion = std::move(hint);
  finding.id = std::move(id);
  if (const Assignment* line = line_of(entry_, attribute)) return point_at(finding, entry_, *line), finding;
  for (const Entry* entry : defaults_)
    if (const Assignment* line = line_of(*entry, attribute)) return point_at(finding, *entry, *line), finding;
  finding.place = entry_.place;
  finding.line_text = entry_.line_text;
  finding.width = static_cast<int>(base::trim(entry_.line_text).size());
  return finding;
}

Diagnostic Written::finding_in(Level level, std::string_view attribute, std::string_view value, std::size_t at,
                               std::string sentence, std::string hint, std::string id) const {
  Diagnostic finding = this->finding(level, attribute, std::move(sentence), std::move(hint), std::move(id));
  for (const Assignment& line : entry_.assignments) {
    const Attribute* row = find_attribute(line.name);
    const auto found = std::ranges::find(line.values, value, &Value::text);
    if (!row || row->name != attribute || found == line.values.end()) continue;
    finding.place = {entry_.place.file, line.line, found->column + static_cast<int>(at)};
    finding.line_text = line.line_text;
    finding.width = static_cast<int>(value.size() - at);
    break;
  }
  return finding;
}

}  // namespace xsuperd::config
