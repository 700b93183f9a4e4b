// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Directives of systemd.exec(5) and systemd.resource-control(5) that an attribute of a box says alike, in both directions. A
/// row counts as soon as the table of attributes has one of that name: until then the directive is reported as one without an
/// equivalent. Pure.
namespace xsuperd::convert {

struct BoxWord {
  enum class Kind : std::uint8_t {
    flag,     ///< yes or no
    path,     ///< one absolute path
    paths,    ///< absolute paths; lines add up
    lax_paths,  ///< the same, of which some may be missing: systemd has a - before those
    size,     ///< bytes; "infinity" is no limit
    count,    ///< a number; likewise
    percent,  ///< of a processor, as "50%"
    weight,   ///< 1 to 10000
  };
  std::string_view directive, attribute;
  Kind kind;
};

[[nodiscard]] std::span<const BoxWord> box_words();

/// The values that the attribute has for that of the directive; none: the attribute need not be given. Nothing where it cannot say
/// the same.
[[nodiscard]] std::optional<std::vector<std::string>> attribute_values(const BoxWord& word, std::string_view value);
/// The value of the directive for those of the attribute as they stand in a file.
[[nodiscard]] std::string directive_value(const BoxWord& word, std::string_view values);

}  // namespace xsuperd::convert
