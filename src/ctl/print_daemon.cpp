// SPDX-License-Identifier: MIT
// What concerns the daemon as a whole, and its sessions.
#include <fmt/format.h>

#include <algorithm>

#include "ctl/commands.hpp"
#include "ctl/duration.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"
#include "xsuperd/control/finding.hpp"

namespace xsuperd::ctl {

namespace {

constexpr auto right = Column::Align::right;

std::string line(std::string_view what, const std::string& value) {
  return fmt::format("{:<15}{}\n", what, fit_for_terminal(value));
}

std::string count_text(std::int64_t count, std::string_view what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

std::string trouble_text(const json::object& from) {
  return count_text(control::number_at(from, "errors").value_or(0), "error") + ", " +
         count_text(control::number_at(from, "warnings").value_or(0), "warning");
}

std::string states_text(const json::object& services) {
  std::string text;
  for (const auto& [state, count] : object_at(services, "states"))
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", json::serialize(count), std::string_view(state));
  const json::object& left_out = object_at(services, "left_out");
  return fmt::format("{} ({}), {} in error, {} off", text_at(services, "served"), text.empty() ? "none" : text,
                     text_at(left_out, "in_error"), text_at(left_out, "off"));
}

std::string ids_text(const json::object& result, std::string_view name) {
  std::string text;
  const auto* list = result.if_contains(name);
  if (!list || !list->is_array()) return text;
  for (const json::value& one : list->get_array()) {
    if (one.is_string()) text += fmt::format("{:<8}{}\n", name, fit_for_terminal(std::string_view(one.get_string())));
    if (!one.is_object()) continue;
    std::string names;
    if (const auto* attributes = one.get_object().if_contains("attributes"); attributes && attributes->is_array())
      for (const json::value& attribute : attributes->get_array())
        if (attribute.is_string()) names.append(" ").append(std::string_view(attribute.get_string()));
    text += fmt::format("{:<8}{}:{}\n", name, fit_for_terminal(text_at(one.get_object(), "id")), fit_for_terminal(names));
  }
  return text;
}

std::string changes_text(const json::object& result) {
  return ids_text(result, "stopped") + ids_text(result, "started") + ids_text(result, "changed");
}

std::string not_opened_text(const json::object& result) {
  std::string text;
  for (const json::value& one : array_at(result, "not_opened"))
    if (one.is_object())
      text += fit_for_terminal(fmt::format("service {} could not be opened: {}", text_at(one.get_object(), "id"),
                                           text_at(one.get_object(), "sentence"))) + "\n";
  return text;
}

/// "a, b and c".
std::string enumeration(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text.append(i == 0 ? "" : i + 1 == words.size() ? " and " : ", ").append(words[i]);
  return text;
}

}  // namespace

std::string print_status(const Arguments&, const Answer& answer) {
  const json::object& r = answer.result;
  const double now = seconds_at(r, "now").value_or(0);
  const json::object& configuration = object_at(r, "configuration");
  const json::object& totals = object_at(r, "totals");
  const json::object& reload = object_at(configuration, "last_reload");
  const json::object& descriptors = object_at(r, "descriptors");
  std::string text = line("version", text_at(r, "version"));
  text += line("pid", text_at(r, "pid"));
  text += line("started", fmt::format("{} ({} ago)", date_at(r, "started"), ago_at(r, "started", now)));
  text += line("configuration", fmt::format("{}, read {} ago: {}", text_at(configuration, "path"),
                                            ago_at(configuration, "loaded", now), trouble_text(configuration)));
  if (!reload.empty())
    text += line("last reload", fmt::format("{} ago: {}", ago_at(reload, "at", now), text_at(reload, "outcome")));
  text += line("services", states_text(object_at(r, "services")));
  text += line("requests", fmt::format("{}: {} served, {} refused, {} failed, {} withdrawn, {} undecided",
                                       text_at(totals, "accepted"), text_at(totals, "served"), text_at(totals, "refused"),
                                       text_at(totals, "failed"), text_at(totals, "withdrawn"), text_at(totals, "undecided")));
  const std::string limit = text_at(r, "process_limit");
  text += line("running", text_at(totals, "running") + (limit == "-" ? "" : " of at most " + limit));
  const auto* workers = r.if_contains("workers");
  text += line("workers", fmt::format("{}, with {} conversations", workers && workers->is_array() ? workers->get_array().size() : 0,
                                      text_at(r, "conversations")));
  text += line("bans", text_at(r, "bans"));
  text += line("load", text_at(r, "load"));
  text += line("log level", text_at(r, "log_level"));
  text += line("clients", text_at(r, "control_clients"));
  return text + line("descriptors", fmt::format("{} of {}", text_at(descriptors, "used"), text_at(descriptors, "limit")));
}

std::string print_sessions(const Arguments&, const Answer& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const json::object& row : answer.rows)
    rows.push_back({text_at(row, "session"), text_at(row, "service"), text_at(row, "peer"), text_at(row, "port"),
                    text_at(row, "pid"), duration_text(seconds_at(row, "age").value_or(0)), text_at(row, "bytes_in"), text_at(row, "bytes_out"),
                    text_at(row, "stage") + (control::true_at(row, "retired") ? " (service removed)" : "")});
  return render({{"SESSION", right}, {"SERVICE", {}, true}, {"PEER"}, {"PORT", right}, {"PID", right}, {"AGE", right},
                 {"IN", right}, {"OUT", right}, {"STAGE"}},
                rows, terminal_width());
}

std::string print_explain(const Arguments&, const Answer& answer) {
  std::string text;
  const auto* services = answer.result.if_contains("services");
  if (!services || !services->is_array()) return text;
  for (const json::value& one : services->get_array())
    if (one.is_object()) text += text_at(one.get_object(), "text");
  std::string fit;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    fit += fit_for_terminal(std::string_view(text).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return fit;
}

std::string print_bans(const Arguments&, const Answer& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const json::object& row : answer.rows) {
    const auto left = seconds_at(row, "seconds_left");
    rows.push_back({text_at(row, "address"), left ? duration_text(*left) : "for ever"});
  }
  return render({{"ADDRESS"}, {"LEFT", right}}, rows, terminal_width());
}

std::string findings_text(const json::object& from) {
  std::string text;
  for (const json::value& one : array_at(from, "findings"))
    if (one.is_object()) text += config::explained(control::finding_of(one.get_object()));
  if (const auto more = control::number_at(from, "more_findings").value_or(0); more > 0)
    text += fmt::format("and {} more\n", count_text(more, "finding"));
  return text;
}

std::string print_ban(const Arguments&, const Answer& answer) {
  std::vector<std::string> words;
  for (const json::value& one : array_at(answer.result, "banned"))
    if (one.is_object()) words.push_back(text_at(one.get_object(), "address"));
  const auto minutes = control::number_at(answer.result, "minutes");
  return fit_for_terminal(fmt::format("banned {} {}", enumeration(words), minutes ? "for " + minutes_text(*minutes) : "for ever")) + "\n";
}

std::string print_unban(const Arguments&, const Answer& answer) {
  std::vector<std::string> words;
  for (const json::value& one : array_at(answer.result, "unbanned"))
    if (one.is_string()) words.emplace_back(one.get_string());
  return fit_for_terminal(fmt::format("unbanned {}", enumeration(words))) + "\n";
}

std::string print_reopened(const Arguments&, const Answer&) { return "all logs are open anew\n"; }

std::string print_upgrade(const Arguments&, const Answer& answer) {
  return fit_for_terminal(fmt::format("{} has made way for a new image", text_at(answer.result, "leaving"))) + "\n";
}

std::string print_kill(const Arguments&, const Answer& answer) {
  const auto* sessions = answer.result.if_contains("sessions");
  const auto count = static_cast<std::int64_t>(sessions && sessions->is_array() ? sessions->get_array().size() : 0);
  return fmt::format("signal {} to {}\n", text_at(answer.result, "signal"), count_text(count, "session"));
}

std::string print_log_level(const Arguments&, const Answer& answer) { return text_at(answer.result, "level") + "\n"; }

std::string print_reload(const Arguments&, const Answer& answer) {
  const json::object& services = object_at(answer.result, "services");
  const std::string closed = not_opened_text(answer.result);
  const auto count = static_cast<std::int64_t>(array_at(answer.result, "not_opened").size());
  return findings_text(answer.result) + changes_text(answer.result) + closed +
         fmt::format("applied: {} new, {} old, {} dropped; {}{}\n", text_at(services, "new"), text_at(services, "old"),
                     text_at(services, "dropped"), trouble_text(answer.result),
                     count == 0 ? "" : "; " + count_text(count, "service") + " not opened");
}

std::string print_diff(const Arguments&, const Answer& answer) {
  const std::string changes = changes_text(answer.result);
  return findings_text(answer.result) + (changes.empty() ? "nothing would change\n" : changes);
}

}  // namespace xsuperd::ctl
