// SPDX-License-Identifier: MIT
// What concerns the daemon as a whole.
#include <fmt/format.h>

#include <array>

#include "ctl/commands.hpp"
#include "ctl/records.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

std::string line(std::string_view what, const std::string& value) {
  return fmt::format("{:<15}{}\n", what, fit_for_terminal(value));
}

std::string configuration_lines(const reply::Configuration& c, const control::Time& now) {
  std::string text = line("configuration", fmt::format("{}, read {} ago: {}, {}", c.path, ago_text(c.loaded, now),
                                                       count_text(c.errors, "error"), count_text(c.warnings, "warning")));
  if (c.last_reload)
    text += line("last reload", fmt::format("{} ago: {}", ago_text(c.last_reload->at, now), std::string_view(c.last_reload->outcome)));
  return text;
}

std::string services_line(const reply::ServicesInAll& services) {
  std::string states;
  for (const auto& [state, count] : services.states) states += fmt::format("{}{} {}", states.empty() ? "" : ", ", count, std::string_view(state));
  return line("services", fmt::format("{} ({}), {} in error, {} off", services.served, states.empty() ? "none" : states,
                                      services.left_out.in_error, services.left_out.off));
}

std::string print_status(const Arguments&, const control::Answered<command::Status>& answer) {
  const reply::Status& s = answer.result;
  const reply::Totals& totals = s.totals;
  std::string text = line("version", s.version) + line("pid", std::to_string(s.pid));
  text += line("started", fmt::format("{} ({} ago)", date_text(s.started), ago_text(s.started, s.now)));
  text += configuration_lines(s.configuration, s.now) + services_line(s.services);
  text += line("requests", fmt::format("{}: {} served, {} refused, {} failed, {} withdrawn, {} undecided", totals.accepted,
                                       totals.served, totals.refused, totals.failed, totals.withdrawn, totals.undecided));
  text += line("running", s.process_limit ? fmt::format("{} of at most {}", totals.running, *s.process_limit)
                                          : std::to_string(totals.running));
  if (s.boxes.made + s.boxes.failed > 0)
    text += line("boxes", fmt::format("{} in use, {} spare; {} made, {} failed", s.boxes.in_use, s.boxes.spare, s.boxes.made, s.boxes.failed));
  text += line("workers", fmt::format("{}, with {} conversations", s.workers.size(), s.conversations));
  text += line("bans", s.fleet ? fmt::format("{}, {} of them from other hosts", s.bans, s.fleet->bans) : std::to_string(s.bans));
  if (s.fleet) text += line("ban_share", s.fleet->store + (s.fleet->connected ? "" : ", not connected"));
  if (s.fleet && s.fleet->counted > 0) text += line("counted", fmt::format("{} sources for limits of the fleet", s.fleet->counted));
  if (s.crowdsec)
    text += line("ban_crowdsec", fmt::format("{}{}, {} bans", s.crowdsec->url, s.crowdsec->connected ? "" : ", not connected", s.crowdsec->bans));
  text += line("load", s.load ? fmt::format("{:.2f}", *s.load) : "-");
  text += line("log level", s.log_level);
  text += line("clients", std::to_string(s.control_clients));
  text += line("descriptors", fmt::format("{} of {}", s.descriptors.used, s.descriptors.limit));
  return s.recent && !s.recent->empty() ? text + "\n" + record_lines(*s.recent) : text;
}

std::string fill_level(const Arguments& a, request::LogLevel& request) {
  if (!a.words.empty()) request.level = a.words[0];
  return {};
}

std::string print_level(const Arguments&, const control::Answered<command::LogLevel>& answer) {
  return fit_for_terminal(answer.result.level) + "\n";
}

std::string print_reopened(const Arguments&, const control::Answered<command::ReopenLogs>&) {
  return "all logs reopened\n";
}

std::string print_upgrade(const Arguments&, const control::Answered<command::Upgrade>& answer) {
  return fit_for_terminal(fmt::format("{} was replaced by a new image", answer.result.leaving)) + "\n";
}

constexpr std::array<std::string_view, 2> status_lines{"xsuperctl status", "xsuperctl status --json | jq .totals"};
constexpr std::array<std::string_view, 2> level_lines{"xsuperctl log-level", "xsuperctl log-level warning"};
constexpr std::array<std::string_view, 1> reopen_lines{"xsuperctl reopen-logs"};
constexpr std::array<std::string_view, 1> upgrade_lines{"xsuperctl upgrade"};

constexpr std::array daemon_rows{
    asks<command::Status, fill_nothing, print_status>(
        {.text = "daemon status",
         .description = "Prints the state of the daemon: version, process, configuration and the result of the last "
                        "reload, sums over all services, workers, bans, descriptors; and the last five records.",
         .examples = status_lines, .reads = true}),
    asks<command::LogLevel, fill_level, print_level>(
        {.synopsis = "[LEVEL]", .text = "show or set the lowest level that is logged",
         .description = "Sets or prints the lowest level at which the daemon's messages are logged: critical, "
                        "error, warning, notice, info or debug.",
         .examples = level_lines, .most = 1}),
    asks<command::ReopenLogs, fill_nothing, print_reopened>(
        {.text = "reopen all log files",
         .description = "Reopens the daemon's log and those of all services by their names, after they were renamed.",
         .examples = reopen_lines}),
    asks<command::Upgrade, fill_nothing, print_upgrade>(
        {.text = "execute the daemon's program again, without losing anything",
         .description = "Makes the daemon execute its program again. Sockets and sessions stay; if the new program "
                        "cannot take over, the old one keeps running.",
         .examples = upgrade_lines}),
};

}  // namespace

std::span<const Command> daemon_commands() { return daemon_rows; }

}  // namespace xsuperd::ctl
