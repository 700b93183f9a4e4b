// SPDX-License-Identifier: MIT
// Text in columns. Internal to ctl; pure.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xsuperd::ctl {

/// How a cell is to look where there are colours: as usual, yellow, or red.
enum class Tone { plain, warning, alarm };

struct Column {
  std::string title;
  enum class Align { left, right } align = Align::left;
  bool gives_way = false;  ///< cut when the line is too long for the terminal
  Tone (*tone)(std::string_view cell) = nullptr;  ///< of a cell of this column; null: plain
};
inline constexpr auto right = Column::Align::right;

/// Where a table is to stand.
struct Screen {
  std::size_t width = 0;  ///< in columns; 0: as wide as it gets
  bool colours = false;
};
/// Standard output: colours if it is a terminal that has them and NO_COLOR is not set (https://no-color.org).
[[nodiscard]] Screen standard_output();

/// Lines with a title line, two blanks between columns. On a screen with a width, columns that give way are cut, with "..", so
/// that lines fit if that is possible. Every cell is made fit for a terminal first. With colours the titles are bold.
[[nodiscard]] std::string render(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows,
                                 const Screen& screen);

/// How many columns a text takes on a terminal: each character of UTF-8 counts as one.
[[nodiscard]] std::size_t width_of(std::string_view text);
/// At most `width` columns of it; the end of what is longer is "..".
[[nodiscard]] std::string cut(const std::string& text, std::size_t width);
/// Control characters, which could do anything to a terminal, and bytes that are no UTF-8, as \xHH or \uHHHH.
[[nodiscard]] std::string fit_for_terminal(std::string_view text);

/// Of the terminal on standard output; 0 when there is none.
[[nodiscard]] std::size_t terminal_width();

/// "3d 4h", "12 s": the two largest units.
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace xsuperd::ctl
