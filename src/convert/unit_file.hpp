// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "convert/report.hpp"

/// Units as they are read, systemd.syntax(7).
namespace xsuperd::convert {

/// KEY=VALUE in a section.
struct Directive {
  std::string section;
  std::string key;
  std::string value;  ///< continued lines joined by blanks
  config::Place place;
  bool used = false;  ///< somebody has looked at it
};

/// A unit with its drop-ins. Who asks for a directive has understood it; the rest can be listed at the end.
class Unit {
 public:
  std::string name;  ///< without directory
  config::Place place;

  /// Adds the directives of a file. What systemd would pass over with a warning is an error here.
  void add(const std::string& text, const std::string& file, Report& report);

  /// The last assignment; null when there is none, or when it is empty.
  [[nodiscard]] const Directive* last(std::string_view section, std::string_view key);
  /// All assignments since the last empty one.
  [[nodiscard]] std::vector<const Directive*> all(std::string_view section, std::string_view key);
  /// All assignments, also the empty ones and those before them.
  [[nodiscard]] std::vector<const Directive*> every(std::string_view section, std::string_view key);
  /// What all() would return, without having looked at it.
  [[nodiscard]] std::vector<const Directive*> look(std::string_view section, std::string_view key) const;
  /// All whose key begins so; an empty one takes back all before it.
  [[nodiscard]] std::vector<const Directive*> all_beginning(std::string_view section, std::string_view prefix);
  /// Nobody needs to hear of these.
  void pass_over(std::string_view section, std::string_view key);
  void pass_over(std::string_view section);
  [[nodiscard]] std::vector<const Directive*> unused() const;

  /// The name up to an "@", or to the dot of its kind.
  [[nodiscard]] std::string prefix() const { return name.substr(0, std::min(name.find('@'), name.rfind('.'))); }
  /// What stands between "@" and the dot; empty for a template and for a unit that is no instance.
  [[nodiscard]] std::string instance() const;

 private:
  std::deque<Directive> directives_;
};

/// "1 yes y true t on", upper and lower case alike; nothing if it is not a boolean.
[[nodiscard]] std::optional<bool> unit_boolean(std::string_view value);
/// "5min 20s" in microseconds; a bare number is seconds. Nothing if it is not a time, or "infinity".
[[nodiscard]] std::optional<std::uint64_t> unit_microseconds(std::string_view value);
/// The same in seconds, rounded up.
[[nodiscard]] std::optional<std::uint64_t> unit_seconds(std::string_view value);
/// "8M" in bytes; K, M, G, T to the base of 1024.
[[nodiscard]] std::optional<std::uint64_t> unit_size(std::string_view value);

}  // namespace xsuperd::convert
