// SPDX-License-Identifier: MIT
#include "xsuperd/control/codec.hpp"

#include <fmt/format.h>

#include <cmath>

#include "xsuperd/control/schema/command.hpp"

namespace xsuperd::control {

json::value codec::number_value(double number) {
  const bool whole = number == std::floor(number) && std::abs(number) < 1e15;
  return whole ? json::value(static_cast<std::int64_t>(number)) : json::value(number);
}

std::string codec::missing(std::string_view name) { return fmt::format("the argument '{}' is missing", name); }

std::string codec::of_another_kind(std::string_view name, std::string_view what_it_must_be) {
  return fmt::format("'{}' must be {}", name, what_it_must_be);
}

std::string codec::list_of(std::string_view elements, std::size_t most) {
  return most == most_elements<void> ? fmt::format("a list of {}", elements) : fmt::format("a list of at most {} {}", most, elements);
}

std::vector<std::string> words_of(const Maybe<std::string>& one, const Maybe<UpTo<std::string, most_words>>& many) {
  std::vector<std::string> words;
  if (one) words.push_back(*one);
  if (many) words.insert(words.end(), many->begin(), many->end());
  return words;
}

void put_words(const std::vector<std::string>& words, Maybe<std::string>& one, Maybe<UpTo<std::string, most_words>>& many) {
  if (words.size() == 1) one = words.front();
  if (words.size() > 1) many.emplace(words.begin(), words.end());
}

}  // namespace xsuperd::control
