// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

/// Which services are meant by a word that somebody has written. Pure.
namespace xsuperd::policy {

/// What a service or an entry may be called.
struct Named {
  std::string_view id;
  std::string_view name;
};

/// Does it have a `*` or a `?`?
[[nodiscard]] bool is_pattern(std::string_view word);
/// Does all of `text` match, `*` being any bytes and `?` any one, upper and lower case of ASCII alike? Takes at most as
/// many steps as the product of both lengths.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

/// The indexes of those in `all` that `word` means, in ascending order: those of that id; where there is none, those of
/// that name; where there is none either, those whose id matches the word as a pattern, and at last those whose name
/// does. Upper and lower case of ASCII alike.
[[nodiscard]] std::vector<std::size_t> meant_by(std::string_view word, std::span<const Named> all);

}  // namespace xsuperd::policy
