// SPDX-License-Identifier: MIT
#include "ctl/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ctl/commands.hpp"
#include "ctl/options.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::size_t line_width = 79;

constexpr std::array meanings{
    ExitMeaning{0, "", "done"},
    ExitMeaning{0, "explain", "the peer would be served by each of the services"},
    ExitMeaning{1, "", "the daemon refused, or the command failed"},
    ExitMeaning{1, "explain", "the peer would not be served"},
    ExitMeaning{1, "reload enable", "a service could not be opened"},
    ExitMeaning{1, "convert", "something has no equivalent, or a file could not be written"},
    ExitMeaning{2, "", "invalid command line"},
    ExitMeaning{3, "", "no daemon answers at the socket"},
    ExitMeaning{4, "reload diff check", "the configuration has errors"},
    ExitMeaning{4, "convert", "the input has errors"},
    ExitMeaning{125, "try", "the server could not be run; else its own status, 128 + N if signal N ended it"},
    ExitMeaning{0, "health", "OK"},
    ExitMeaning{1, "health", "WARNING"},
    ExitMeaning{2, "health", "CRITICAL; also if no daemon answers"},
    ExitMeaning{3, "health", "UNKNOWN: invalid command line, or the daemon may not be asked"},
};

/// Words from `indent` on, in lines that are no longer than a terminal; the first line has begun with `begun`.
std::string wrapped(std::string begun, std::string_view text, std::size_t indent) {
  std::string all;
  std::string line = std::move(begun);
  if (line.size() + 1 > indent && line.find_first_not_of(' ') != line.npos) {
    all = line + "\n";
    line.clear();
  }
  line.resize(indent, ' ');
  bool first = true;
  for (const std::string_view word : base::split_words(text)) {
    if (!first && line.size() + 1 + word.size() > line_width) {
      all += line + "\n";
      line.assign(indent, ' ');
      first = true;
    }
    line.append(first ? "" : " ").append(word);
    first = false;
  }
  return all + line + "\n";
}

std::string option_lines(const std::vector<OptionWord>& options) {
  std::string text;
  for (const OptionWord& one : options) {
    const auto use = std::find_if(option_uses().begin(), option_uses().end(), [&](const OptionUse& u) { return one.word.substr(2) == u.name; });
    const char letter = use == option_uses().end() ? '\0' : use->letter;
    const std::string begun = fmt::format("  {}{}{}{}", letter == 0 ? "" : fmt::format("-{}, ", letter), one.word,
                                          one.takes_value() ? " " : "", one.argument);
    text += wrapped(begun, one.text, 26);
  }
  return text;
}

std::string exit_lines(const Command& command) {
  std::string text;
  for (const int status : {0, 1, 2, 3, 4, 125}) {
    std::string all;
    for (const ExitMeaning& one : meanings)
      if (one.status == status && concerns(one, command)) all.append(all.empty() ? "" : "; ").append(one.text);
    if (!all.empty()) text += wrapped(fmt::format("  {}", status), all, 5);
  }
  return text;
}

}  // namespace

std::span<const ExitMeaning> exit_meanings() { return meanings; }

bool concerns(const ExitMeaning& meaning, const Command& command) {
  const auto commands = base::split_words(meaning.commands);
  if (!commands.empty()) return std::find(commands.begin(), commands.end(), command.name) != commands.end();
  if (command.name == "health") return false;
  return meaning.status != 3 || command.asks_daemon();
}

std::string help_text() {
  std::string text = "Usage: xsuperctl [OPTION...] COMMAND [ARGUMENT...]\n"
                     "Queries and controls a running xsuperd over its control socket.\n\nCommands:\n";
  for (const Command& command : commands())
    text += wrapped(fmt::format("  {} {}", command.name, command.synopsis), command.text, 36);
  return text + "\nOptions:\n" + option_lines(option_words()) +
         "\nSee xsuperctl COMMAND --help for help on a command, and xsuperctl(1).\n";
}

std::string help_text(const Command& command) {
  std::string text = fmt::format("Usage: xsuperctl {}{}{}{}\n", command.name, command.apart ? "" : " [OPTION...]",
                                 command.synopsis.empty() ? "" : " ", command.synopsis);
  text += wrapped({}, command.description, 0);
  if (const auto options = options_of(command.name); !options.empty() && command.name != "complete")
    text += "\nOptions:\n" + option_lines(options);
  text += "\nExit status:\n" + exit_lines(command);
  if (!command.examples.empty()) text += "\nExamples:\n";
  for (const std::string_view example : command.examples) text += fmt::format("  {}\n", example);
  return text + "\nSee xsuperctl(1).\n";
}

}  // namespace xsuperd::ctl
