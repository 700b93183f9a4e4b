// SPDX-License-Identifier: MIT
#include "xsuperd/config/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "config/text_form.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

using base::iequals;
using base::is_space;

std::string_view operator_text(Operator op) {
  return op == Operator::set ? "=" : op == Operator::add ? "+=" : "-=";
}

namespace {

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
  std::size_t width = 1;
  std::string hint;
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& file, Diagnostics& diagnostics, std::span<const KnownEntry> known)
      : text_(text), file_(file), diagnostics_(diagnostics), known_(known) {
    const std::string_view understood = checked_form(text, file, diagnostics);
    result_.unclear = understood.empty() && !text.empty();
    lines_ = significant_lines(understood, last_number_);
  }

  ParsedFile run() {
    while (at_ < lines_.size()) top_level();
    return std::move(result_);
  }

 private:
  void top_level();
  bool header(const Line& line);
  bool known(const Line& line);
  void stray(const Line& line);
  void stray_block(const Line& line, Entry::Kind kind);
  void stand_behind(const Line& line);
  void block(Entry entry);
  void body(Entry& entry);
  void attribute(Entry& entry, const Line& line);
  void unreadable(Entry& entry, const Line& line, const std::string& name, Fault fault);
  void unclosed(Entry& entry);
  void close(Entry& entry, std::string_view first);
  void skip_to_brace();
  void lose_lines(Entry& entry, std::size_t first) const;
  [[nodiscard]] bool begins_entry(std::size_t at) const;
  void report(Level level, const Line& line, std::string sentence, std::size_t column, std::size_t width,
              std::string suggestion = {}, std::string id = {});

  std::string_view text_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  int last_number_ = 0;
  std::vector<Line> lines_;
  std::size_t at_ = 0;
  std::span<const KnownEntry> known_;
  std::size_t next_known_ = 0;
  bool defaults_seen_ = false;
  int last_closed_ = 0;  ///< line of the brace that closed the last entry, if nothing but stray lines came after it
  ParsedFile result_;
};

void Parser::report(Level level, const Line& line, std::string sentence, std::size_t column, std::size_t width,
                    std::string suggestion, std::string id) {
  diagnostics_.add({level, {file_, line.number, static_cast<int>(column) + 1}, std::move(sentence),
                    std::string(line.text), static_cast<int>(width), std::move(suggestion), std::move(id)});
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
  const int closed = std::exchange(last_closed_, 0);
  if (known(line) || header(line)) return;
  last_closed_ = closed;
  stray(line);
}

/// Does an entry begin here that was read before? Then it is skipped as a whole.
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
  last_closed_ = before.last_line;
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
      report(Level::error, line, *kind == Entry::Kind::service ? "service name missing" : fmt::format("{} needs a path", words.front()),
             column, words.front().size());
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

bool looks_like_attribute(std::string_view line) {
  const auto words = base::split_words(line);
  return words.size() > 1 && (words[1].starts_with('=') || words[1].starts_with("+=") || words[1].starts_with("-="));
}

/// A line behind a closing brace may have been meant to stand before it.
void Parser::stand_behind(const Line& line) {
  if (last_closed_ > 0 && looks_like_attribute(line.trimmed))
    result_.entries.back().behind.emplace_back(base::split_words(line.trimmed).front());
}

/// Text that belongs to nothing. When a block follows, it goes too; otherwise this line alone does.
void Parser::stray(const Line& line) {
  const std::string_view word = base::split_words(line.trimmed).front();
  const auto column = static_cast<std::size_t>(word.data() - line.text.data());
  const auto near = base::nearest(word, {"service", "defaults", "include", "includedir"});
  const std::string before = last_closed_ > 0 ? fmt::format("the previous entry ended at line {}", last_closed_) : "";
  result_.unclear = true;
  if (line.trimmed == "}") return report(Level::error, line, "unexpected '}': no entry is open here", column, 1, before);
  const bool opens = line.trimmed.back() == '{' || (at_ < lines_.size() && lines_[at_].trimmed == "{");
  if (!opens && looks_like_attribute(line.trimmed))
    report(Level::error, line, fmt::format("'{}' is outside any entry", base::escaped(word, 100)), column, word.size(), before);
  else
    report(Level::error, line, fmt::format("missing service keyword before '{}'", base::escaped(word, 100)), column, word.size(),
           near ? fmt::format("did you mean '{}'?", *near) : "an entry begins with 'service NAME' or 'defaults'");
  if (opens) return stray_block(line, near == "defaults" ? Entry::Kind::defaults : Entry::Kind::service);
  stand_behind(line);
  while (at_ < lines_.size() && !begins_entry(at_) && lines_[at_].trimmed != "{") {
    const auto next = keyword(base::split_words(lines_[at_].trimmed).front());
    if (next && *next != Entry::Kind::service && *next != Entry::Kind::defaults) return;
    if (lines_[at_].trimmed == "}") {
      // It closes what begins with the stray line, or is as stray itself.
      ++at_;
      return;
    }
    stand_behind(lines_[at_++]);
  }
}

