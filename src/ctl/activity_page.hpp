// SPDX-License-Identifier: MIT
// What `top` shows, as lines of text. Internal to ctl; pure, but for the character set of the locale.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/activity.hpp"

namespace xsuperd::ctl {

/// What a piece of text is, for whoever chooses colours.
enum class Look : std::uint8_t { plain, faint, strong, title, sorted_title, refusing, failing, notice, marked };

struct Span {
  std::string text;
  Look look = Look::plain;
};
using Line = std::vector<Span>;

struct PageSize {
  std::size_t columns = 0, lines = 0;  ///< 0: as many as it takes
};

struct View {
  Sort sort = Sort::rate;
  std::size_t first = 0;  ///< how many lines of what can be scrolled are scrolled past
  std::string notice;     ///< a sentence for the reader, or empty
  bool keys = false;      ///< the last line says which keys there are
  std::optional<std::size_t> marked = {};  ///< the place of a service, which must be seen
  std::string filter = {};                 ///< the pattern that has chosen the services, or empty
  std::optional<std::string> typed = {};   ///< the one that is being typed
  std::size_t all = 0;                     ///< with a filter: how many services there are
};

struct Page {
  std::vector<Line> lines;    ///< none longer than the columns, and no more than there is room for
  std::size_t first = 0;      ///< as in View, and never so far that rows stay empty that need not
  std::size_t room = 0;       ///< for what can be scrolled, in lines
};
/// `activity` is sorted already. Only what is visible costs anything to speak of.
[[nodiscard]] Page page_of(const Activity& activity, const View& view, PageSize size);
/// Has a terminal of that width room for the column that only an answer to `list` can fill?
[[nodiscard]] bool shows_sessions(std::size_t columns);
/// Those above, then as much of the body as there is room for from `view.first` on, then the keys.
[[nodiscard]] Page scrolled(std::vector<Line> above, const std::vector<Line>& body, std::vector<std::string> keys,
                            const View& view, PageSize size);
/// As many of the parts, from the first on, as there is room for, two blanks between them.
[[nodiscard]] Line parts_line(const std::vector<std::string>& parts, std::size_t columns, Look look);
/// Lines as text, without looks and trailing blanks.
[[nodiscard]] std::string text_of(const Page& page);

/// Characters that the locale's character set has and that take one column stay. All others, invalid bytes and, unless
/// that set is UTF-8, all above ASCII become \xHH for each byte; so each character of UTF-8 in it is one column.
[[nodiscard]] std::string displayable(std::string_view text);
/// 0.25 s as "250ms", and the like, in at most 6 columns.
[[nodiscard]] std::string brief_duration(double seconds);
/// In at most 6 columns: "0", "0.25", "12.5", "1234", "12.3k", "1.2M".
[[nodiscard]] std::string brief_number(double number);

}  // namespace xsuperd::ctl
