// SPDX-License-Identifier: MIT
#include "ctl/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "xsuperd/base/text.hpp"

namespace xsuperd::ctl {

namespace {
constexpr std::int64_t greatest = 10'000'000'000;
struct Unit {
  char letter;
  std::int64_t minutes;
};
constexpr Unit units[]{{'d', 24 * 60}, {'h', 60}, {'m', 1}};
}  // namespace

std::optional<std::int64_t> minutes_of(std::string_view word) {
  std::int64_t unit = 1;
  for (const Unit& one : units)
    if (word.ends_with(one.letter)) unit = one.minutes;
  const std::string_view digits = word.substr(0, word.find_first_not_of("0123456789"));
  const std::string_view rest = word.substr(digits.size());
  const bool known = rest.empty() || (rest.size() == 1 && std::any_of(std::begin(units), std::end(units), [&](const Unit& u) { return rest[0] == u.letter; }));
  const auto number = known && !digits.empty() ? base::parse_number(digits, 1, greatest) : std::nullopt;
  if (!number || *number > greatest / unit) return std::nullopt;
  return *number * unit;
}

std::string minutes_text(std::int64_t minutes) {
  for (const Unit& one : units)
    if (minutes % one.minutes == 0) return fmt::format("{}{}", minutes / one.minutes, one.letter);
  return {};
}

base::Result<std::chrono::milliseconds> interval_of(const std::string& word) {
  double seconds = 0;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, seconds);
  if (read.ec != std::errc{} || read.ptr != end || !(seconds >= 0.1 && seconds <= 3600))
    return base::Error{0, fmt::format("'{}' is not a number of seconds from 0.1 to 3600", base::escaped(word, 100))};
  return std::chrono::milliseconds(static_cast<long>(seconds * 1000));
}

}  // namespace xsuperd::ctl