/// An entry with a keyword that is none: lost, but its name is known.
void Parser::stray_block(const Line& line, Entry::Kind kind) {
  const auto words = base::split_words(line.trimmed);
  if (words[0] == "{") return skip_to_brace();
  Entry entry;
  entry.kind = kind;
  entry.state = Entry::State::broken;
  entry.place = {file_, line.number, 1};
  entry.line_text = line.text;
  if (kind == Entry::Kind::service) entry.name = words.size() > 1 && words[1] != "{" ? words[1] : words[0];
  entry.first_finding = diagnostics_.size() - 1;
  const std::size_t first = at_;
  skip_to_brace();
  if (kind == Entry::Kind::defaults) lose_lines(entry, first);
  entry.end_of_findings = diagnostics_.size();
  result_.entries.push_back(std::move(entry));
  last_closed_ = 0;
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
    if (begins_entry(at_)) break;
    if (lines_[at_++].trimmed == "}") return;
  }
  result_.unclear = true;
}

void Parser::block(Entry entry) {
  const std::string_view first = lines_[at_ - 1].text;
  entry.first_finding = diagnostics_.size();
  const bool defaults = entry.kind == Entry::Kind::defaults;
  if (defaults && defaults_seen_) {  // nothing in it counts (fact B2.15)
    diagnostics_.add({Level::error, entry.place, "only 1 defaults entry is allowed. This entry will be ignored",
                      entry.line_text, 8, "put the lines of both into one", {}});
    return skip_to_brace();
  }
  const bool same_line = base::trim(entry.line_text).back() == '{';
  if (at_ < lines_.size() && lines_[at_].trimmed == "{") {
    ++at_;
    body(entry);
  } else {
    diagnostics_.add({Level::error, entry.place, fmt::format("Service {}: missing '{{'", defaults ? "(null)" : entry.name),
                      entry.line_text, static_cast<int>(base::trim(entry.line_text).size()),
                      same_line ? "put the brace on a line of its own" : "put it on the next line", entry.name});
    entry.state = Entry::State::broken;
    if (same_line)
      body(entry);
    else
      skip_to_brace();
  }
  close(entry, first);
  if (lines_[at_ - 1].trimmed == "}") last_closed_ = lines_[at_ - 1].number;
  result_.entries.push_back(std::move(entry));
}

/// Notes the attributes of a lost defaults entry, whose lines go from `first` to where we are.
void Parser::lose_lines(Entry& entry, std::size_t first) const {
  for (std::size_t i = first; i < at_; ++i)
    if (looks_like_attribute(lines_[i].trimmed)) entry.lost.emplace_back(base::split_words(lines_[i].trimmed).front());
}

bool is_disable(const Assignment& a) { return iequals(a.name, "disable"); }

/// `disable = yes`, alone or with a comment behind it.
bool disables(const Assignment& a) {
  return a.op == Operator::set && !a.values.empty() && iequals(a.values[0].text, "yes") &&
         (a.values.size() == 1 || a.values[1].text.starts_with('#'));
}

/// Decides what has come of an entry whose lines were read; `first` is the first one.
void Parser::close(Entry& entry, std::string_view first) {
  if (entry.kind == Entry::Kind::defaults && entry.state == Entry::State::whole) defaults_seen_ = true;
  if (entry.kind == Entry::Kind::defaults && entry.state == Entry::State::broken && base::trim(entry.line_text).back() == '{') {
    // Nothing in it counts (fact B13.26), and what that costs is known by the names.
    for (const Assignment& a : entry.assignments) entry.lost.push_back(a.name);
    entry.assignments.clear();
  }
  const auto line = std::ranges::find_if(entry.assignments, is_disable);
  if (entry.kind == Entry::Kind::service && line != entry.assignments.end() && disables(*line)) {
    entry.state = Entry::State::disabled;
    diagnostics_.demote(entry.first_finding, diagnostics_.size());
  }
  entry.end_of_findings = diagnostics_.size();
  if (entry.state != Entry::State::whole || entry.end_of_findings != entry.first_finding) return;
  const Line& last = lines_[at_ - 1];
  entry.begin = static_cast<std::size_t>(first.data() - text_.data());
  entry.size = static_cast<std::size_t>(last.text.data() + last.text.size() - first.data());
  entry.last_line = last.number;
}

