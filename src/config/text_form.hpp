// SPDX-License-Identifier: MIT
// The lines of a text, and what the editors of other systems do to it: a byte order mark, line ends with a CR. Internal to config.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/diagnostic.hpp"

namespace xsuperd::config {

/// `text` without its byte order mark; says in one warning for the file that there was one, or that lines end in CR LF.
/// An error, and nothing, for a text in UTF-16 (decision B15.28).
[[nodiscard]] std::string_view checked_form(std::string_view text, const std::string& file, Diagnostics& diagnostics);

/// A line, which ended at its LF, without a CR at its end.
[[nodiscard]] constexpr std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

struct Line {
  int number = 0;
  std::string_view text;
  std::string_view trimmed;
};

/// The lines that count: no comments, no blank ones. `last_number` is that of the last one of the text, whatever it is.
[[nodiscard]] std::vector<Line> significant_lines(std::string_view text, int& last_number);

}  // namespace xsuperd::config
