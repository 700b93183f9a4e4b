// SPDX-License-Identifier: MIT
#include "ctl/commands.hpp"

#include <algorithm>
#include <array>

namespace xsuperd::ctl {

namespace {

constexpr std::array<std::string_view, 2> top_lines{"xsuperctl top --sort refused", "xsuperctl top --once --interval 5"};
constexpr std::array<std::string_view, 3> watch_lines{"xsuperctl watch sessions", "xsuperctl watch -n 0.5 list 'web-*'",
                                                      "xsuperctl watch explain ftp 192.0.2.7"};
constexpr std::array<std::string_view, 2> health_lines{"xsuperctl health", "xsuperctl health -w 90 -c 98 ftp"};
constexpr std::array<std::string_view, 4> check_lines{"xsuperctl check", "xsuperctl check --strict ./xinetd.conf",
                                                      "xsuperctl check --inetd /etc/inetd.conf",
                                                      "xsuperctl check --as-xinetd --strict"};
constexpr std::array<std::string_view, 3> try_lines{"xsuperctl try ctf", "xsuperctl try ftp -- -d", "xsuperctl try finger --json </dev/null"};
constexpr std::array<std::string_view, 2> convert_lines{
    "xsuperctl convert --from inetd --to xinetd --output /etc/xinetd.d /etc/inetd.conf",
    "xsuperctl convert --from systemd --to xinetd /etc/systemd/system/echo.socket"};
constexpr std::array<std::string_view, 1> complete_lines{"xsuperctl complete -- drain f"};

/// Those that are not a single question to the daemon.
constexpr std::array others{
    Command{.name = "top", .text = "live view of the services",
            .description = "Shows what all services are doing, updated until q is pressed. Without a terminal, and "
                           "with --once or --json, it takes two samples and prints the result.",
            .examples = top_lines, .alone = top},
    Command{.name = "watch", .synopsis = "COMMAND [WORD ...]", .text = "repeat a command that changes nothing",
            .description = "Shows what another command prints, and runs it again every two seconds, until q is pressed. Options "
                           "of that command may be given as well. Without a terminal, and with --json, the answers follow "
                           "each other, with an empty line between them.",
            .examples = watch_lines, .least = 1, .most = many, .alone = watch},
    Command{.name = "health", .synopsis = "[SERVICE ...]", .text = "health check for a monitoring system",
            .description = "Prints one line for a monitoring system, as plug-ins of Nagios and its relatives do. If "
                           "services are named, only these are checked, and not the daemon as a whole.",
            .examples = health_lines, .most = many, .alone = health, .reads = true},
    Command{.name = "check", .synopsis = "[FILE]", .text = "check a configuration; needs no daemon",
            .description = "Reads a configuration, /etc/xinetd.conf by default, and reports what is wrong with it "
                           "or perhaps not what was meant. Needs no daemon and starts nothing.",
            .examples = check_lines, .most = 1, .alone = check, .offline = true, .reads = true},
    Command{.name = "try", .synopsis = "SERVICE [-- ARGUMENT ...]", .text = "run a server once, and tell what it was denied; needs no daemon",
            .description = "Runs the server of a service once on this terminal, confined as its entry says, and tells which "
                           "system calls, files and connections it was denied and what would allow them. Words behind -- "
                           "replace the server's arguments.",
            .examples = try_lines, .least = 1, .most = many, .alone = attempt, .offline = true},
    Command{.name = "convert", .synopsis = "--from ... --to ...",
            .text = "convert between inetd, xinetd and systemd files; needs no daemon",
            .description = "Translates a configuration into another language, and reports what has no equivalent there.",
            .examples = convert_lines, .apart = convert, .offline = true},
    Command{.name = "complete", .synopsis = "[--files FILE] -- WORD ...",
            .text = "for shell completion: what the last word could be",
            .description = "Prints what the last word of a command line could be, for shell completion.",
            .examples = complete_lines, .apart = complete, .offline = true},
};

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> all = [] {
    std::vector<Command> rows;
    for (const std::span<const Command> some : {daemon_commands(), reload_commands(), service_commands(), standing_commands(),
                                                session_commands(), ban_commands(), event_commands(), metrics_commands(),
                                                std::span<const Command>(others)})
      rows.insert(rows.end(), some.begin(), some.end());
    return rows;
  }();
  return all;
}

const Command* find_command(std::string_view name) {
  const auto row = std::find_if(commands().begin(), commands().end(), [&](const Command& c) { return c.name == name; });
  return row == commands().end() ? nullptr : &*row;
}

std::string fill_nothing(const Arguments&, command::Nothing&) { return {}; }

std::vector<std::string> services_in(const Arguments& arguments) {
  std::vector<std::string> words = arguments.words;
  if (arguments.command == command::Set::name) std::erase_if(words, is_setting);
  return words;
}

std::string fill_services(const Arguments& arguments, request::Services& request) {
  request.mean(arguments.words);
  return {};
}

}  // namespace xsuperd::ctl
