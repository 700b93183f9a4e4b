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
  if (!d.place.file.empty()) text += d.place.file + ':';
  if (d.place.line > 0) text += fmt::format("{}:", d.place.line);
  if (d.place.column > 0) text += fmt::format("{}:", d.place.column);
  if (!text.empty()) text += ' ';
  text += fmt::format("{}: {}\n", severity(d.level), base::escaped(d.sentence, 4096));
  if (!d.line_text.empty() && d.place.column > 0) {
    std::string shown = d.line_text;
    for (char& c : shown)
      if (c != '\t' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) c = '?';
    text += fmt::format("    {}\n    {}\n", shown, caret_line(d));
  }
  if (!d.suggestion.empty()) text += fmt::format("    {}\n", d.suggestion);
  return text;
}

std::size_t Diagnostics::count(Level level) const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(), [level](const Diagnostic& d) { return d.level == level; }));
}

}  // namespace xsuperd::config
