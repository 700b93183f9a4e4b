// SPDX-License-Identifier: MIT
#include "ctl/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ctl/duration.hpp"
#include "ctl/values.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/policy/network.hpp"

namespace xsuperd::ctl {

namespace {

std::string nothing(const Arguments&, json::object&) { return {}; }

/// One word goes by the name that daemons of any version know.
void put_words(json::object& request, const char* one, const char* many, const std::vector<std::string>& words) {
  if (words.size() == 1) request[one] = words[0];
  if (words.size() > 1) request[many] = json::array(words.begin(), words.end());
}

std::string services(const Arguments& a, json::object& request) {
  put_words(request, "service", "services", a.words);
  return {};
}

std::string list(const Arguments& a, json::object& request) {
  if (a.all) request["all"] = true;
  return services(a, request);
}

/// The first word is a service; of the others those that are no attributes.
std::string show(const Arguments& a, json::object& request) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < a.words.size(); ++i)
    if (i == 0 || !config::find_attribute(a.words[i])) words.push_back(a.words[i]);
  put_words(request, "service", "services", words);
  return {};
}

/// Attributes that were asked for by name are shown whether anybody has set them or not.
void keep_named(const Arguments& a, Answer& answer) {
  const auto names = attributes_in(a);
  if (names.empty()) return;
  std::erase_if(answer.rows, [&](const json::object& row) {
    const auto* name = row.if_contains("attribute");
    return std::none_of(names.begin(), names.end(), [&](std::string_view wanted) {
      return name && name->is_string() && wanted == std::string_view(name->get_string());
    });
  });
}

std::string explain(const Arguments& a, json::object& request) {
  put_words(request, "service", "services", {a.words.begin(), a.words.end() - 1});
  request["address"] = a.words.back();
  if (a.at) request["at"] = *a.at;
  return {};
}

std::string ban(const Arguments& a, json::object& request) {
  auto words = a.words;
  // No address is all digits and a letter.
  if (const auto minutes = words.size() > 1 ? minutes_of(words.back()) : std::nullopt) {
    request["minutes"] = *minutes;
    words.pop_back();
  }
  for (const std::string& word : words)
    if (!policy::Network::parse(word))
      return fmt::format("'{}' is {}", base::escaped(word, 100),
                         &word == &words.back() && words.size() > 1 ? "not an address, a network or a time such as 30m, 1h or 7d"
                                                                    : "neither an address nor a network");
  put_words(request, "address", "addresses", words);
  return {};
}

std::string unban(const Arguments& a, json::object& request) {
  for (const std::string& word : a.words)
    if (!policy::Network::parse(word)) return fmt::format("'{}' is neither an address nor a network", base::escaped(word, 100));
  put_words(request, "address", "addresses", a.words);
  return {};
}

/// A word of digits is the number of a session.
std::string kill(const Arguments& a, json::object& request) {
  if (a.words.empty() == !a.peer) return "kill wants sessions and services, or --peer";
  if (a.peer) request["peer"] = *a.peer;
  json::array numbers;
  std::vector<std::string> names;
  for (const std::string& word : a.words)
    if (const auto number = base::parse_number(word, 1))
      numbers.push_back(*number);
    else
      names.push_back(word);
  if (numbers.size() == 1)
    request["session"] = numbers[0];
  else if (!numbers.empty())
    request["sessions"] = std::move(numbers);
  put_words(request, "service", "services", names);
  if (a.signal) request["signal"] = *a.signal;
  return {};
}

