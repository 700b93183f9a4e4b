// SPDX-License-Identifier: MIT
// What --help says, and the table of exit statuses. Internal to ctl.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace xsuperd::ctl {

struct Command;

/// What one exit status means. --help and the manual follow the table.
struct ExitMeaning {
  int status;
  std::string_view commands;  ///< with a blank between them; empty: all that have no statuses of their own
  std::string_view text;
};
[[nodiscard]] std::span<const ExitMeaning> exit_meanings();
/// Does a row of the table concern the command?
[[nodiscard]] bool concerns(const ExitMeaning& meaning, const Command& command);

/// The text of `xsuperctl --help`: all commands and all options.
[[nodiscard]] std::string help_text();
/// The text of `xsuperctl COMMAND --help`: usage, description, options, exit statuses, examples.
[[nodiscard]] std::string help_text(const Command& command);

}  // namespace xsuperd::ctl
