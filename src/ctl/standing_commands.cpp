// SPDX-License-Identifier: MIT
// drain, disable, enable, renew and set.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ctl/commands.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

using control::States;

std::string fill_drain(const Arguments& a, request::Drain& request) {
  if (a.hold) request.hold = true;
  return fill_services(a, request);
}

template <typename C>
std::string print_closed(const Arguments&, const control::Answered<C>& answer) {
  std::string text;
  for (const reply::Service& service : answer.result.services) {
    std::string line = fmt::format("{} {}", std::string_view(service.state), service.id);
    if (service.running > 0) line += fmt::format("; {} session{} on", service.running, service.running == 1 ? " goes" : "s go");
    text += fit_for_terminal(line) + "\n";
  }
  return text;
}

std::string print_enabled(const Arguments&, const control::Answered<command::Enable>& answer) {
  std::string text;
  for (const reply::Service& service : answer.result.services)
    text += fit_for_terminal(service.state == States::closed
                                 ? fmt::format("{} could not be opened: {}", service.id, text_or_dash(service.trouble))
                                 : fmt::format("enabled {}", service.id)) + "\n";
  return text;
}

Exit enabled(const reply::Standing& answer) {
  const bool closed = std::any_of(answer.services.begin(), answer.services.end(),
                                  [](const reply::Service& one) { return one.state == States::closed; });
  return closed ? Exit::failed : Exit::good;
}

std::string print_renewed(const Arguments&, const control::Answered<command::Renew>& answer) {
  std::string text;
  for (const reply::Renewal& one : answer.result.services)
    text += fit_for_terminal(fmt::format("{} {}{}", std::string_view(one.outcome), one.id, one.why ? ": " + *one.why : "")) + "\n";
  return text.empty() ? "no service has TLS\n" : text;
}

Exit renewed(const reply::Renew& answer) {
  const bool kept = std::any_of(answer.services.begin(), answer.services.end(),
                                [](const reply::Renewal& one) { return one.outcome == reply::Renewals::kept; });
  return kept ? Exit::failed : Exit::good;
}

std::string fill_set(const Arguments& a, request::Set& request) {
  request.mean(services_in(a));
  for (const std::string& word : a.words)
    if (is_setting(word)) request.lines.push_back(word);
  if (request.lines.empty() || request.lines.size() == a.words.size()) return "usage: xsuperctl set SERVICE ... ATTRIBUTE=VALUES ...";
  return {};
}

std::string print_set(const Arguments&, const control::Answered<command::Set>& answer) {
  std::string text;
  for (const reply::Service& service : answer.result.services) text += fit_for_terminal("set " + service.id) + "\n";
  return text;
}

constexpr std::array<std::string_view, 2> set_lines{"xsuperctl set ftp instances=20 'only_from+=192.0.2.0/24 2001:db8::/32'",
                                                    "xsuperctl set --persist 'web-*' per_source=5"};
constexpr std::array<std::string_view, 2> renew_lines{"xsuperctl renew", "xsuperctl renew imaps 'web-*'"};
constexpr std::array<std::string_view, 2> drain_lines{"xsuperctl drain --wait ftp", "xsuperctl drain --hold 'web-*'"};
constexpr std::array<std::string_view, 2> disable_lines{"xsuperctl disable ftp", "xsuperctl disable --persist ftp tftp"};
constexpr std::array<std::string_view, 2> enable_lines{"xsuperctl enable ftp", "xsuperctl enable --persist ftp tftp"};

constexpr std::array standing_rows{
    asks<command::Drain, fill_drain, print_closed<command::Drain>>(
        {.synopsis = "SERVICE ...", .text = "accept no new peers; sessions go on",
         .description = "Accepts no new peers; sessions go on. The socket is closed, or with --hold kept open while "
                        "connections wait. Lasts until enable, across reloads and upgrades.",
         .examples = drain_lines, .least = 1, .most = many}),
    asks<command::Disable, fill_services, print_closed<command::Disable>>(
        {.synopsis = "SERVICE ...", .text = "like drain, but meant to be permanent",
         .description = "Does the same as drain, but is meant to be permanent. With --persist the entry is also "
                        "disabled in its file; if the daemon refuses, the file is restored.",
         .examples = disable_lines, .least = 1, .most = many}),
    asks<command::Enable, fill_services, print_enabled>(
        {.synopsis = "SERVICE ...", .text = "undo drain and disable",
         .description = "Undoes drain and disable. With --persist the entry in the file is enabled, too, and read "
                        "by a reload; "
                        "if the service then cannot be opened, file and daemon are restored as they were.",
         .examples = enable_lines, .least = 1, .most = many, .judge = judged<command::Enable, enabled>}),
    asks<command::Renew, fill_services, print_renewed>(
        {.synopsis = "[SERVICE ...]", .text = "read certificates and keys again",
         .description = "Reads certificates, keys, authorities and revocation lists again, of all services with TLS if "
                        "none is named. Sessions go on, and nothing else is read. What cannot be used changes nothing: the "
                        "service keeps what it has, and the status is 1.",
         .examples = renew_lines, .most = many, .judge = judged<command::Renew, renewed>}),
    asks<command::Set, fill_set, print_set>(
        {.synopsis = "SERVICE ... ATTRIBUTE=VALUES ...", .text = "change limits and access lists",
         .description = "Changes limits and access lists until the next reload, with +=VALUES and -=VALUES also a part of a list. "
                        "With --persist the lines are also written into the file of each service, once the daemon has taken them.",
         .examples = set_lines, .least = 2, .most = many}),
};

}  // namespace

std::span<const Command> standing_commands() { return standing_rows; }

}  // namespace xsuperd::ctl
