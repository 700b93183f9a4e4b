// SPDX-License-Identifier: MIT
// What `watch` shows, as lines of text. Internal to ctl; pure, but for the character set of the locale.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ctl/activity_page.hpp"

namespace xsuperd::ctl {

struct Watched {
  std::string title;    ///< the command line
  std::string text;     ///< what the command has printed
  std::string when;     ///< the time of day when it had
  int status = 0;       ///< its exit status
  std::string notice;   ///< what else is to be told, or empty
};

/// Lines as a terminal of that width would show them: longer ones go on in the next. Nothing in them does anything to a terminal.
[[nodiscard]] std::vector<Line> wrapped_lines(std::string_view text, std::size_t columns);
[[nodiscard]] Page watch_page(const Watched& watched, std::size_t first, PageSize size);

}  // namespace xsuperd::ctl
