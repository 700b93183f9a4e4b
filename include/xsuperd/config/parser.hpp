// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/diagnostic.hpp"

/// The grammar of one configuration file (facts B2.1 to B2.31, B13.1 to B13.4). Pure: text in, entries and findings
/// out. What the words mean is not known here.
namespace xsuperd::config {

enum class Operator : std::uint8_t { set, add, remove };
[[nodiscard]] std::string_view operator_text(Operator op);

/// One value of an attribute line.
struct Value {
  std::string text;
  int column = 0;
};

/// NAME OP VALUE...
struct Assignment {
  std::string name;  ///< as written
  int column = 0;    ///< of the name
  Operator op = Operator::set;
  std::vector<Value> values;
  int line = 0;
  std::string line_text;
};

struct Entry {
  enum class Kind : std::uint8_t { service, defaults, include, includedir };
  enum class State : std::uint8_t {
    whole,
    disabled,  ///< holds `disable = yes`, which counts whatever else is wrong with it (decision B15.28)
    broken,    ///< a syntax error; `assignments` holds the lines that could be read
  };
  Kind kind = Kind::service;
  State state = State::whole;
  std::string name;  ///< of the service, or the path to include
  Place place;
  std::string line_text;
  std::vector<Assignment> assignments = {};
  std::vector<std::string> lost = {};  ///< defaults: names of lines that could not be read, or have no effect
  /// Names of lines that stand behind the closing brace and look as if they were meant to stand before it.
  std::vector<std::string> behind = {};
  /// What was found in it: from the first of these in the Diagnostics up to the second.
  std::size_t first_finding = 0;
  std::size_t end_of_findings = 0;
  /// Where it is in the text, from the beginning of its first line to the end of its last one; 0 bytes: it is not
  /// whole, or something was found in it.
  std::size_t begin = 0;
  std::size_t size = 0;
  int last_line = 0;
  std::optional<std::size_t> known = {};  ///< it is that one of KnownEntry, and has no assignments here
};

/// An entry that is understood, if it stands at the same line in the same words.
struct KnownEntry {
  std::string_view text;
  int line = 0;
  int last_line = 0;
};

struct ParsedFile {
  std::vector<Entry> entries;
  /// An error made it uncertain where entries begin and end, so that one may be missing.
  bool unclear = false;
};

/// Parses `text`, the contents of `file`. Goes on after every error: a broken entry costs itself alone (unlike
/// xinetd, where a stray word costs the entry after it, fact B2.11). What is wrong in a disabled entry is a note. A byte
/// order mark and CR LF line ends are understood, with one warning (decision B15.28).
[[nodiscard]] ParsedFile parse(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                               std::span<const KnownEntry> known = {});

}  // namespace xsuperd::config
