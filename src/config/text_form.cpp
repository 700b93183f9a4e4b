// SPDX-License-Identifier: MIT
#include "config/text_form.hpp"

#include <fmt/format.h>

#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {
void add(Diagnostics& diagnostics, Level level, const std::string& file, std::string sentence, std::string hint) {
  Diagnostic found;
  found.level = level;
  found.place.file = file;
  found.place.line = 1;
  found.sentence = std::move(sentence);
  found.suggestion = std::move(hint);
  diagnostics.add(std::move(found));
}
}  // namespace

std::string_view checked_form(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    add(diagnostics, Level::error, file, "the file is in UTF-16 and is not read",
        "save it as UTF-8 without a byte order mark");
    return {};
  }
  const bool marked = text.starts_with(mark);
  if (marked) text.remove_prefix(mark.size());
  const bool returns = text.find("\r\n") != text.npos;
  if (marked && returns)
    add(diagnostics, Level::warning, file, "the file begins with a byte order mark, and its lines end in CR LF; both are ignored",
        "dos2unix removes both");
  else if (marked)
    add(diagnostics, Level::warning, file, "the file begins with a byte order mark, which is ignored",
        "save it as UTF-8 without a byte order mark");
  else if (returns)
    add(diagnostics, Level::warning, file, "the lines of the file end in CR LF; each CR is ignored", "dos2unix removes them");
  return text;
}

std::vector<Line> significant_lines(std::string_view text, int& last_number) {
  std::vector<Line> lines;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view whole = text.substr(0, end);
    const std::string_view line = without_cr(whole.substr(0, whole.find('\0')));  // a NUL ends the line (fact B13.5)
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    ++number;
    const std::string_view trimmed = base::trim(line);
    if (!trimmed.empty() && trimmed.front() != '#') lines.push_back({number, line, trimmed});
  }
  last_number = number;
  return lines;
}

}  // namespace xsuperd::config
