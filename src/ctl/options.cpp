// SPDX-License-Identifier: MIT
#include "ctl/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "xsuperd/base/text.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::array uses{
    OptionUse{"socket", 0, "PATH", "", "control socket of the daemon, instead of $XSUPERD_CONTROL"},
    OptionUse{"json", 0, "", "", "print the answer, or the error, as JSON"},
    OptionUse{"all", 0, "", "list", "also entries that are not served"},
    OptionUse{"all", 0, "", "show", "also attributes that are not set"},
    OptionUse{"at", 0, "H:MM", "explain", "at that time of day"},
    OptionUse{"via", 0, "ADDRESS", "explain", "through that proxy"},
    OptionUse{"reason", 0, "TEXT", "ban", "why, for people who look at bans later"},
    OptionUse{"cert", 0, "NAME", "explain", "with that name in its certificate"},
    OptionUse{"peer", 0, "ADDRESS", "kill", "all sessions of that peer"},
    OptionUse{"signal", 0, "NAME", "kill", "this signal instead of TERM"},
    OptionUse{"hold", 0, "", "drain", "keep the socket open; connections wait"},
    OptionUse{"wait", 0, "", "drain disable", "wait until no session is left"},
    OptionUse{"strict", 0, "", "reload", "refuse everything if there is any error"},
    OptionUse{"strict", 0, "", "check", "treat warnings as errors"},
    OptionUse{"inetd", 0, "", "check try", "the file is an inetd.conf"},
    OptionUse{"file", 'f', "FILE", "try", "the configuration, instead of /etc/xinetd.conf"},
    OptionUse{"as-xinetd", 0, "", "check", "also warn of what xinetd would ignore, refuse or read otherwise"},
    OptionUse{"persist", 0, "", "enable disable set", "also write it to the service's file"},
    OptionUse{"interval", 'n', "SECONDS", "top watch", "time between updates (default 1; watch: 2)"},
    OptionUse{"sort", 0, "ORDER", "top", "sort by rate, running, refused, name or bytes"},
    OptionUse{"warning", 'w', "RANGE", "health", "warn above this percentage of a limit (default 80)"},
    OptionUse{"critical", 'c', "RANGE", "health", "critical above this percentage of a limit (default 95)"},
    OptionUse{"recent", 0, "MINUTES", "health", "report failures of the last MINUTES (default 10)"},
    OptionUse{"timeout", 't', "SECONDS", "health", "how long to wait for the daemon (default 10)"},
    OptionUse{"follow", 0, "", "events logs", "go on, and print what happens"},
    OptionUse{"last", 0, "NUMBER", "events logs", "only so many of what has happened (default 500; logs: 50)"},
    OptionUse{"service", 0, "ID", "events", "only what concerns that service"},
    OptionUse{"reset", 0, "", "stats", "restart counting from now"},
    OptionUse{"once", 0, "", "top", "print one screen and exit"},
    OptionUse{"help", 'h', "", "", "print this, or help on a command, and exit"},
    OptionUse{"version", 0, "", "", "print the version and exit"},
};

/// The options of convert, which reads them itself.
constexpr std::array convert_uses{
    OptionUse{"from", 0, "LANGUAGE", "convert", "language of the files: inetd, xinetd or systemd"},
    OptionUse{"to", 0, "LANGUAGE", "convert", "language to write: xinetd or systemd"},
    OptionUse{"output", 'o', "DIRECTORY", "convert", "where to write the files (default: standard output)"},
    OptionUse{"force", 0, "", "convert", "overwrite existing files"},
    OptionUse{"all", 0, "", "convert", "to systemd: also disabled services"},
    OptionUse{"json", 0, "", "convert", "print files and report, or the error, as JSON"},
    OptionUse{"help", 'h', "", "convert", "print this and exit"},
};

bool is_for(const OptionUse& use, std::string_view command) {
  const auto commands = base::split_words(use.commands);
  return commands.empty() || std::find(commands.begin(), commands.end(), command) != commands.end();
}

OptionWord word_of(const OptionUse& use) {
  return {fmt::format("--{}", use.name), std::string(use.argument), std::string(use.text)};
}

}  // namespace

std::span<const OptionUse> option_uses() { return uses; }

bool takes(std::string_view command, std::string_view option) {
  if (command.empty()) return option == "help" || option == "version" || option == "socket" || option == "json";
  return std::any_of(uses.begin(), uses.end(), [&](const OptionUse& use) { return use.name == option && is_for(use, command); });
}

std::vector<OptionWord> option_words() {
  std::vector<OptionWord> words;
  for (const OptionUse& use : uses) {
    std::string commands;
    for (const std::string_view command : base::split_words(use.commands)) commands.append(commands.empty() ? "" : ", ").append(command);
    const std::string text = commands.empty() ? std::string(use.text) : commands + ": " + std::string(use.text);
    if (!words.empty() && words.back().word == word_of(use).word)
      words.back().text += "; " + text;
    else
      words.push_back({word_of(use).word, std::string(use.argument), text});
  }
  return words;
}

std::vector<OptionWord> options_of(std::string_view command) {
  const bool apart = command == "convert";
  const auto all = apart ? std::span<const OptionUse>(convert_uses) : option_uses();
  std::vector<OptionWord> words;
  for (const OptionUse& use : all)
    if (is_for(use, command) && use.name != "version") words.push_back(word_of(use));
  return words;
}

}  // namespace xsuperd::ctl
