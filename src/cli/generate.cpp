// SPDX-License-Identifier: MIT
#include "xsuperd/cli/generate.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "xsuperd/base/text.hpp"
#include "xsuperd/cli/options.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::cli {

namespace {

using config::Attribute;

constexpr std::size_t width = 76;  // of text lines in the page

/// Breaks sentences into lines. Each sentence begins on a line of its own, as mdoc(7) wants it, and none
/// begins with a character that would make the line a command.
class Lines {
 public:
  explicit Lines(std::string& page) : page_(page) {}

  void add(std::string_view sentences) {
    for (const std::string_view word : base::split_words(sentences)) {
      if (!line_.empty() && line_.size() + 1 + word.size() > width) end_line();
      if (line_.empty() && (word.front() == '.' || word.front() == '\'')) line_ = "\\&";
      if (!line_.empty() && line_ != "\\&") line_ += ' ';
      line_ += mdoc_literal(word);
      if (word.back() == '.') end_line();
    }
    end_line();
  }

 private:
  void end_line() {
    if (!line_.empty()) page_ += line_ + '\n';
    line_.clear();
  }

  std::string& page_;
  std::string line_;
};

std::string sentence(std::string_view text) {
  return text.empty() || text.back() == '.' ? std::string(text) : std::string(text) + '.';
}

std::string_view where(const Attribute& row) {
  switch (row.where) {
    case config::Where::service:
      return "Allowed in services";
    case config::Where::both:
      return "Allowed in services and in defaults";
    case config::Where::defaults:
      return "Allowed in defaults";
  }
  return "";
}

std::string_view operators(const Attribute& row) {
  switch (row.operators) {
    case config::Operators::set:
      return "=, once";
    case config::Operators::list:
      return "=, += and -=";
    case config::Operators::append:
      return "= and +=";
    case config::Operators::collect:
      return "=, += and -=, which all add";
  }
  return "";
}

void add_item(std::string& page, const Attribute& row) {
  fmt::format_to(std::back_inserter(page), ".It Ic {} No \"= {}\"\n", row.name, mdoc_literal(row.synopsis));
  Lines(page).add(sentence(row.text));
  page += ".Pp\n";
  Lines(page).add(fmt::format("Initial value: {}. {}, with {}.", row.initial, where(row), operators(row)));
  Lines(page).add("Difference from xinetd: " + sentence(row.difference.empty() ? "none" : row.difference));
  fmt::format_to(std::back_inserter(page), ".Dl \"{}\"\n", mdoc_literal(row.example));
}

}  // namespace

std::string mdoc_literal(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '\\' ? std::string("\\e") : c == '"' ? "\\(dq" : std::string(1, c);
  return result;
}

std::string mdoc_text(std::string_view sentences) {
  std::string lines;
  Lines(lines).add(sentences);
  return lines;
}

std::string attribute_manual() {
  std::string page;
  for (const Attribute& row : config::attributes()) add_item(page, row);
  return page;
}

std::string option_manual() {
  std::string page;
  for (const Option& row : option_table()) {
    fmt::format_to(std::back_inserter(page), ".It Fl {}", mdoc_literal(row.word.substr(1)));
    for (const std::string_view name : base::split_words(row.argument))
      fmt::format_to(std::back_inserter(page), " Ar {}", mdoc_literal(name));
    page += '\n';
    Lines(page).add(std::string(row.text) + (row.known == Known::to_inetd ? " (of an inetd)" : ""));
  }
  return page;
}

}  // namespace xsuperd::cli
