// SPDX-License-Identifier: MIT
#include "ctl/watch_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ctl/table.hpp"

namespace xsuperd::ctl {

namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// How many bytes of `text` have room in so many columns, each character of which is one.
std::size_t fitting(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at)
    if (!continues(text[at]) && seen++ == columns) break;
  return at;
}

Line standing_line(const Watched& watched, std::size_t columns) {
  if (!watched.notice.empty()) return parts_line({watched.notice}, columns, Look::notice);
  if (watched.status != 0) return parts_line({watched.when, fmt::format("exit status {}", watched.status)}, columns, Look::notice);
  return parts_line({watched.when}, columns, Look::plain);
}

}  // namespace

std::vector<Line> wrapped_lines(std::string_view text, std::size_t columns) {
  std::vector<Line> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string all = displayable(text.substr(0, end));
    std::string_view rest = all;
    do {
      const std::size_t size = columns == 0 ? rest.size() : fitting(rest, columns);
      lines.push_back({{std::string(rest.substr(0, size)), Look::plain}});
      rest.remove_prefix(size);
    } while (!rest.empty());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Page watch_page(const Watched& watched, std::size_t first, PageSize size) {
  View view;
  view.first = first;
  std::vector<Line> above{{{cut(displayable(watched.title), size.columns), Look::strong}}, standing_line(watched, size.columns)};
  return scrolled(std::move(above), wrapped_lines(watched.text, size.columns), {"q quit", "space now", "arrows scroll"}, view, size);
}

}  // namespace xsuperd::ctl
