// SPDX-License-Identifier: MIT
#include "xsuperd/config/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

using base::iequals;
using base::is_space;

std::string_view operator_text(Operator op) {
  return op == Operator::set ? "=" : op == Operator::add ? "+=" : "-=";
}

namespace {

struct Line {
  int number = 0;
  std::string_view text;
  std::string_view trimmed;
};

/// The lines that count: no comments, no blank ones.
std::vector<Line> significant_lines(std::string_view text, int& last_number) {
  std::vector<Line> lines;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view whole = text.substr(0, end);
    const std::string_view line = whole.substr(0, whole.find('\0'));  // a NUL ends the line (fact B13.5)
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    ++number;
    const std::string_view trimmed = base::trim(line);
    if (!trimmed.empty() && trimmed.front() != '#') lines.push_back({number, line, trimmed});
  }
  last_number = number;
  return lines;
}

std::vector<Value> values_of(std::string_view line, std::size_t from) {
  std::vector<Value> values;
  for (const std::string_view word : base::split_words(line.substr(from)))
    values.push_back({std::string(word), static_cast<int>(word.data() - line.data()) + 1});
  return values;
}

/// What is wrong with a line.
struct Fault {
  std::string sentence;
  std::size_t column = 0;
  std::string hint;
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& file, Diagnostics& diagnostics, std::span<const KnownEntry> known)
      : text_(text),
        file_(file),
        diagnostics_(diagnostics),
        lines_(significant_lines(text, last_number_)),
        known_(known) {}

  ParsedFile run() {
    while (at_ < lines_.size()) top_level();
    return std::move(result_);
  }

 private:
  void top_level();
  bool header(const Line& line);
  bool known(const Line& line);
  void stray(const Line& line);
  void block(Entry entry);
  void body(Entry& entry);
  bool attribute(Entry& entry, const Line& line);
  bool unreadable(Entry& entry, const Line& line, const std::string& name, Fault fault);
  void skip_to_brace();
  void broken(Entry& entry) {
    entry.state = Entry::State::broken;
    skip_to_brace();
  }
  [[nodiscard]] bool begins_entry(std::size_t at) const;
  void report(Level level, const Line& line, std::string sentence, std::size_t column, int width,
              std::string suggestion = {});
  void report_at_end(Level level, std::string sentence) {
    diagnostics_.add(level, {file_, last_number_, 0}, std::move(sentence));
  }

  std::string_view text_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  int last_number_ = 0;
  std::vector<Line> lines_;
  std::size_t at_ = 0;
  std::span<const KnownEntry> known_;
  std::size_t next_known_ = 0;
  bool defaults_seen_ = false;
  ParsedFile result_;
};

void Parser::report(Level level, const Line& line, std::string sentence, std::size_t column, int width,
                    std::string suggestion) {
  diagnostics_.add({level, {file_, line.number, static_cast<int>(column) + 1}, std::move(sentence),
                    std::string(line.text), width, std::move(suggestion), {}});
}

std::optional<Entry::Kind> keyword(std::string_view word) {
  if (iequals(word, "service")) return Entry::Kind::service;
  if (iequals(word, "defaults")) return Entry::Kind::defaults;
  if (iequals(word, "include")) return Entry::Kind::include;
  if (iequals(word, "includedir")) return Entry::Kind::includedir;
  return std::nullopt;
}

void Parser::top_level() {
  const Line line = lines_[at_++];
  if (!known(line) && !header(line)) stray(line);
}

/// Does an entry begin here that was read before? Then it is passed over as a whole.
bool Parser::known(const Line& line) {
  while (next_known_ < known_.size() && known_[next_known_].line < line.number) ++next_known_;
  if (next_known_ == known_.size() || known_[next_known_].line != line.number) return false;
  const KnownEntry& before = known_[next_known_];
  const std::size_t begin = static_cast<std::size_t>(line.text.data() - text_.data());
  const std::string_view rest = text_.substr(begin);
  const std::size_t size = before.text.size();
  if (!rest.starts_with(before.text) || (rest.size() > size && rest[size] != '\n')) return false;
  Entry entry;
  entry.place = {file_, line.number, 0};
  entry.begin = begin;
  entry.size = size;
  entry.last_line = before.last_line;
  entry.known = next_known_;
  result_.entries.push_back(std::move(entry));
  while (at_ < lines_.size() && lines_[at_].number <= before.last_line) ++at_;
  return true;
}

