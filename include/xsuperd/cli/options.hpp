// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xsuperd::cli {

/// What the options of inetds say.
struct InetdCommandLine {
  std::vector<std::string> files;    ///< of inetd, or folders of them; empty: /etc/inetd.conf
  std::uint64_t rate = 256;          ///< -R: starts of a service in a minute; 0: no limit
  std::uint64_t backlog = 0;         ///< -q; 0: the maximum
  std::uint64_t children = 0;        ///< -c: instances; 0: no limit
  std::uint64_t per_source = 0;      ///< -s; 0: no limit
  std::uint64_t per_source_rate = 0; ///< -C: connections of an address to a service in a minute; 0: no limit
  std::string address;               ///< -a
  bool debugs = false;               ///< -d
  bool logs = false;                 ///< -l
  bool keeps_environment = false;    ///< -E
  bool wraps = false;                ///< -w, and -l
  bool wraps_internal = false;       ///< -W
};

/// What the command line asks for (facts B1.1 to B1.22, decision B15.12).
struct CommandLine {
  enum class Task : std::uint8_t { serve, version, help, check, attempt, usage_error };
  Task task = Task::serve;
  std::string error;                   ///< with usage_error: what is wrong
  std::vector<std::string> warnings;   ///< for stderr; the start goes on

  std::string config = "/etc/xinetd.conf";
  std::optional<std::string> filelog;
  std::optional<std::string> syslog;   ///< facility as written
  std::optional<std::string> pidfile;
  std::uint64_t limit = 0;
  std::uint64_t logprocs = 15;
  unsigned consistency = 0;            ///< -cc, seconds
  std::optional<std::string> worker_user;  ///< not given: xsuperd-worker, or an id that nobody has
  std::uint64_t workers = 0;           ///< 0: one for two processors
  std::optional<std::string> control;  ///< path of the control socket, or "none"; not given: see daemon.cpp
  std::optional<std::string> control_group;
  bool debug = false;
  bool stay_alive = false;
  bool foreground = false;
  bool container = false;              ///< --container: implies foreground and stay_alive; without -syslog a filelog
  bool inetd_compat = false;
  bool strict = false;                 ///< with -t: warnings count as errors
  bool show = false;                   ///< with -t: print the configuration in effect
  bool as_xinetd = false;              ///< with -t: also warn of what xinetd would make of the files
  struct Explain {
    std::string service;
    std::string address;
    std::optional<std::string> time;   ///< H:MM as written
  };
  std::optional<Explain> explain;      ///< is a check by itself, with or without -t
  struct Attempt {
    std::string service;
    std::optional<std::vector<std::string>> arguments;  ///< of its server, without argv[0]; not given: those of the entry
    bool json = false;
  };
  Attempt attempt;
  std::optional<InetdCommandLine> inetd;  ///< the daemon is an inetd: called so, or --inetd
};

/// Under which name an option is known: inetds have some of their own, and know some of xinetd's by other letters.
enum class Known : std::uint8_t { always, to_xinetd, to_inetd };

/// One row of the option table, which the parser, the usage text and the manual read.
struct Option {
  std::string_view word;      ///< with its dashes
  std::string_view argument;  ///< names of its values, or empty; the last may stand in brackets: it can be left out
  std::string_view text;      ///< for --help
  bool shown = true;          ///< in the usage line
  /// Whether a word that follows is the value in brackets; null: there is none.
  bool (*takes)(std::string_view word) = nullptr;
  Known known = Known::always;
};
[[nodiscard]] std::span<const Option> option_table();

/// Reads `words`, argv without argv[0]. The last of a repeated option wins. As an inetd (`program` is that, or --inetd is
/// among the words) single letters may be joined, with each other and with a value, and a word without a dash is a file
/// of inetd.
[[nodiscard]] CommandLine parse_command_line(const std::vector<std::string>& words,
                                             std::string_view program = "xsuperd");

/// "Usage: PROG [-d] [-f config_file] ..." with its line end (fact B1.5).
[[nodiscard]] std::string usage(std::string_view program);
/// The table as text for --help.
[[nodiscard]] std::string help(std::string_view program);

}  // namespace xsuperd::cli
