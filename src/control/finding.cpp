// SPDX-License-Identifier: MIT
#include "xsuperd/control/finding.hpp"

#include <algorithm>
#include <limits>

namespace xsuperd::control {

namespace {

std::optional<std::string> text_or_none(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}
std::optional<std::int64_t> number_or_none(int number) {
  return number > 0 ? std::optional<std::int64_t>(number) : std::nullopt;
}

int small_number(const std::optional<std::int64_t>& number, int otherwise) {
  return static_cast<int>(std::clamp<std::int64_t>(number.value_or(otherwise), 0, std::numeric_limits<int>::max()));
}

config::Level level_of(std::string_view word) {
  using config::Level;
  for (const Level level : {Level::critical, Level::error, Level::warning, Level::notice, Level::debug})
    if (config::severity(level) == word) return level;
  return Level::error;
}

}  // namespace

reply::Finding finding_of(const config::Diagnostic& d) {
  reply::Finding finding;
  finding.level = config::severity(d.level);
  finding.file = text_or_none(d.place.file);
  finding.line = number_or_none(d.place.line);
  finding.column = number_or_none(d.place.column);
  if (d.place.column > 0) finding.width = number_or_none(d.width);
  finding.sentence = d.sentence;
  finding.text = text_or_none(d.line_text);
  finding.hint = text_or_none(d.suggestion);
  finding.service = text_or_none(d.id);
  return finding;
}

config::Diagnostic diagnostic_of(const reply::Finding& finding) {
  config::Diagnostic d;
  d.level = level_of(finding.level);
  d.place = {finding.file.value_or(""), small_number(finding.line, 0), small_number(finding.column, 0)};
  d.sentence = finding.sentence;
  d.line_text = finding.text.value_or("");
  d.width = std::min(small_number(finding.width, 1), static_cast<int>(std::min<std::size_t>(d.line_text.size() + 1, 4096)));
  d.suggestion = finding.hint.value_or("");
  d.id = finding.service.value_or("");
  return d;
}

}  // namespace xsuperd::control
