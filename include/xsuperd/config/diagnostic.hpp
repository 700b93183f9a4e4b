// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace xsuperd::config {

/// Where something is: file, line and column, both counted from 1; 0 where unknown.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Place&) const = default;
};

/// xinetd's levels of daemon messages, in the order of syslog(3) priorities (fact B7.2).
enum class Level : unsigned char { critical, error, warning, notice, info, debug };

/// "error", "warning", "note" and the like, for people.
[[nodiscard]] std::string_view severity(Level level);

/// One finding about a configuration. The parser collects them and goes on.
struct Diagnostic {
  Level level = Level::error;
  Place place;
  std::string sentence;    ///< what is wrong, and what follows from it
  std::string line_text;   ///< the offending line as it is in the file; empty when there is none
  int width = 1;           ///< how many characters are meant, from place.column on
  std::string suggestion;  ///< "did you mean 'instances'?", or empty
  std::string id;          ///< the service concerned, or empty
  bool unserved = false;   ///< not a mistake in the input: it is understood, but not supported here
};

/// One line for the daemon log: sentence, suggestion and "[file=F] [line=N]" (fact B2.18).
[[nodiscard]] std::string log_line(const Diagnostic& diagnostic);

/// Several lines for a person: "FILE:LINE:COLUMN: error: sentence", the offending line and a caret below it.
[[nodiscard]] std::string explained(const Diagnostic& diagnostic);

/// Collects findings, and counts what -t needs.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }
  void add(Level level, Place place, std::string sentence) {
    all_.push_back({level, std::move(place), std::move(sentence), {}, 1, {}, {}});
  }
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  /// Makes notes of those from number `from` on, up to `end`: they are about what is switched off.
  void demote(std::size_t from, std::size_t end);
  /// For a finding that belongs to one that is there already. There must be one.
  [[nodiscard]] Diagnostic& back() { return all_.back(); }
  [[nodiscard]] std::size_t count(Level level) const;

 private:
  std::vector<Diagnostic> all_;
};

}  // namespace xsuperd::config
