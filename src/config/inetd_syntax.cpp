// SPDX-License-Identifier: MIT
#include "config/inetd_syntax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/text_form.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config::inetd {

using base::is_blank;

const std::string& Source::line(int number) const {
  static const std::string none;
  const auto index = static_cast<std::size_t>(number) - 1;
  return index < lines->size() ? (*lines)[index] : none;
}

void Source::report(Level level, const Field& at, std::string sentence, std::string suggestion) const {
  if (off && level <= Level::notice) level = Level::info;
  diagnostics->add({level, {file, at.line, at.column}, std::move(sentence), line(at.line),
                    static_cast<int>(std::max<std::size_t>(at.text.size(), 1)), std::move(suggestion), {}});
}

void Source::report_unserved(const Field& at, std::string sentence, std::string suggestion) const {
  if (off) return report(Level::info, at, std::move(sentence), std::move(suggestion));
  diagnostics->add({Level::error, {file, at.line, at.column}, std::move(sentence), line(at.line),
                    static_cast<int>(std::max<std::size_t>(at.text.size(), 1)), std::move(suggestion), {}, true});
}

bool split_fields(const Source& source, std::string_view text, int line, std::vector<Field>& fields) {
  const auto field = [&](std::size_t from, std::size_t to) {
    return Field{std::string(text.substr(from, to - from)), line, static_cast<int>(from) + 1};
  };
  for (std::size_t at = 0; at < text.size();) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const bool quoted = text[at] == '"' || text[at] == '\'';
    std::size_t end = at;
    if (!quoted) {
      while (end < text.size() && !is_blank(text[end])) ++end;
      fields.push_back(field(at, end));
      at = end;
      continue;
    }
    end = text.find(text[at], at + 1);
    if (end == text.npos) return source.report(Level::error, field(at, at + 1), "the closing quotation mark is missing"), false;
    if (end + 1 < text.size() && !is_blank(text[end + 1]))
      return source.report(Level::error, field(end + 1, end + 2), "expected a blank after the closing quotation mark"), false;
    fields.push_back(field(at + 1, end));
    at = end + 1;
  }
  return true;
}

