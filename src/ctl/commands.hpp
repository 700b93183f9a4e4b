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
#include "xsuperd/control/message.hpp"
#include "xsuperd/ctl/run.hpp"

namespace xsuperd::ctl {

namespace json = control::json;

/// What the daemon answered.
struct Answer {
  std::vector<json::object> rows;
  json::object result;
};

/// One row of the table of commands, which the command line, --help and the manual follow.
struct Command {
  std::string_view name;
  std::string_view synopsis;     ///< of its words
  std::string_view text;         ///< for --help
  std::size_t least = 0, most = 0;  ///< number of words
  /// Puts words and options into the request; a sentence says what is wrong with them, and is empty when nothing is.
  std::string (*fill)(const Arguments& arguments, json::object& request) = nullptr;
  /// The answer for a person.
  std::string (*print)(const Arguments& arguments, const Answer& answer) = nullptr;
  /// The exit status of an answer that is no failure; null: good.
  Exit (*judge)(const Answer& answer) = nullptr;
  /// Commands that need no daemon, or more than an answer: does it all, in place of the three above.
  Exit (*alone)(const Arguments& arguments, std::FILE* out, std::FILE* err) = nullptr;
  /// The same for one that reads its own options: gets all words behind its name, which must stand first.
  int (*apart)(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) = nullptr;
  /// Leaves in the answer what was asked for; null: all.
  void (*narrow)(const Arguments& arguments, Answer& answer) = nullptr;
  bool lists = false;    ///< the answer has rows, if only none
  bool offline = false;  ///< needs no daemon
  [[nodiscard]] bool asks_daemon() const { return !offline; }
};
[[nodiscard]] std::span<const Command> commands();
[[nodiscard]] const Command* find_command(std::string_view name);
/// Of `show`: the attributes that were asked for, by the names of their table.
[[nodiscard]] std::vector<std::string_view> attributes_in(const Arguments& arguments);
// show.cpp, daemon.cpp and the like: answers as text. Pure.
[[nodiscard]] std::string print_status(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_list(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_stats(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_show(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_sessions(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_explain(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_bans(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_kill(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_standing(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_log_level(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_ban(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_unban(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_reopened(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_upgrade(const Arguments& arguments, const Answer& answer);
/// What was found in the files, as `check` tells it.
[[nodiscard]] std::string findings_text(const json::object& from);
[[nodiscard]] std::string print_reload(const Arguments& arguments, const Answer& answer);
[[nodiscard]] std::string print_diff(const Arguments& arguments, const Answer& answer);

/// check.cpp: what can be told of configuration files.
[[nodiscard]] Exit check(const Arguments& arguments, std::FILE* out, std::FILE* err);
/// top.cpp: the counters of a running daemon again and again, on a terminal; or once, as text.
[[nodiscard]] Exit top(const Arguments& arguments, std::FILE* out, std::FILE* err);
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
