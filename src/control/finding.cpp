// SPDX-License-Identifier: MIT
#include "xsuperd/control/finding.hpp"

#include <algorithm>
#include <limits>

namespace xsuperd::control {

namespace {

json::value text_or_null(std::string_view text) { return text.empty() ? json::value(nullptr) : json::value(json_text(text)); }
json::value number_or_null(int number) { return number > 0 ? json::value(number) : json::value(nullptr); }

int small_number_at(const json::object& object, std::string_view name, int otherwise) {
  const std::int64_t number = number_at(object, name).value_or(otherwise);
  return static_cast<int>(std::clamp<std::int64_t>(number, 0, std::numeric_limits<int>::max()));
}

config::Level level_at(const json::object& object) {
  using config::Level;
  const std::string word = string_at(object, "level").value_or("");
  for (const Level level : {Level::critical, Level::error, Level::warning, Level::notice, Level::debug})
    if (config::severity(level) == word) return level;
  return Level::error;
}

}  // namespace

json::object json_finding(const config::Diagnostic& d) {
  return {{"level", config::severity(d.level)},
          {"file", text_or_null(d.place.file)},
          {"line", number_or_null(d.place.line)},
          {"column", number_or_null(d.place.column)},
          {"width", d.place.column > 0 ? number_or_null(d.width) : json::value(nullptr)},
          {"sentence", json_text(d.sentence)},
          {"text", text_or_null(d.line_text)},
          {"hint", text_or_null(d.suggestion)},
          {"service", text_or_null(d.id)}};
}

config::Diagnostic finding_of(const json::object& object) {
  config::Diagnostic d;
  d.level = level_at(object);
  d.place = {string_at(object, "file").value_or(""), small_number_at(object, "line", 0), small_number_at(object, "column", 0)};
  d.sentence = string_at(object, "sentence").value_or("");
  d.line_text = string_at(object, "text").value_or("");
  d.width = std::min(small_number_at(object, "width", 1), static_cast<int>(std::min<std::size_t>(d.line_text.size() + 1, 4096)));
  d.suggestion = string_at(object, "hint").value_or("");
  d.id = string_at(object, "service").value_or("");
  return d;
}

}  // namespace xsuperd::control
