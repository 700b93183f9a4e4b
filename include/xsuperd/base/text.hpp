// SPDX-License-Identifier: MIT
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Text helpers that more than one layer needs. ASCII rules everywhere, whatever the locale (fact B2.8). Pure.
namespace xsuperd::base {

/// The six characters of isspace(3) in the C locale.
[[nodiscard]] constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r';
}
/// Blank or tab: what separates the words of a line (fact B2.4).
[[nodiscard]] constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
[[nodiscard]] constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Equal when upper and lower case count as the same.
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text);
[[nodiscard]] std::string join(const std::vector<std::string>& words, std::string_view between = " ");

/// The text after the last slash: argv[0] of a server (fact B6.19).
[[nodiscard]] std::string_view last_component(std::string_view path);

/// Peers' bytes made fit for one log line: control characters, bytes above 0x7e and backslashes become \xHH, and
/// what is longer than `most` bytes is cut and ends in "...". (Decision on B12.32.)
[[nodiscard]] std::string escaped(std::string_view bytes, std::size_t most = 1024);

/// A decimal number as strtol(3) base 10 takes it from a configuration word: optional sign and leading zeros, and
/// nothing behind it. Nothing when it is no number or lies outside low..high: unlike xinetd no value wraps
/// (decision B15.16).
[[nodiscard]] std::optional<long long> parse_number(std::string_view word,
                                                    long long low = std::numeric_limits<long long>::min(),
                                                    long long high = std::numeric_limits<long long>::max());

/// Two lower-case digits for each byte.
[[nodiscard]] std::string hexadecimal(std::string_view bytes);
[[nodiscard]] std::string hexadecimal(std::span<const std::uint8_t> bytes);
/// Nothing but digits as hexadecimal() writes them? True of an empty text.
[[nodiscard]] bool is_hexadecimal(std::string_view text);
/// The bytes that hexadecimal() has written so; nothing when it cannot have been.
[[nodiscard]] std::optional<std::string> from_hexadecimal(std::string_view text);
/// What one digit says, upper or lower case; nothing when it is none.
[[nodiscard]] std::optional<std::uint8_t> hexadecimal_digit(char c);

/// Number of single-character edits (insert, delete, replace, swap neighbours) between two words, upper and lower
/// case alike.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, when it is near enough to be what was meant (at most a third of the letters
/// differ); for "did you mean".
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      const std::vector<std::string_view>& candidates);

}  // namespace xsuperd::base