void Parser::body(Entry& entry) {
  while (at_ < lines_.size() && !begins_entry(at_)) {
    const Line line = lines_[at_++];
    if (line.trimmed == "}") return;
    attribute(entry, line);
  }
  unclosed(entry);
}

void Parser::unclosed(Entry& entry) {
  const bool ended = at_ >= lines_.size();
  diagnostics_.add(
      {Level::error, entry.place,
       fmt::format("incomplete entry: '{}' has no closing brace", entry.kind == Entry::Kind::defaults ? "defaults" : base::escaped(entry.name, 100)),
       entry.line_text, static_cast<int>(base::trim(entry.line_text).size()),
       ended ? fmt::format("the file ends at line {} without a line '}}'", last_number_)
             : fmt::format("the next entry begins at line {}; put a line '}}' before it", lines_[at_].number),
       entry.name});
  entry.state = Entry::State::broken;
  result_.unclear = true;
}

/// A line that cannot be read. It costs a service the whole entry, which would otherwise run without something that
/// it was given; the defaults of all services cannot be dropped, so there it costs itself, and the loader decides
/// whether one can go on without it.
void Parser::unreadable(Entry& entry, const Line& line, const std::string& name, Fault fault) {
  const Line& before = at_ > 1 ? lines_[at_ - 2] : line;
  if (before.number < line.number && before.trimmed.ends_with('\\'))
    fault.hint = fmt::format("the backslash at the end of line {} does not continue it: all values must be on one line", before.number);
  report(Level::error, line, std::move(fault.sentence), fault.column, std::max<std::size_t>(fault.width, 1), std::move(fault.hint),
         entry.name);
  if (entry.kind == Entry::Kind::defaults)
    entry.lost.push_back(name);
  else
    entry.state = Entry::State::broken;
}

/// "port: 7001", "port := 7001", "port 7001".
std::string operator_hint(std::string_view name, std::string_view rest) {
  if (keyword(name)) return fmt::format("'{}' is not allowed inside an entry", name);
  if (name.starts_with('}')) return "put the closing brace on a line of its own";
  while (!name.empty() && !base::is_space(name.back()) && std::string_view(":+-").find(name.back()) != name.npos) name.remove_suffix(1);
  rest.remove_prefix(std::min(rest.find_first_not_of(":+-= \t"), rest.size()));
  const bool word = std::ranges::all_of(name, [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
  if (name.empty() || rest.empty() || !word) return "a line has the form 'NAME = VALUE'";
  return fmt::format("write '{} = {}'", base::escaped(name, 100), base::escaped(rest, 100));
}

/// Reads what follows the name up to the operator; a Fault says why that failed.
std::optional<Fault> read_operator(std::string_view text, std::size_t start, std::size_t& at, Assignment& a) {
  const std::string name = base::escaped(a.name, 100);
  if (at < text.size() && text[at] == '=')
    return Fault{fmt::format("Attribute {} needs a space before operator", name), at, 1, operator_hint(a.name, text.substr(at))};
  while (at < text.size() && is_space(text[at])) ++at;
  if (at == text.size())
    return Fault{fmt::format("Nothing after attribute: {}", name), start, a.name.size(),
                 "a line has the form 'NAME = VALUE'"};
  const bool compound = (text[at] == '+' || text[at] == '-') && at + 1 < text.size() && text[at + 1] == '=';
  if (!compound && text[at] != '=')
    return Fault{fmt::format("Bad operator for attribute: {}", name), at, 1, operator_hint(a.name, text.substr(at))};
  if (compound) a.op = text[at] == '+' ? Operator::add : Operator::remove;
  at += compound ? 2 : 1;
  return std::nullopt;
}

/// Reads one attribute line.
void Parser::attribute(Entry& entry, const Line& line) {
  const std::string_view text = line.text;
  const auto start = static_cast<std::size_t>(line.trimmed.data() - text.data());
  std::size_t at = start;
  while (at < text.size() && !is_space(text[at]) && text[at] != '=') ++at;
  Assignment a{std::string(text.substr(start, at - start)), static_cast<int>(start) + 1, Operator::set, {},
               line.number, std::string(text)};
  if (auto fault = read_operator(text, start, at, a)) return unreadable(entry, line, a.name, std::move(*fault));
  a.values = values_of(text, at);
  entry.assignments.push_back(std::move(a));
}

}  // namespace

ParsedFile parse(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                 std::span<const KnownEntry> known) {
  return Parser(text, file, diagnostics, known).run();
}

}  // namespace xsuperd::config
