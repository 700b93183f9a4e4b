// SPDX-License-Identifier: MIT
#include "convert/unit_text.hpp"

#include <fmt/format.h>

#include "convert/entry_text.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

std::string doubled(std::string_view text, std::string_view which) {
  std::string result;
  for (const char c : text) result.append(which.find(c) == which.npos ? 1u : 2u, c);
  return result;
}

bool needs_quotes(std::string_view word) {
  return word.empty() || word == ";" || word.find_first_of(" \t\n\r\v\f\"'\\") != word.npos;
}

std::string in_quotes(std::string_view word) {
  std::string result = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\')
      result += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result + "\"";
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = base::lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : 99;
}

/// Takes the value of `count` digits off the front of `text`.
std::optional<char> take_digits(std::string_view& text, std::size_t count, int radix) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (digit(text[i]) >= radix) return std::nullopt;
    value = value * radix + digit(text[i]);
  }
  if (value == 0 || value > 255) return std::nullopt;
  text.remove_prefix(count);
  return static_cast<char>(value);
}

/// What the escape at the front of `text`, behind its backslash, stands for; taken off.
std::optional<char> take_escape(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  constexpr std::string_view letters = "abfnrtv\\\"'s;";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\\"' ;";
  if (const std::size_t at = letters.find(text[0]); at != letters.npos) {
    text.remove_prefix(1);
    return meanings[at];
  }
  if (text[0] != 'x') return take_digits(text, 3, 8);
  text.remove_prefix(1);
  return take_digits(text, 2, 16);
}

/// Takes a word off the front of `text`, which begins with one.
std::optional<std::string> take_word(std::string_view& text) {
  std::string word;
  char quote = 0;
  while (!text.empty() && (quote || !base::is_space(text[0]))) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c == '\\') {
      const auto meant = take_escape(text);
      if (!meant) return std::nullopt;
      word += *meant;
    } else if (quote ? c == quote : c == '"' || c == '\'') {
      quote = quote ? '\0' : c;
    } else {
      word += c;
    }
  }
  if (quote) return std::nullopt;
  return word;
}

}  // namespace

void UnitText::comment(std::string_view text) { text_ += comment_line(text) + "\n"; }

std::string percent_doubled(std::string_view text) { return doubled(text, "%"); }

std::string unit_word(std::string_view word) {
  return needs_quotes(word) ? in_quotes(doubled(word, "%")) : doubled(word, "%");
}

std::string command_word(std::string_view word) {
  return needs_quotes(word) ? in_quotes(doubled(word, "%$")) : doubled(word, "%$");
}

std::optional<std::vector<std::string>> unit_words(std::string_view value) {
  std::vector<std::string> words;
  while (true) {
    while (!value.empty() && base::is_space(value[0])) value.remove_prefix(1);
    if (value.empty()) return words;
    auto word = take_word(value);
    if (!word) return std::nullopt;
    words.push_back(std::move(*word));
  }
}

}  // namespace xsuperd::convert
