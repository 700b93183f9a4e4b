// SPDX-License-Identifier: MIT
// NetBSD's key-values notation of inetd.conf, as its inetd(8) describes it.
#include <fmt/format.h>

#include <algorithm>

#include "config/inetd_syntax.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config::inetd {

namespace {

/// One KEY = VALUE ...
struct Option {
  Field key;
  std::vector<Field> values;
};

class KeyReader {
 public:
  KeyReader(const Source& source, Position& at) : source_(source), at_(at) {}

  /// Reads up to and including the semicolon. `good` says whether all was understood; false when there is no end.
  bool run(std::vector<Option>& options, bool& good) {
    while (true) {
      skip();
      if (ended()) return false;
      if (take(';')) return true;
      if (take(',')) continue;
      if (!option(options)) {
        good = false;
        if (!skip_definition()) return false;
        return true;
      }
    }
  }

 private:
  [[nodiscard]] bool ended() const { return at_.line >= source_.lines->size(); }
  [[nodiscard]] const std::string& text() const { return (*source_.lines)[at_.line]; }
  [[nodiscard]] bool line_ended() const { return at_.column >= text().size(); }
  [[nodiscard]] char now() const { return text()[at_.column]; }
  [[nodiscard]] Field here() const {
    return {std::string(1, now()), static_cast<int>(at_.line) + 1, static_cast<int>(at_.column) + 1};
  }
  bool take(char c) {
    if (ended() || line_ended() || now() != c) return false;
    ++at_.column;
    return true;
  }
  bool fail(const Field& at, std::string sentence, std::string hint = {}) {
    source_.report(Level::error, at, std::move(sentence), std::move(hint));
    return false;
  }

  /// Blanks, comments and line ends.
  void skip() {
    while (!ended()) {
      while (!line_ended() && base::is_space(now())) ++at_.column;
      if (!line_ended() && now() != '#') return;
      at_ = {at_.line + 1, 0};
    }
  }

  /// After a fault: behind the next semicolon that no quote or comment hides.
  bool skip_definition() {
    for (skip(); !ended(); skip()) {
      if (take(';')) return true;
      Field ignored;
      if (now() != '"' && now() != '\'')
        ++at_.column;
      else if (!quoted(ignored, false))
        at_.column = text().size();
    }
    return false;
  }

  bool option(std::vector<Option>& options) {
    Option one;
    one.key = here();
    const std::size_t from = at_.column;
    while (!line_ended() && !base::is_space(now()) && std::string_view("=,;#\"'").find(now()) == std::string_view::npos)
      ++at_.column;
    one.key.text = text().substr(from, at_.column - from);
    if (one.key.text.empty()) return fail(here(), "expected a key");
    skip();
    if (!take('=')) return fail(one.key, fmt::format("expected '=' after {}", base::escaped(one.key.text, 100)));
    for (skip(); !ended() && now() != ',' && now() != ';'; skip())
      if (!value(one.values)) return false;
    options.push_back(std::move(one));
    return true;
  }

  bool value(std::vector<Field>& values) {
    Field field = here();
    if (now() == '"' || now() == '\'') {
      if (!quoted(field, true)) return false;
    } else {
      const std::size_t from = at_.column;
      while (!line_ended() && !base::is_space(now()) && now() != ',' && now() != ';') ++at_.column;
      field.text = text().substr(from, at_.column - from);
    }
    values.push_back(std::move(field));
    return true;
  }

  /// A value in quotes, which must close on the same line.
  bool quoted(Field& field, bool report) {
    const Field start = here();
    const char quote = now();
    field = start;
    field.text.clear();
    ++field.column;
    for (++at_.column; !line_ended(); ++at_.column) {
      if (now() == quote) return ++at_.column, true;
      if (now() != '\\')
        field.text += now();
      else if (!escape(field.text))
        return report ? fail(here_or(start), "a backslash must be followed by another one, n, t, r, a quotation mark or xHH") : false;
    }
    return report ? fail(start, "the closing quotation mark is missing") : false;
  }
  [[nodiscard]] Field here_or(const Field& other) const { return line_ended() ? other : here(); }

  /// From the backslash to the last character of the escape.
  bool escape(std::string& to) {
    if (at_.column + 1 >= text().size()) return false;
    constexpr std::string_view letters = "\\ntr'\"";
    constexpr std::string_view meanings = "\\\n\t\r'\"";
    const char letter = text()[at_.column + 1];
    if (const std::size_t found = letters.find(letter); found != letters.npos) {
      to += meanings[found];
      ++at_.column;
      return true;
    }
    if (letter != 'x' || at_.column + 3 >= text().size()) return false;
    const auto high = base::hexadecimal_digit(text()[at_.column + 2]);
    const auto low = base::hexadecimal_digit(text()[at_.column + 3]);
    if (!high || !low || (*high == 0 && *low == 0)) return false;
    to += static_cast<char>(*high * 16 + *low);
    at_.column += 3;
    return true;
  }

