// SPDX-License-Identifier: MIT
#include "ctl/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/convert/run.hpp"

namespace xsuperd::ctl {

namespace {

std::string nothing(const Arguments&, json::object&) { return {}; }
std::string silent(const Arguments&, const Answer&) { return {}; }

std::string list(const Arguments& a, json::object& request) {
  if (a.all) request["all"] = true;
  return {};
}

std::string service(const Arguments& a, json::object& request) {
  if (!a.words.empty()) request["service"] = a.words[0];
  return {};
}

/// Attributes are the concern of who asks: the daemon sends all.
std::string show(const Arguments& a, json::object& request) {
  for (std::size_t i = 1; i < a.words.size(); ++i)
    if (!config::find_attribute(a.words[i])) return fmt::format("'{}' is no attribute", base::escaped(a.words[i], 100));
  return service(a, request);
}

/// Attributes that were asked for by name are shown whether anybody has set them or not.
void keep_named(const Arguments& a, Answer& answer) {
  if (a.words.size() < 2) return;
  std::erase_if(answer.rows, [&](const json::object& row) {
    const auto* name = row.if_contains("attribute");
    return std::none_of(a.words.begin() + 1, a.words.end(), [&](const std::string& word) {
      return name && name->is_string() && config::find_attribute(word)->name == std::string_view(name->get_string());
    });
  });
}

std::string explain(const Arguments& a, json::object& request) {
  request = {{"service", a.words[0]}, {"address", a.words[1]}};
  if (a.at) request["at"] = *a.at;
  return {};
}

std::string ban(const Arguments& a, json::object& request) {
  request["address"] = a.words[0];
  if (a.words.size() < 2) return {};
  const auto minutes = base::parse_number(a.words[1], 1, 1'000'000'000);
  if (!minutes) return fmt::format("'{}' is no number of minutes", base::escaped(a.words[1], 100));
  request["minutes"] = *minutes;
  return {};
}

std::string unban(const Arguments& a, json::object& request) {
  request["address"] = a.words[0];
  return {};
}

/// A word of digits is the number of a session.
std::string kill(const Arguments& a, json::object& request) {
  if (a.words.empty() == !a.peer) return "kill wants a session, a service or --peer, and only one of them";
  if (a.peer) request["peer"] = *a.peer;
  if (!a.words.empty()) {
    const auto number = base::parse_number(a.words[0], 1);
    if (number)
      request["session"] = *number;
    else
      request["service"] = a.words[0];
  }
  if (a.signal) request["signal"] = *a.signal;
  return {};
}

std::string drain(const Arguments& a, json::object& request) {
  if (a.hold) request["hold"] = true;
  return service(a, request);
}

std::string reload(const Arguments& a, json::object& request) {
  if (a.strict) request["strict"] = true;
  return {};
}

std::string level(const Arguments& a, json::object& request) {
  if (!a.words.empty()) request["level"] = a.words[0];
  return {};
}

Exit admitted(const Answer& answer) { return control::true_at(answer.result, "admitted") ? Exit::good : Exit::failed; }

Exit has_errors(const Answer& answer) {
  return control::number_at(answer.result, "errors").value_or(0) == 0 ? Exit::good : Exit::configuration;
}

constexpr std::array table{
    Command{"status", "", "how the daemon is", 0, 0, nothing, print_status},
    Command{"list", "", "all services, and what they have done", 0, 0, list, print_list},
    Command{"stats", "", "the counters of all services", 0, 0, nothing, print_stats},
    Command{.name = "top", .synopsis = "", .text = "a live view of what the services do", .alone = top},
    Command{.name = "health", .synopsis = "[SERVICE ...]", .text = "is all well, for a monitoring system",
            .most = 1000, .alone = health},
    Command{.name = "show", .synopsis = "SERVICE [ATTRIBUTE ...]", .text = "its attributes, and where each comes from",
            .least = 1, .most = 1000, .fill = show, .print = print_show, .narrow = keep_named},
    Command{"sessions", "[SERVICE]", "who is being served", 0, 1, service, print_sessions},
    Command{"explain", "SERVICE ADDRESS", "would that peer be served now, and why", 2, 2, explain, print_explain, admitted},
    Command{"kill", "SESSION|SERVICE", "end sessions; also with --peer", 0, 1, kill, print_kill},
    Command{"drain", "SERVICE", "let nobody new in; sessions go on", 1, 1, drain, print_standing},
    Command{"disable", "SERVICE", "the same, and meant to last", 1, 1, service, print_standing},
    Command{"enable", "SERVICE", "undo drain and disable", 1, 1, service, print_standing},
    Command{"bans", "", "peers that sensors or administrators have banned", 0, 0, nothing, print_bans},
    Command{"ban", "ADDRESS [MINUTES]", "keep a peer out of all services", 1, 2, ban, silent},
    Command{"unban", "ADDRESS", "let it in again", 1, 1, unban, silent},
    Command{"log-level", "[LEVEL]", "from which level on messages are logged", 0, 1, level, print_log_level},
    Command{"reopen-logs", "", "open all log files by name again", 0, 0, nothing, silent},
    Command{"reload", "", "read the configuration again, as SIGHUP does", 0, 0, reload, print_reload, has_errors},
    Command{.name = "check", .synopsis = "[FILE]", .text = "what is wrong with a configuration; asks no daemon", .most = 1,
            .alone = check},
    Command{.name = "convert", .synopsis = "--from ... --to ...",
            .text = "files of inetd, xinetd and systemd into each other; asks no daemon", .apart = convert::run},
    Command{.name = "complete", .synopsis = "[--files FILE] -- WORD ...",
            .text = "for the completions of shells: what the last word could be", .apart = complete},
    Command{"upgrade", "", "execute the daemon's program anew, without losing anything", 0, 0, nothing, silent},
    Command{"diff", "", "what a reload would change", 0, 0, nothing, print_diff, has_errors},
};

}  // namespace

std::span<const Command> commands() { return table; }

std::string misplaced_option(const Arguments& a) {
  struct Given {
    const char* option;
    bool given;
    std::string_view commands;  ///< which take it, with blanks around each
  };
  const Given options[]{
      {"--inetd", a.inetd, " check "},         {"--once", a.once, " top "},
      {"--interval", a.interval.has_value(), " top "}, {"--sort", a.sort.has_value(), " top "},
      {"--all", a.all, " list show "},         {"--at", a.at.has_value(), " explain "},
      {"--peer", a.peer.has_value(), " kill "}, {"--signal", a.signal.has_value(), " kill "},
      {"--hold", a.hold, " drain "},           {"--wait", a.wait, " drain disable "},
      {"--warning", a.warning.has_value(), " health "}, {"--critical", a.critical.has_value(), " health "},
      {"--recent", a.recent.has_value(), " health "}, {"--timeout", a.timeout.has_value(), " health "},
      {"--strict", a.strict, " reload check "},      {"--persist", a.persist, " enable disable "},
  };
  for (const Given& one : options)
    if (one.given && one.commands.find(fmt::format(" {} ", a.command)) == std::string_view::npos)
      return fmt::format("{} does not take {}", a.command, one.option);
  return {};
}

const Command* find_command(std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const Command& c) { return c.name == name; });
  return row == table.end() ? nullptr : &*row;
}

}  // namespace xsuperd::ctl
