// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The language of units as it is written: systemd.syntax(7), systemd.service(5) "Command lines".
namespace xsuperd::convert {

/// A unit in the making.
class UnitText {
 public:
  void comment(std::string_view text);
  void section(std::string_view name) { text_ += (text_.empty() ? "[" : "\n[") + std::string(name) + "]\n"; }
  void set(std::string_view key, std::string_view value) {
    text_ += std::string(key) + "=" + std::string(value) + "\n";
  }
  void set_switch(std::string_view key, bool value) { set(key, value ? "yes" : "no"); }
  [[nodiscard]] std::string text() const { return text_; }

 private:
  std::string text_;
};

/// A word of a list, quoted where it must be; % stands for itself.
[[nodiscard]] std::string unit_word(std::string_view word);
/// An argument of a command line: $ stands for itself, too.
[[nodiscard]] std::string command_word(std::string_view word);
/// % doubled, for values that are not split into words.
[[nodiscard]] std::string percent_doubled(std::string_view text);

/// The words of a value, quotes and escapes resolved as extract-word does it; nothing when a quote is not closed or an
/// escape is none.
[[nodiscard]] std::optional<std::vector<std::string>> unit_words(std::string_view value);

}  // namespace xsuperd::convert
