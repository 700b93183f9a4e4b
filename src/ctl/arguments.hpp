// SPDX-License-Identifier: MIT
// The command line of xsuperctl. Internal to ctl.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/error.hpp"

namespace xsuperd::ctl {

struct Arguments {
  std::string socket;
  bool json = false;
  bool help = false;
  bool version = false;
  bool all = false;
  bool hold = false;
  bool persist = false;
  bool strict = false;
  bool wait = false;
  bool inetd = false;
  bool once = false;
  std::optional<std::string> interval;
  std::optional<std::string> sort;
  std::optional<std::string> at;
  std::optional<std::string> peer;
  std::optional<std::string> signal;
  std::optional<std::string> warning;
  std::optional<std::string> critical;
  std::optional<std::string> recent;
  std::optional<std::string> timeout;
  std::string command;
  std::vector<std::string> words;  ///< of the command
};

/// Options may stand anywhere; "--" ends them.
[[nodiscard]] base::Result<Arguments> parse_arguments(const std::vector<std::string>& words);
/// One option, for --help, the manual and completions.
struct OptionWord {
  std::string word;      ///< with its dashes
  std::string argument;  ///< the name of its value, or empty
  std::string text;
  [[nodiscard]] bool takes_value() const { return !argument.empty(); }
};
/// All options but those of convert, in the order of --help.
[[nodiscard]] std::vector<OptionWord> option_words();
/// The text of --help, commands included.
[[nodiscard]] std::string help_text();

}  // namespace xsuperd::ctl