std::string drain(const Arguments& a, json::object& request) {
  if (a.hold) request["hold"] = true;
  return services(a, request);
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

/// Errors of the files, then what could not be opened: a log, or a service.
Exit all_open(const Answer& answer) {
  if (const Exit bad = has_errors(answer); bad != Exit::good) return bad;
  const auto& findings = array_at(answer.result, "findings");
  const bool trouble = std::any_of(findings.begin(), findings.end(), [](const json::value& one) {
    return one.is_object() && control::string_at(one.get_object(), "level") == "error";
  });
  return trouble || !array_at(answer.result, "not_opened").empty() ? Exit::failed : Exit::good;
}

Exit enabled(const Answer& answer) {
  for (const json::value& one : array_at(answer.result, "services"))
    if (one.is_object() && control::string_at(one.get_object(), "state") == "closed") return Exit::failed;
  return Exit::good;
}

constexpr std::size_t many = 256;

constexpr std::array table{
    Command{"status", "", "how the daemon is", 0, 0, nothing, print_status},
    Command{.name = "list", .synopsis = "[SERVICE ...]", .text = "all services, and what they have done", .most = many,
            .fill = list, .print = print_list, .lists = true},
    Command{.name = "stats", .synopsis = "[SERVICE ...]", .text = "the counters of all services", .most = many,
            .fill = services, .print = print_stats, .lists = true},
    Command{.name = "top", .synopsis = "", .text = "a live view of what the services do", .alone = top},
    Command{.name = "health", .synopsis = "[SERVICE ...]", .text = "is all well, for a monitoring system",
            .most = many, .alone = health},
    Command{.name = "show", .synopsis = "SERVICE ... [ATTRIBUTE ...]", .text = "its attributes, and where each comes from",
            .least = 1, .most = many, .fill = show, .print = print_show, .narrow = keep_named, .lists = true},
    Command{.name = "sessions", .synopsis = "[SERVICE ...]", .text = "who is being served", .most = many, .fill = services,
            .print = print_sessions, .lists = true},
    Command{"explain", "SERVICE ... ADDRESS", "would that peer be served now, and why", 2, many, explain, print_explain, admitted},
    Command{"kill", "SESSION|SERVICE ...", "end sessions; also with --peer", 0, many, kill, print_kill},
    Command{"drain", "SERVICE ...", "let nobody new in; sessions go on", 1, many, drain, print_standing},
    Command{"disable", "SERVICE ...", "the same, and meant to last", 1, many, services, print_standing},
    Command{"enable", "SERVICE ...", "undo drain and disable", 1, many, services, print_standing, enabled},
    Command{.name = "bans", .synopsis = "", .text = "peers that sensors or administrators have banned", .fill = nothing,
            .print = print_bans, .lists = true},
    Command{"ban", "ADDRESS ... [TIME]", "keep peers or networks out of all services", 1, many, ban, print_ban},
    Command{"unban", "ADDRESS ...", "let them in again", 1, many, unban, print_unban},
    Command{"log-level", "[LEVEL]", "from which level on messages are logged", 0, 1, level, print_log_level},
    Command{"reopen-logs", "", "open all log files by name again", 0, 0, nothing, print_reopened},
    Command{"reload", "", "read the configuration again, as SIGHUP does", 0, 0, reload, print_reload, all_open},
    Command{.name = "check", .synopsis = "[FILE]", .text = "what is wrong with a configuration; asks no daemon", .most = 1,
            .alone = check, .offline = true},
    Command{.name = "convert", .synopsis = "--from ... --to ...",
            .text = "files of inetd, xinetd and systemd into each other; asks no daemon", .apart = convert, .offline = true},
    Command{.name = "complete", .synopsis = "[--files FILE] -- WORD ...",
            .text = "for the completions of shells: what the last word could be", .apart = complete, .offline = true},
    Command{"upgrade", "", "execute the daemon's program anew, without losing anything", 0, 0, nothing, print_upgrade},
    Command{"diff", "", "what a reload would change", 0, 0, nothing, print_diff, has_errors},
};

}  // namespace

std::span<const Command> commands() { return table; }

std::vector<std::string_view> attributes_in(const Arguments& a) {
  std::vector<std::string_view> names;
  for (std::size_t i = 1; i < a.words.size(); ++i)
    if (const auto* row = config::find_attribute(a.words[i])) names.push_back(row->name);
  return names;
}

const Command* find_command(std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const Command& c) { return c.name == name; });
  return row == table.end() ? nullptr : &*row;
}

}  // namespace xsuperd::ctl
