// SPDX-License-Identifier: MIT
#include "xsuperd/config/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {
/// Tabs are kept below tabs, so that the caret stands under its character whatever the tab width.
std::string caret_line(const Diagnostic& d) {
  std::string line;
  const auto before = std::min(d.line_text.size(), static_cast<std::size_t>(d.place.column - 1));
  for (std::size_t i = 0; i < before; ++i) line += d.line_text[i] == '\t' ? '\t' : ' ';
  line += '^';
  line.append(static_cast<std::size_t>(std::max(0, d.width - 1)), '~');
  return line;
}
}  // namespace

namespace {
/// A line of a file without what a terminal would obey: control characters of ASCII, and those of Unicode (U+0080 to
/// U+009F, in UTF-8), each byte replaced so that the caret stays below its character.
std::string harmless(std::string line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    const auto next = i + 1 < line.size() ? static_cast<unsigned char>(line[i + 1]) : 0U;
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) line[i] = '?';
    if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) line[i] = line[i + 1] = '?';
  }
  return line;
}
}  // namespace

std::string_view severity(Level level) {
  constexpr std::string_view words[]{"critical", "error", "warning", "note", "note", "debug"};
  return words[static_cast<unsigned>(level)];
}

std::string log_line(const Diagnostic& d) {
  std::string text = d.sentence;
  if (!d.suggestion.empty()) text += fmt::format(" ({})", d.suggestion);
  if (!d.place.file.empty()) text += fmt::format(" [file={}]", d.place.file);
  if (d.place.line > 0) text += fmt::format(" [line={}]", d.place.line);
  return base::escaped(text, 4096);
}

std::string explained(const Diagnostic& d) {
  std::string text;
  if (!d.place.file.empty()) text += base::escaped(d.place.file, 4096) + ':';
  if (d.place.line > 0) text += fmt::format("{}:", d.place.line);
  if (d.place.column > 0) text += fmt::format("{}:", d.place.column);
  if (!text.empty()) text += ' ';
  text += fmt::format("{}: {}\n", severity(d.level), base::escaped(d.sentence, 4096));
  if (!d.line_text.empty() && d.place.column > 0) {
    const std::string shown = harmless(d.line_text);
    text += fmt::format("    {}\n    {}\n", shown, caret_line(d));
  }
  if (!d.suggestion.empty()) text += fmt::format("    {}\n", base::escaped(d.suggestion, 4096));
  return text;
}

void Diagnostics::demote(std::size_t from, std::size_t end) {
  for (std::size_t i = from; i < std::min(end, all_.size()); ++i)
    if (all_[i].level <= Level::notice) all_[i].level = Level::info;
}

std::size_t Diagnostics::count(Level level) const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(), [level](const Diagnostic& d) { return d.level == level; }));
}

}  // namespace xsuperd::config