bool Parser::header(const Line& line) {
  const auto words = base::split_words(line.trimmed);
  const auto kind = keyword(words.front());
  if (!kind) return false;
  const std::size_t column = static_cast<std::size_t>(words.front().data() - line.text.data());
  Entry entry{*kind, Entry::State::whole, {}, {file_, line.number, static_cast<int>(column) + 1},
              std::string(line.text), {}};
  if (*kind != Entry::Kind::defaults) {
    if (words.size() < 2) {
      report(Level::error, line, "service name missing", column, static_cast<int>(words.front().size()));
      if (*kind == Entry::Kind::service) {
        result_.unclear = true;
        skip_to_brace();
      }
      return true;
    }
    entry.name = words[1];
  }
  if (*kind == Entry::Kind::include || *kind == Entry::Kind::includedir)
    result_.entries.push_back(std::move(entry));
  else
    block(std::move(entry));
  return true;
}

/// Text that belongs to nothing. When a block follows, it goes too; otherwise this line alone does.
void Parser::stray(const Line& line) {
  const std::string_view word = base::split_words(line.trimmed).front();
  const auto near = base::nearest(word, {"service", "defaults", "include", "includedir"});
  report(Level::error, line, "missing service keyword", static_cast<std::size_t>(word.data() - line.text.data()),
         static_cast<int>(word.size()), near ? fmt::format("did you mean '{}'?", *near) : std::string{});
  result_.unclear = true;
  const bool opens = line.trimmed.back() == '{' || (at_ < lines_.size() && lines_[at_].trimmed == "{");
  if (opens) return skip_to_brace();
  while (at_ < lines_.size() && !begins_entry(at_) && lines_[at_].trimmed != "{") {
    const auto next = keyword(base::split_words(lines_[at_].trimmed).front());
    if (next && *next != Entry::Kind::service && *next != Entry::Kind::defaults) return;
    if (lines_[at_++].trimmed == "}") return;
  }
}

/// Does an entry begin on that line: its keyword, and a brace on the next, or misplaced at the end of this one?
bool Parser::begins_entry(std::size_t at) const {
  const auto kind = keyword(base::split_words(lines_[at].trimmed).front());
  if (kind != Entry::Kind::service && kind != Entry::Kind::defaults) return false;
  return lines_[at].trimmed.back() == '{' || (at + 1 < lines_.size() && lines_[at + 1].trimmed == "{");
}

/// Leaves an entry: up to and including its "}", but not into the entry after it.
void Parser::skip_to_brace() {
  while (at_ < lines_.size()) {
    if (begins_entry(at_)) {
      result_.unclear = true;
      return;
    }
    if (lines_[at_++].trimmed == "}") return;
  }
  report_at_end(Level::warning, "missing } in last service entry");
}

void Parser::block(Entry entry) {
  const std::string_view first = lines_[at_ - 1].text;
  const std::size_t findings = diagnostics_.all().size();
  const bool defaults = entry.kind == Entry::Kind::defaults;
  if (defaults && defaults_seen_) {
    diagnostics_.add({Level::error, entry.place, "only 1 defaults entry is allowed. This entry will be ignored",
                      entry.line_text, 8, {}, {}});
    return skip_to_brace();
  }
  if (at_ >= lines_.size() || lines_[at_].trimmed != "{") {
    const std::string name = defaults ? "(null)" : entry.name;
    const bool same_line = !entry.line_text.empty() && base::trim(entry.line_text).back() == '{';
    diagnostics_.add({Level::error, entry.place, fmt::format("Service {}: missing '{{'", name), entry.line_text, 1,
                      same_line ? "the brace belongs on a line of its own" : "", entry.name});
    entry.state = Entry::State::broken;
    skip_to_brace();
  } else {
    ++at_;
    body(entry);
  }
  if (defaults && entry.state == Entry::State::whole) defaults_seen_ = true;
  if (entry.state == Entry::State::whole && diagnostics_.all().size() == findings) {
    const Line& last = lines_[at_ - 1];
    entry.begin = static_cast<std::size_t>(first.data() - text_.data());
    entry.size = static_cast<std::size_t>(last.text.data() + last.text.size() - first.data());
    entry.last_line = last.number;
  }
  result_.entries.push_back(std::move(entry));
}

