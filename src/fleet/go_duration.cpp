// SPDX-License-Identifier: MIT
#include "fleet/go_duration.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fleet {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
/// A name that another begins with stands behind that.
constexpr std::array go_units{Unit{"ns", 1}, Unit{"us", 1'000}, Unit{"\u00b5s", 1'000}, Unit{"\u03bcs", 1'000}, Unit{"ms", 1'000'000},
                              Unit{"h", 3'600'000'000'000}, Unit{"m", 60'000'000'000}, Unit{"s", 1'000'000'000}};
constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t most_nanoseconds = most_seconds * second;  ///< what is more need not be known exactly
constexpr std::size_t most_parts = 8, most_decimals = 6;           ///< further decimals are less than an hour has nanoseconds of

std::uint64_t take_digits(std::string_view& from, std::size_t& count) {
  std::uint64_t value = 0;
  for (count = 0; !from.empty() && from.front() >= '0' && from.front() <= '9'; from.remove_prefix(1), ++count)
    value = value > most_nanoseconds / 10 ? most_nanoseconds : 10 * value + static_cast<std::uint64_t>(from.front() - '0');
  return value;
}

/// In millionths.
std::uint64_t take_decimals(std::string_view& from, std::size_t& count) {
  const std::string_view all = from;
  (void)take_digits(from, count);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < most_decimals; ++i) value = 10 * value + (i < count ? static_cast<std::uint64_t>(all[i] - '0') : 0);
  return value;
}

/// "59m", "12.3s"; false when none begins there.
bool take_part(std::string_view& from, std::uint64_t& sum) {
  std::size_t digits = 0, decimals = 0;
  const std::uint64_t whole = take_digits(from, digits);
  std::uint64_t millionths = 0;
  if (from.starts_with('.')) {
    from.remove_prefix(1);
    millionths = take_decimals(from, decimals);
  }
  if (digits + decimals == 0) return false;
  const auto unit = std::ranges::find_if(go_units, [&](const Unit& one) { return from.starts_with(one.name); });
  if (unit == go_units.end()) return false;
  from.remove_prefix(unit->name.size());
  const std::uint64_t part = whole > most_nanoseconds / unit->nanoseconds ? most_nanoseconds + 1 : whole * unit->nanoseconds;
  sum = std::min(sum + part + millionths * unit->nanoseconds / 1'000'000, most_nanoseconds + 1);
  return true;
}

}  // namespace

std::optional<std::uint64_t> read_go_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  std::uint64_t sum = 0;
  std::size_t parts = 0;
  for (; !text.empty(); ++parts)
    if (parts == most_parts || !take_part(text, sum)) return std::nullopt;
  if (parts == 0) return std::nullopt;
  return negative ? 0 : (sum + second - 1) / second;
}

}  // namespace xsuperd::fleet