namespace {

constexpr std::array<std::string_view, 8> socket_types{"stream", "dgram", "raw", "rdm", "seqpacket", "tli", "xti", "sunrpc"};

bool is_socket_type(std::string_view word) {
  word = word.substr(0, word.find_first_of(",:_"));
  return std::find(socket_types.begin(), socket_types.end(), word) != socket_types.end();
}
bool is_switch(std::string_view word) { return base::iequals(word, "on") || base::iequals(word, "off"); }

std::shared_ptr<const Lines> lines_of(std::string_view text) {
  auto lines = std::make_shared<Lines>();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    line = line.substr(0, line.find('\0'));
    while (!line.empty() && base::is_space(line.back())) line.remove_suffix(1);
    lines->emplace_back(line);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

class Reader {
 public:
  Reader(Source source, const InetdStyle& style)
      : source_(std::move(source)), addresses_(style.address), off_lines_(style.off_lines) {}

  Definitions run() {
    while (at_.line < source_.lines->size()) {
      const std::string_view rest = this->rest();
      const std::string_view trimmed = base::trim(rest);
      if (trimmed.empty() || trimmed.front() == '#')
        comment(trimmed);
      else
        line(rest);
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return std::string_view((*source_.lines)[at_.line]).substr(at_.column); }
  [[nodiscard]] int number() const { return static_cast<int>(at_.line) + 1; }
  void next_line() { at_ = {at_.line + 1, 0}; }

  void comment(std::string_view text);
  [[nodiscard]] bool off_line(std::string_view text);
  void line(std::string_view text);
  void directive(const std::vector<Field>& words);
  void positional(std::vector<Field> fields, bool whole);
  void keys(const std::vector<Field>& words);
  [[nodiscard]] bool continues(std::string_view next) const;
  [[nodiscard]] bool continuation(std::vector<Field>& fields);
  [[nodiscard]] Definition begin(const Field& spec) const {
    Definition d;
    d.source = source_;
    d.addresses = addresses_;
    d.spec = spec;
    d.broken = unprotected_;
    d.off = off_;
    return d;
  }

  Source source_;
  std::string addresses_;
  const bool off_lines_;
  Position at_;
  bool unprotected_ = false;  ///< below a "#@" that asks for IPsec
  bool off_ = false;          ///< in a line that update-inetd has turned off
  Definitions result_;
};

/// What looks like a service behind update-inetd's mark is one that it has turned off.
bool Reader::off_line(std::string_view text) {
  constexpr std::string_view mark = "#<off>#";
  if (!off_lines_ || !text.starts_with(mark)) return false;
  const auto words = base::split_words(text.substr(mark.size()));
  if (words.size() < 6 || !is_socket_type(words[1]) || words[0].front() == '#') return false;
  at_.column = rest().find(mark) + mark.size();
  off_ = true;
  line(rest());
  off_ = false;
  return true;
}

/// NetBSD hides IPsec policies in comments. What stands below one would be served without it.
void Reader::comment(std::string_view text) {
  if (off_line(text)) return;
  if (text.starts_with("#@")) {
    const auto words = base::split_words(text.substr(2));
    const bool policy = !words.empty() && (words.front() == "in" || words.front() == "out");
    if (policy)
      source_.report_unserved({std::string(text), number(), 1},
                     "IPsec policies are not supported: the lines from here to an empty '#@' are refused");
    unprotected_ = policy || (unprotected_ && !words.empty());
  }
  next_line();
}

/// The words of a line as far as they tell what sort of line it is; quotes do not matter for that.
std::vector<Field> plain_words(std::string_view text, int line, std::size_t offset) {
  std::vector<Field> words;
  for (const std::string_view word : base::split_words(text))
    words.push_back({std::string(word), line, static_cast<int>(offset + static_cast<std::size_t>(word.data() - text.data())) + 1});
  return words;
}

void Reader::line(std::string_view text) {
  const std::vector<Field> words = plain_words(text, number(), at_.column);
  const Field& first = words.front();
  if (first.text.front() == '.') return directive(words);
  if (words.size() > 1 && is_switch(words[1].text)) return keys(words);
  if (words.size() == 1 && first.text.back() == ':' && first.text.size() > 1) {
    addresses_ = first.text.substr(0, first.text.size() - 1);
    return next_line();
  }
  std::vector<Field> fields;
  const std::string indented = std::string(at_.column, ' ') + std::string(text);
  bool whole = split_fields(source_, indented, number(), fields);
  next_line();
  while (at_.line < source_.lines->size() && continues(rest())) {
    whole = continuation(fields) && whole;
    next_line();
  }
  if (fields.empty()) fields.push_back(first);
  positional(std::move(fields), whole);
}

void Reader::directive(const std::vector<Field>& words) {
  if (words.front().text == ".include")
    source_.report_unserved(words.front(), ".include is not supported: give the files on the command line");
  else
    source_.report(Level::error, words.front(),
                   fmt::format("unknown directive {}", base::escaped(words.front().text, 100)));
  result_.unclear = true;
  next_line();
}

/// inetds read on where the next line begins with a blank. One that is a service by itself was not meant so.
bool Reader::continues(std::string_view next) const {
  if (next.empty() || !is_blank(next.front())) return false;
  const std::string_view trimmed = base::trim(next);
  if (trimmed.empty() || trimmed.front() == '#') return false;
  const auto words = base::split_words(trimmed);
  return words.size() < 2 || !(is_socket_type(words[1]) || is_switch(words[1]));
}

bool Reader::continuation(std::vector<Field>& fields) { return split_fields(source_, rest(), number(), fields); }

void Reader::positional(std::vector<Field> fields, bool whole) {
  Definition d = begin(fields.front());
  Field* const places[]{&d.spec, &d.socket_type, &d.protocol, &d.wait, &d.user, &d.server};
  constexpr std::string_view meanings[]{"a service", "a socket type", "a protocol", "wait or nowait", "a user", "a program"};
  for (std::size_t i = 0; i < std::size(places) && i < fields.size(); ++i) *places[i] = fields[i];
  if (fields.size() > std::size(places))
    d.arguments.assign(fields.begin() + static_cast<std::ptrdiff_t>(std::size(places)), fields.end());
  if (whole && fields.size() < std::size(places)) {
    const Field& last = fields.back();
    const int end = static_cast<int>(source_.line(last.line).size());
    source_.report(Level::error, {"", last.line, end + 1},
                   fmt::format("the line ends where {} is expected", meanings[fields.size()]));
    whole = false;
  }
  d.broken = d.broken || !whole;
  result_.all.push_back(std::move(d));
}

void Reader::keys(const std::vector<Field>& words) {
  Definition d = begin(words[0]);
  d.off = base::iequals(words[1].text, "off");
  d.source.off = d.source.off || d.off;
  at_.column = static_cast<std::size_t>(words[1].column - 1) + words[1].text.size();
  if (!read_keys(d, at_)) result_.unclear = true;
  result_.all.push_back(std::move(d));
}

}  // namespace

Definitions read_definitions(std::string_view text, const std::string& file, const InetdStyle& style,
                             Diagnostics& diagnostics) {
  const std::string_view understood = checked_form(text, file, diagnostics);
  Definitions found = Reader({file, lines_of(understood), &diagnostics}, style).run();
  found.unclear = found.unclear || (understood.empty() && !text.empty());
  return found;
}

}  // namespace xsuperd::config::inetd
