// SPDX-License-Identifier: MIT
#include "convert/environment_file.hpp"

#include <algorithm>

#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view without_blanks_behind(std::string_view text) {
  const std::size_t last = text.find_last_not_of(blanks);
  return text.substr(0, last == text.npos ? 0 : last + 1);
}

/// Reads values from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return text_.empty(); }

  /// Takes a line whose first byte that is no blank begins a comment, or that is empty.
  bool take_comment() {
    const std::size_t first = std::min(text_.find_first_not_of(" \t\r\n"), text_.size());
    text_.remove_prefix(first);
    if (text_.empty() || (text_[0] != '#' && text_[0] != ';')) return first > 0;
    while (!text_.empty() && text_[0] != '\n') text_.remove_prefix(text_[0] == '\\' ? std::min<std::size_t>(2, text_.size()) : 1);
    return true;
  }
  /// The text up to "=", which is taken, too; nothing, and the line is taken, where it has none.
  std::optional<std::string> take_name() {
    const std::size_t end = std::min(text_.find_first_of("=\n"), text_.size());
    const std::string name(without_blanks_behind(text_.substr(0, end)));
    const bool found = end < text_.size() && text_[end] == '=';
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return found ? std::optional(name) : std::nullopt;
  }
  /// A value: quoted parts and at most one plain part, which goes on to the end of the line.
  std::string take_value() {
    std::string value;
    while (true) {
      text_.remove_prefix(std::min(text_.find_first_not_of(blanks), text_.size()));
      if (text_.empty()) return value;
      const char first = text_[0];
      if (first != '\'' && first != '"') return value + take_plain();
      text_.remove_prefix(1);
      take_quoted(first, value);
    }
  }

 private:
  std::string take_plain() {
    std::string value;
    std::size_t kept = 0;  // behind the last byte that is no blank, or is escaped
    while (!text_.empty() && text_[0] != '\n') {
      const bool escaped = text_[0] == '\\' && text_.size() > 1;
      if (escaped) text_.remove_prefix(1);
      if (!escaped || text_[0] != '\n') value += text_[0];
      if (escaped || blanks.find(text_[0]) == blanks.npos) kept = value.size();
      text_.remove_prefix(1);
    }
    value.resize(kept);
    return value;
  }
  void take_quoted(char quote, std::string& value) {
    while (!text_.empty() && text_[0] != quote) {
      char c = text_[0];
      text_.remove_prefix(1);
      if (quote == '"' && c == '\\' && !text_.empty()) {
        if (std::string_view("\"\\`$\n").find(text_[0]) == std::string_view::npos) value += c;
        c = text_[0];
        text_.remove_prefix(1);
        if (c == '\n') continue;
      }
      value += c;
    }
    text_.remove_prefix(std::min<std::size_t>(1, text_.size()));
  }

  std::string_view text_;
};

}  // namespace

bool is_variable_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (base::lower(c) >= 'a' && base::lower(c) <= 'z');
  });
}

std::vector<Variable> read_environment_file(std::string_view text) {
  std::vector<Variable> variables;
  Reader reader(text);
  while (!reader.at_end()) {
    if (reader.take_comment()) continue;
    const auto name = reader.take_name();
    if (!name) continue;
    std::string value = reader.take_value();
    if (is_variable_name(*name)) variables.emplace_back(*name, std::move(value));
  }
  return variables;
}

std::optional<Login> find_login(std::string_view passwd, std::string_view user) {
  while (!passwd.empty()) {
    const std::size_t end = std::min(passwd.find('\n'), passwd.size());
    std::string_view line = passwd.substr(0, end);
    passwd.remove_prefix(std::min(end + 1, passwd.size()));
    std::vector<std::string> fields;
    for (std::size_t at = 0; at <= line.size(); at = std::min(line.find(':', at), line.size()) + 1)
      fields.emplace_back(line.substr(at, std::min(line.find(':', at), line.size()) - at));
    if (fields.size() == 7 && (fields[0] == user || fields[2] == user)) return Login{fields[0], fields[3], fields[5], fields[6]};
  }
  return std::nullopt;
}

std::vector<std::string> words_of_variable(std::string_view value) {
  std::vector<std::string> words;
  bool inside = false;
  char quote = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    char c = value[i];
    if (!quote && base::is_space(c)) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (quote ? c == quote : c == '"' || c == '\'') {
      quote = quote ? '\0' : c;
      continue;
    }
    if (c == '\\' && i + 1 < value.size()) c = value[++i];
    words.back() += c;
  }
  return words;
}

}  // namespace xsuperd::convert