  const Source& source_;
  Position& at_;
};

/// Puts the options into the fields that the other notation has.
class Assembler {
 public:
  explicit Assembler(Definition& d) : d_(d) {}

  bool run(const std::vector<Option>& options) {
    bool good = true;
    for (const Option& option : options) good = take(option) && good;
    if (!good) return false;
    if (d_.server.text.empty()) d_.server = at_spec("internal");
    if (d_.socket_type.text.empty() && d_.protocol.text.starts_with("tcp")) d_.socket_type = like(d_.protocol, "stream");
    if (d_.socket_type.text.empty() && d_.protocol.text.starts_with("udp")) d_.socket_type = like(d_.protocol, "dgram");
    const bool datagrams = d_.socket_type.text == "dgram";
    if (d_.wait.text.empty() && d_.server.text == "internal") d_.wait = at_spec(datagrams ? "wait" : "nowait");
    good = needed(d_.protocol, "protocol") && needed(d_.socket_type, "socktype") && needed(d_.wait, "wait");
    if (d_.server.text != "internal") good = needed(d_.user, "user") && good;
    if (good) append();
    return good;
  }

 private:
  [[nodiscard]] Field at_spec(std::string text) const { return like(d_.spec, std::move(text)); }
  static Field like(const Field& place, std::string text) { return {std::move(text), place.line, place.column}; }
  bool fail(const Field& at, std::string sentence) {
    d_.source.report(Level::error, at, std::move(sentence));
    return false;
  }
  bool needed(const Field& field, std::string_view key) {
    return !field.text.empty() || fail(d_.spec, fmt::format("the definition has no {}", key));
  }

  bool take(const Option& option);
  bool take_switch(const Option& option);
  void append();

  Definition& d_;
  Field accept_most_, most_, group_, address_most_;
};

bool Assembler::take_switch(const Option& option) {
  const Field& value = option.values[0];
  if (value.text != "yes" && value.text != "no") return fail(value, fmt::format("Bad value for wait: {}: expected 'yes' or 'no'", base::escaped(value.text, 100)));
  d_.wait = like(value, value.text == "yes" ? "wait" : "nowait");
  return true;
}

bool Assembler::take(const Option& option) {
  const std::string key = base::to_lower(option.key.text);
  if (key == "args") return d_.arguments = option.values, true;
  if (key == "ipsec" && option.values.empty()) return true;
  constexpr std::string_view impossible[]{"acceptfilter", "ipsec"};
  if (std::find(std::begin(impossible), std::end(impossible), key) != std::end(impossible))
    return d_.source.report_unserved(option.key, fmt::format("{} cannot be set", key)), false;
  if (option.values.size() != 1) return fail(option.key, fmt::format("{} takes one value", base::escaped(key, 100)));
  const Field& value = option.values[0];
  if (key == "wait") return take_switch(option);
  if (key == "bind") {
    const bool path = d_.spec.text.starts_with("/") || d_.spec.text.find(":/") != std::string::npos;
    if (!path && d_.spec.text.find(':') != std::string::npos) return fail(value, "there is already an address before the service");
    d_.addresses = value.text;
    return true;
  }
  const std::pair<std::string_view, Field*> places[]{
      {"socktype", &d_.socket_type}, {"protocol", &d_.protocol}, {"user", &d_.user}, {"group", &group_},
      {"exec", &d_.server}, {"service_max", &most_}, {"accept_max", &accept_most_}, {"ip_max", &address_most_},
      {"recvbuf", &d_.receive_buffer}, {"sndbuf", &d_.send_buffer}};
  for (const auto& [name, place] : places)
    if (key == name) return *place = value, true;
  return fail(option.key, fmt::format("unknown key {}", base::escaped(key, 100)));
}

/// What stands behind a mark in a field of the other notation.
void Assembler::append() {
  if (!accept_most_.text.empty()) d_.socket_type.text += "," + accept_most_.text;
  if (!most_.text.empty()) d_.wait.text += "." + most_.text;
  if (!address_most_.text.empty()) d_.address_most = address_most_;
  if (!group_.text.empty()) d_.user.text += ":" + group_.text;
}

}  // namespace

bool read_keys(Definition& definition, Position& at) {
  std::vector<Option> options;
  bool good = true;
  const bool ended = KeyReader(definition.source, at).run(options, good);
  if (!ended && good)
    definition.source.report(Level::error, definition.spec,
                             fmt::format("the definition of {} does not end in a semicolon", base::escaped(definition.spec.text, 100)));
  if (!ended || !good || !Assembler(definition).run(options)) definition.broken = true;
  return ended;
}

}  // namespace xsuperd::config::inetd
