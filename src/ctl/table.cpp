// SPDX-License-Identifier: MIT
#include "ctl/table.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "xsuperd/base/utf8.hpp"

namespace xsuperd::ctl {

namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string padded(const std::string& text, std::size_t width, Column::Align align) {
  const std::size_t own = width_of(text);
  const std::string blanks(width > own ? width - own : 0, ' ');
  return align == Column::Align::right ? blanks + text : text + blanks;
}

/// Takes from the columns that give way, the widest first, until the line fits or they are down to 8.
void squeeze(std::vector<std::size_t>& widths, const std::vector<Column>& columns, std::size_t width) {
  constexpr std::size_t least = 8;
  const auto line = [&] {
    std::size_t sum = 2 * (widths.size() - 1);
    for (const std::size_t w : widths) sum += w;
    return sum;
  };
  while (line() > width) {
    std::size_t widest = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i].gives_way && widths[i] > least && (widest == columns.size() || widths[i] > widths[widest])) widest = i;
    if (widest == columns.size()) return;
    --widths[widest];
  }
}

/// By its name: most have them.
bool has_colours(std::string_view terminal) {
  const bool old = terminal.size() > 2 && terminal.starts_with("vt") && terminal[2] >= '0' && terminal[2] <= '9';
  return terminal != "dumb" && !old && !terminal.ends_with("-m") && !terminal.ends_with("-mono");
}

struct Style {
  bool title = false, colours = false;
};

/// By ECMA-48 (SGR): bold, yellow, bold red.
std::string_view colour_of(Tone tone) {
  return tone == Tone::alarm ? "\x1b[1;31m" : tone == Tone::warning ? "\x1b[33m" : "";
}

/// The blanks around a cell have no colour.
std::string coloured(const std::string& text, std::string_view colour) {
  const std::size_t begin = text.find_first_not_of(' '), end = text.find_last_not_of(' ') + 1;
  if (colour.empty() || end == 0) return text;
  return fmt::format("{}{}{}\x1b[0m{}", text.substr(0, begin), colour, text.substr(begin, end - begin), text.substr(end));
}

std::string line_of(const std::vector<Column>& columns, const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                    const Style& style) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    const bool toned = style.colours && !style.title && column.tone;
    const std::string text = padded(column.gives_way ? cut(cells[i], widths[i]) : cells[i], widths[i], column.align);
    line += (i > 0 ? "  " : "") + coloured(text, toned ? colour_of(column.tone(cells[i])) : "");
  }
  line.resize(line.find_last_not_of(' ') + 1);
  return (style.title && style.colours ? coloured(line, "\x1b[1m") : line) + "\n";
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string cut(const std::string& text, std::size_t width) {
  if (width_of(text) <= width) return text;
  const std::size_t keep = width > 2 ? width - 2 : 0;
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at)
    if (!continues(text[at]) && seen++ == keep) break;
  return text.substr(0, at) + (width > 2 ? ".." : "");
}

std::string fit_for_terminal(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = base::utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    // The control characters above ASCII are U+0080 to U+009F, among them one that begins commands. To a terminal that
    // does not speak UTF-8 so is the byte 0x9b.
    if (length == 0 || first < 0x20 || first == 0x7f)
      out += fmt::format("\\x{:02x}", first);
    else if (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[1]));
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string render(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows, const Screen& screen) {
  std::vector<std::vector<std::string>> cells(1);
  for (const Column& column : columns) cells[0].push_back(column.title);
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (const std::string& cell : row) line.push_back(fit_for_terminal(cell));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& line : cells)
    for (std::size_t i = 0; i < columns.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  if (screen.width > 0) squeeze(widths, columns, screen.width);
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) text += line_of(columns, cells[i], widths, {i == 0, screen.colours});
  return text;
}

Screen standard_output() {
  const char* refused = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  const bool colours = ::isatty(STDOUT_FILENO) == 1 && (!refused || *refused == '\0') && kind && *kind != '\0' && has_colours(kind);
  return {terminal_width(), colours};
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string duration_text(double seconds) {
  // Whatever number a daemon tells: also one that no integer is as great as, and none at all (0e3008 is read as one).
  const auto s = seconds > 0 ? static_cast<long long>(std::min(seconds, 1e15)) : 0;
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

}  // namespace xsuperd::ctl
