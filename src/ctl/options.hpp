// SPDX-License-Identifier: MIT
// The options of xsuperctl: one table for the command line, --help, the manual and completions. Internal to ctl.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xsuperd::ctl {

/// What an option means for some commands.
struct OptionUse {
  std::string_view name;      ///< without dashes
  char letter;                ///< a short form, or 0
  std::string_view argument;  ///< the name of its value, or empty
  std::string_view commands;  ///< that take it, with a blank between them; empty: all
  std::string_view text;
};
/// A row for each meaning, those of one option together. convert reads its own options, see convert_options().
[[nodiscard]] std::span<const OptionUse> option_uses();
/// Does the command take an option of that name? Without a command: those that none is needed for.
[[nodiscard]] bool takes(std::string_view command, std::string_view option);

/// One option, for --help, the manual and completions.
struct OptionWord {
  std::string word;      ///< with its dashes
  std::string argument;  ///< the name of its value, or empty
  std::string text;
  [[nodiscard]] bool takes_value() const { return !argument.empty(); }
};
/// All options but those of convert, in the order of --help, each once, with all its meanings.
[[nodiscard]] std::vector<OptionWord> option_words();
/// Those of one command, with what they mean there.
[[nodiscard]] std::vector<OptionWord> options_of(std::string_view command);

}  // namespace xsuperd::ctl
