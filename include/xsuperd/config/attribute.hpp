// SPDX-License-Identifier: MIT
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "xsuperd/config/files.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/config/names.hpp"
#include "xsuperd/config/parser.hpp"

/// The attribute table: every attribute is one row, read by the parser, the merging of defaults, dumps, diffs,
/// diagnostics and the manual. Immutable; safe on any thread.
namespace xsuperd::config {

struct Attribute;

/// What a row's parse function works with: the seams, and where to report.
struct ValueContext {
  Files& files;
  Names& names;
  Diagnostics& diagnostics;
  const Entry& entry;
  bool defaults = false;  ///< the line stands in the defaults entry
  const Attribute* row = nullptr;  ///< that of the line; set for parse functions

  /// Reports a finding about value `index` of the line (-1: about its name).
  void report(Level level, const Assignment& line, int index, std::string sentence, std::string suggestion = {}) const;
};

/// Where a row may stand.
enum class Where : std::uint8_t { service, both, defaults };
/// Which operators it takes.
enum class Operators : std::uint8_t {
  set,       ///< = once
  list,      ///< = += -=, as often as wanted
  append,    ///< = and += (env)
  collect,   ///< all three add (enabled, disabled; fact B2.43)
};
/// What happens to an entry when one of its lines has to be ignored because it was not understood (decision B15.13).
enum class Without : std::uint8_t {
  less,  ///< something is missing: the line is ignored with a warning, as by xinetd
  /// More than was meant: the service would be reached by others or elsewhere, run with more privileges or fewer
  /// limits, or run at all. The entry is refused, and on a reload the service goes on as it runs.
  more,
};
/// What a word that begins with '#' is among the values.
enum class Hash : std::uint8_t {
  comment,  ///< it ends the values, with a warning
  value,    ///< a value like any other (server_args)
  kept,     ///< the words behind it count as well, for they switch services off (disabled)
};

/// What to say to somebody who expects the syntax of another program.
inline constexpr char backslash_hint[] = "a backslash does not continue a line here: all values must be on one line";
inline constexpr char quotes_hint[] = "there is no quoting here: blanks always separate values, and quotation marks are part of them";

/// What becomes of a row in files that xinetd reads: of its own rows, and of ours, which it ignores; for --as-xinetd. That a
/// row of ours restricts, so that something is lost, follows from `without`.
struct ReadByXinetd {
  bool stricter = false;          ///< ours: it admits or allows more than holds without it
  std::string_view instead = {};  ///< ours: what is the case without it, a clause; empty: the row says all
  /// What xinetd makes of the value that is not what is meant here, where that protects less or costs the entry: how a
  /// sentence goes on that begins with "xinetd"; empty: nothing. Of a row of ours: what it does instead, in place of the
  /// sentence about a row that is ignored.
  std::string (*reads)(const Service& service, const Attribute& row, Names& names) = nullptr;
};

struct Attribute {
  std::string_view name = {};
  Where where = Where::service;
  Operators operators = Operators::set;
  int least = 1, most = 1;  ///< number of values; most -1: any
  std::string_view synopsis = {};    ///< of the values, for the manual
  std::string_view initial = {};     ///< what holds when it is not given
  std::string_view example = {};     ///< a line that can stand in a file wherever the row may
  std::string_view text = {};        ///< one or two sentences for the manual
  std::string_view difference = {};  ///< from xinetd, or empty
  Without without = Without::less;
  Hash hash = Hash::comment;
  std::string_view wrong = {};  ///< what to say about a value that is not understood, {} being the value; or empty
  std::string_view hint = {};   ///< what to write instead; empty: the parse function knows

  /// Takes the values into `settings`; false after reporting what is wrong with them.
  bool (*parse)(const ValueContext&, Settings&, const Assignment&) = nullptr;
  bool (*is_set)(const Settings&) = nullptr;
  /// The values as they would stand in a file.
  std::string (*print)(const Settings&) = nullptr;
  bool (*same)(const Settings&, const Settings&) = nullptr;
  /// Takes the value of the defaults when `settings` has none.
  void (*inherit)(Settings& settings, const Settings& defaults) = nullptr;

  /// Can it do anything for the service? Null: for all.
  bool (*concerns)(const Service& service) = nullptr;
  ReadByXinetd xinetd = {};
};

/// All rows, sorted by name.
[[nodiscard]] std::span<const Attribute> attributes();
/// Does the attribute restrict or confine, so that no line of it may be ignored?
[[nodiscard]] constexpr bool restricts(const Attribute& row) { return row.without == Without::more; }
/// Is it one of xinetd's? It ignores those that are not, with a warning.
[[nodiscard]] constexpr bool in_xinetd(const Attribute& row) { return !row.difference.starts_with("Not in xinetd"); }
/// The row of a name, upper and lower case alike; `interface` leads to `bind`. Null when there is none.
[[nodiscard]] const Attribute* find_attribute(std::string_view name);
/// The row of an attribute that restricts and whose name is one edit away from `name`, which is none itself; else null.
[[nodiscard]] const Attribute* misspelt_restriction(std::string_view name);
/// How many of the values are meant: those before a comment. All of them where there is none.
[[nodiscard]] std::size_t values_before_comment(const Attribute& row, const std::vector<Value>& values);

}  // namespace xsuperd::config
