// SPDX-License-Identifier: MIT
// The commands of xsuperctl. Internal to ctl.
#pragma once
#include <chrono>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/arguments.hpp"
#include "xsuperd/control/schema.hpp"
#include "xsuperd/ctl/run.hpp"

namespace xsuperd::ctl {

struct Voice;

namespace json = control::json;
namespace command = control::command;
namespace reply = control::reply;
namespace request = control::request;

/// What the daemon answered.
struct Answer {
  std::vector<json::object> rows;
  json::object result;
};
/// The same as answer to command C, whatever the version of the daemon: what is missing has its default.
template <typename C>
[[nodiscard]] control::Answered<C> answered(const Answer& answer) {
  return control::answered<C>(answer.result, answer.rows);
}

/// How many words a command may have that takes any number.
inline constexpr std::size_t many = control::most_words;

/// One row of the table of commands, which the command line, --help, the manual and the completions follow.
struct Command {
  std::string_view name = {};
  std::string_view synopsis = {};     ///< of its words
  std::string_view text = {};         ///< for --help
  std::string_view description = {};  ///< in sentences, for COMMAND --help
  std::span<const std::string_view> examples = {};  ///< whole lines
  std::size_t least = 0, most = 0;                  ///< number of words
  /// Puts words and options into the request; a sentence says what is wrong with them, and is empty when nothing is.
  std::string (*fill)(const Arguments& arguments, json::object& request) = nullptr;
  /// The answer for a person.
  std::string (*print)(const Arguments& arguments, const Answer& answer) = nullptr;
  /// The exit status of an answer that is not a failure; null: good.
  Exit (*judge)(const Answer& answer) = nullptr;
  /// Commands that need no daemon, or more than an answer: does it all, in place of the three above.
  Exit (*alone)(const Arguments& arguments, std::FILE* out, std::FILE* err) = nullptr;
  /// The same for one that reads its own options: gets all words behind its name, which must stand first.
  int (*apart)(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) = nullptr;
  /// Leaves in the answer what was asked for; null: all.
  void (*narrow)(const Arguments& arguments, Answer& answer) = nullptr;
  bool lists = false;    ///< the answer has rows, if only none
  bool offline = false;  ///< needs no daemon
  bool reads = false;    ///< changes nothing, so that `watch` may repeat it
  [[nodiscard]] bool asks_daemon() const { return !offline; }
};
[[nodiscard]] const std::vector<Command>& commands();
[[nodiscard]] const Command* find_command(std::string_view name);

// The rows of each file with commands.
[[nodiscard]] std::span<const Command> daemon_commands();
[[nodiscard]] std::span<const Command> reload_commands();
[[nodiscard]] std::span<const Command> service_commands();
[[nodiscard]] std::span<const Command> standing_commands();
[[nodiscard]] std::span<const Command> session_commands();
[[nodiscard]] std::span<const Command> ban_commands();
[[nodiscard]] std::span<const Command> event_commands();
[[nodiscard]] std::span<const Command> metrics_commands();

/// Completes a row for command C of the daemon: `fill` puts words and options into its arguments, `print` gets what it has
/// answered.
template <typename C, std::string (*fill)(const Arguments&, typename C::Arguments&),
          std::string (*print)(const Arguments&, const control::Answered<C>&)>
constexpr Command asks(Command row) {
  row.name = C::name;
  row.lists = C::lists;
  row.fill = [](const Arguments& arguments, json::object& request) {
    typename C::Arguments filled;
    std::string wrong = fill(arguments, filled);
    request = control::write(filled);
    return wrong;
  };
  row.print = [](const Arguments& arguments, const Answer& answer) { return print(arguments, answered<C>(answer)); };
  return row;
}
/// For Command::judge.
template <typename C, Exit (*judge)(const typename C::Result&)>
Exit judged(const Answer& answer) {
  return judge(control::read<typename C::Result>(answer.result));
}
/// For commands without words and options.
[[nodiscard]] std::string fill_nothing(const Arguments& arguments, command::Nothing& request);
/// Is it a word of `set` that says what to set?
[[nodiscard]] inline bool is_setting(std::string_view word) { return word.find('=') != word.npos; }
/// The words that are services.
[[nodiscard]] std::vector<std::string> services_in(const Arguments& arguments);
/// For commands whose words are services.
[[nodiscard]] std::string fill_services(const Arguments& arguments, request::Services& request);

/// run.cpp: what is wrong with the words and options of a command; empty when nothing is.
[[nodiscard]] std::string wrong_with(const Command& command, const Arguments& arguments);
/// run.cpp: about a word that is no command.
[[nodiscard]] std::string unknown_command(const std::string& word);
/// run.cpp: does what the command line says; returns the exit status.
[[nodiscard]] int run_command(const Command& command, const Arguments& arguments, const Voice& voice);

/// What a reload or a check has found in the files, as text.
[[nodiscard]] std::string findings_text(const reply::Report& report);

/// check.cpp: what can be said about configuration files.
[[nodiscard]] Exit check(const Arguments& arguments, std::FILE* out, std::FILE* err);
/// try.cpp: the server of a service, once, on this terminal.
[[nodiscard]] Exit attempt(const Arguments& arguments, std::FILE* out, std::FILE* err);
/// top.cpp: the counters of a running daemon again and again, on a terminal; or once, as text.
[[nodiscard]] Exit top(const Arguments& arguments, std::FILE* out, std::FILE* err);
/// watch.cpp: a command again and again.
[[nodiscard]] Exit watch(const Arguments& arguments, std::FILE* out, std::FILE* err);
/// health.cpp: what a monitoring system wants to know; the status is one of its four.
[[nodiscard]] Exit health(const Arguments& arguments, std::FILE* out, std::FILE* err);
/// convert.cpp: files of another language.
[[nodiscard]] int convert(const std::vector<std::string>& words, std::FILE* out, std::FILE* err);
/// complete.cpp: what the last of the words could be, a line each; its description behind a tab.
[[nodiscard]] int complete(const std::vector<std::string>& words, std::FILE* out, std::FILE* err);
/// For a command line that makes no sense, if it is one of `health`: its status would be read as another.
[[nodiscard]] bool means_health(const std::vector<std::string>& words);
[[nodiscard]] int health_unknown(std::FILE* out, bool as_json, const std::string& sentence);

}  // namespace xsuperd::ctl