void Parser::body(Entry& entry) {
  while (at_ < lines_.size()) {
    if (begins_entry(at_)) {
      const std::string_view name = entry.kind == Entry::Kind::defaults ? "defaults" : std::string_view(entry.name);
      report(Level::error, lines_[at_], fmt::format("incomplete entry: '{}' has no closing brace", name), 0, 1);
      entry.state = Entry::State::broken;
      result_.unclear = true;
      return;
    }
    const Line line = lines_[at_++];
    if (line.trimmed == "}") return;
    if (!attribute(entry, line)) return;
  }
  report_at_end(Level::error, "incomplete entry");
  report_at_end(Level::warning, "missing } in last service entry");
  entry.state = Entry::State::broken;
  result_.unclear = true;
}

/// A line that cannot be read. It costs a service the whole entry, which would otherwise run without something that
/// it was given; the defaults of all services cannot be dropped, so there it costs itself, and the loader decides
/// whether one can go on without it.
bool Parser::unreadable(Entry& entry, const Line& line, const std::string& name, Fault fault) {
  report(Level::error, line, std::move(fault.sentence), fault.column, 1, std::move(fault.hint));
  if (entry.kind != Entry::Kind::defaults) return broken(entry), false;
  entry.lost.push_back(name);
  return true;
}

/// Reads what follows the name up to the operator; a Fault says why that failed.
std::optional<Fault> read_operator(std::string_view text, std::size_t start, std::size_t& at, Assignment& a) {
  if (at < text.size() && text[at] == '=')
    return Fault{fmt::format("Attribute {} needs a space before operator", a.name), at, {}};
  while (at < text.size() && is_space(text[at])) ++at;
  if (at == text.size()) return Fault{fmt::format("Nothing after attribute: {}", a.name), start, {}};
  const bool compound = (text[at] == '+' || text[at] == '-') && at + 1 < text.size() && text[at + 1] == '=';
  if (!compound && text[at] != '=')
    return Fault{fmt::format("Bad operator for attribute: {}", a.name), at,
                 keyword(a.name) ? fmt::format("'{}' cannot stand inside an entry", a.name) : ""};
  if (compound) a.op = text[at] == '+' ? Operator::add : Operator::remove;
  at += compound ? 2 : 1;
  return std::nullopt;
}

bool is_disable(const Assignment& a) {
  return iequals(a.name, "disable") && a.op == Operator::set && a.values.size() == 1;
}

/// Reads one attribute line; false when the rest of the entry was skipped.
bool Parser::attribute(Entry& entry, const Line& line) {
  const std::string_view text = line.text;
  const auto start = static_cast<std::size_t>(line.trimmed.data() - text.data());
  std::size_t at = start;
  while (at < text.size() && !is_space(text[at]) && text[at] != '=') ++at;
  Assignment a{std::string(text.substr(start, at - start)), static_cast<int>(start) + 1, Operator::set, {},
               line.number, std::string(text)};
  if (auto fault = read_operator(text, start, at, a)) return unreadable(entry, line, a.name, std::move(*fault));
  a.values = values_of(text, at);
  const bool stops = entry.kind == Entry::Kind::service && is_disable(a) && iequals(a.values[0].text, "yes") &&
                     std::none_of(entry.assignments.begin(), entry.assignments.end(), is_disable);
  entry.assignments.push_back(std::move(a));
  if (!stops) return true;
  entry.state = Entry::State::disabled;
  return skip_to_brace(), false;
}

}  // namespace

ParsedFile parse(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                 std::span<const KnownEntry> known) {
  return Parser(text, file, diagnostics, known).run();
}

}  // namespace xsuperd::config
