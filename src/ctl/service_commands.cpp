// SPDX-License-Identifier: MIT
// list, stats and show.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ctl/commands.hpp"
#include "ctl/records.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"
#include "xsuperd/config/attribute.hpp"

namespace xsuperd::ctl {

namespace {

std::string endpoint_text(const reply::Endpoint& endpoint) {
  if (endpoint.element) return *endpoint.element;
  return fmt::format("{} {}", endpoint.protocol, address_text(endpoint.address, endpoint.port));
}

std::string running_text(const reply::Service& service) {
  return service.limit ? fmt::format("{}/{}", service.running, *service.limit) : std::to_string(service.running);
}

std::string fill_list(const Arguments& a, request::List& request) {
  if (a.all) request.all = true;
  return fill_services(a, request);
}

std::vector<std::string> list_row(const reply::ListRow& row, const control::Time& now) {
  if (const auto* absent = std::get_if<reply::Absent>(&row)) return {absent->id, absent->state, "-", "-", "-", "-", "-", "-"};
  const auto& s = std::get<reply::Service>(row);
  return {s.id, s.state, endpoint_text(s.endpoint), running_text(s), std::to_string(s.counters.served),
          std::to_string(s.counters.refused), std::to_string(s.counters.failed), ago_text(s.last_request, now)};
}

/// States that an administrator has chosen are not a fault, but worth seeing.
Tone tone_of_state(std::string_view state) {
  if (state == control::States::closed || state == control::Fates::in_error) return Tone::alarm;
  constexpr std::array usual{control::States::listening, control::States::busy, control::States::behind_tcpmux, control::Fates::off};
  return std::find(usual.begin(), usual.end(), state) != usual.end() ? Tone::plain : Tone::warning;
}

Tone warned_if_any(std::string_view count) { return count == "0" || count == "-" ? Tone::plain : Tone::warning; }
Tone alarmed_if_any(std::string_view count) { return count == "0" || count == "-" ? Tone::plain : Tone::alarm; }

/// Below the table: why services are closed, or closed at one of their addresses, who waits, and what it does not show.
std::string footer(const Arguments& arguments, const control::Answered<command::List>& answer) {
  std::string text;
  for (const reply::ListRow& row : answer.rows) {
    const auto* service = std::get_if<reply::Service>(&row);
    if (!service) continue;
    if (service->trouble) text += fit_for_terminal(fmt::format("{} is closed: {}", service->id, *service->trouble)) + "\n";
    for (const std::string& sentence : closed_addresses(*service)) text += fit_for_terminal(sentence) + "\n";
    if (service->waiting > 0) text += fit_for_terminal(fmt::format("{}: {} waiting in the queue", service->id, service->waiting)) + "\n";
  }
  const auto [wrong, off] = answer.result.left_out;
  if (arguments.all || !arguments.words.empty() || (wrong == 0 && off == 0)) return text;
  if (wrong > 0) text += fmt::format("{} {} in error", wrong, wrong == 1 ? "entry" : "entries");
  if (off > 0) text += fmt::format("{}{}{} off", wrong > 0 ? ", " : "", off, wrong > 0 ? "" : off == 1 ? " entry" : " entries");
  return text + "; --all shows them\n";
}

std::string print_list(const Arguments& arguments, const control::Answered<command::List>& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const reply::ListRow& row : answer.rows) rows.push_back(list_row(row, answer.result.now));
  return render({{"SERVICE", {}, true}, {"STATE", {}, false, tone_of_state}, {"ENDPOINT"}, {"RUNNING", right}, {"SERVED", right},
                 {"REFUSED", right, false, warned_if_any}, {"FAILED", right, false, alarmed_if_any}, {"LAST", right}},
                rows, standard_output()) +
         footer(arguments, answer);
}

std::string fill_stats(const Arguments& a, request::Stats& request) {
  if (a.reset) request.reset = true;
  return fill_services(a, request);
}

std::string print_stats(const Arguments&, const control::Answered<command::Stats>& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const reply::StatsRow& row : answer.rows) {
    std::string reasons;
    for (const auto& [reason, count] : row.reasons) reasons += fmt::format("{}{}={}", reasons.empty() ? "" : " ", reason, count);
    rows.push_back({row.id, std::to_string(row.accepted), std::to_string(row.served), std::to_string(row.refused),
                    std::to_string(row.failed), std::to_string(row.withdrawn), std::to_string(row.banned)});
    for (const FurtherCount& count : further_counts()) rows.back().push_back(std::to_string(row.*count.member));
    rows.back().push_back(std::move(reasons));
  }
  std::vector<Column> columns{{"SERVICE", {}, true}, {"ACCEPTED", right}, {"SERVED", right}, {"REFUSED", right, false, warned_if_any},
                              {"FAILED", right, false, alarmed_if_any}, {"WITHDRAWN", right}, {"BANNED", right}};
  for (const FurtherCount& count : further_counts()) columns.push_back({count.title, right});
  columns.push_back({"REFUSED FOR", {}, true});
  return render(columns, rows, standard_output());
}

/// The first word is a service; of the others those that are not attributes.
std::string fill_show(const Arguments& a, request::Services& request) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < a.words.size(); ++i)
    if (i == 0 || !config::find_attribute(a.words[i])) words.push_back(a.words[i]);
  request.mean(words);
  return {};
}

/// The attributes that were asked for, by the names of their table.
std::vector<std::string_view> attributes_in(const Arguments& a) {
  std::vector<std::string_view> names;
  for (std::size_t i = 1; i < a.words.size(); ++i)
    if (const auto* row = config::find_attribute(a.words[i])) names.push_back(row->name);
  return names;
}

/// Attributes that were asked for by name are shown whether anybody has set them or not.
void keep_named(const Arguments& a, Answer& answer) {
  const auto names = attributes_in(a);
  if (names.empty()) return;
  std::erase_if(answer.rows, [&](const json::object& row) {
    const std::string name = control::read<reply::Attribute>(row).attribute;
    return std::find(names.begin(), names.end(), name) == names.end();
  });
}

std::string sources_text(const std::vector<reply::Source>& sources) {
  std::string text;
  for (const reply::Source& source : sources) {
    if (!text.empty()) text += ", ";
    if (const auto* written = std::get_if<reply::Written>(&source))
      text += (written->from == control::Origins::defaults ? "defaults " : "") + place_text({written->file, written->line});
    else
      text += std::get<reply::BuiltIn>(source).from;
  }
  return text;
}

std::string certificate_text(const reply::Certificate& one) {
  std::string text = fmt::format("  certificate{}: {}", one.host ? " for " + *one.host : "", one.subject.empty() ? "no common name" : one.subject);
  if (!one.names.empty()) text += fmt::format(" ({})", fmt::join(one.names, " "));
  return text + fmt::format(", by {}, until {}\n", one.issuer.empty() ? "nobody" : one.issuer, date_text(one.until));
}

std::string head(const reply::Service& s, const control::Time& now) {
  std::string text = fmt::format("service {} ({}): {}, {}\n", s.id, place_text(s.place), std::string_view(s.state), endpoint_text(s.endpoint));
  text += fmt::format("  {} running, {} requests since {}: {} served, {} refused, {} failed, {} withdrawn\n", running_text(s),
                      s.counters.accepted, date_text(s.since), s.counters.served, s.counters.refused, s.counters.failed,
                      s.counters.withdrawn);
  if (s.waiting > 0) text += fmt::format("  {} waiting in the queue\n", s.waiting);
  if (s.last_refusal)
    text += fmt::format("  last refused {} ago: {} ({})\n", ago_text(s.last_refusal->at, now), s.last_refusal->peer, s.last_refusal->reason);
  if (s.trouble) text += fmt::format("  closed: {}\n", *s.trouble);
  for (const std::string& sentence : closed_addresses(s)) text += fmt::format("  {}\n", sentence);
  if (s.certificates)
    for (const reply::Certificate& one : *s.certificates) text += certificate_text(one);
  if (s.not_renewed) text += fmt::format("  not renewed: {}\n", *s.not_renewed);
  return lines_for_terminal(text);
}

std::string print_show(const Arguments& arguments, const control::Answered<command::Show>& answer) {
  const bool all = arguments.all || !attributes_in(arguments).empty();
  const auto& services = answer.result.services;
  std::vector<std::vector<std::vector<std::string>>> tables(services.size());
  for (const reply::Attribute& row : answer.rows)
    if (row.service < services.size() && (all || row.set))
      tables[row.service].push_back({row.attribute, row.value, sources_text(row.sources)});
  std::string text;
  for (std::size_t i = 0; i < services.size(); ++i)
    text += head(services[i], answer.result.now) + render({{"ATTRIBUTE"}, {"VALUE", {}, true}, {"FROM"}}, tables[i], standard_output());
  const bool whole = attributes_in(arguments).empty() && answer.result.recent && !answer.result.recent->empty();
  return whole ? text + "\n" + record_lines(*answer.result.recent) : text;
}

constexpr std::array<std::string_view, 3> list_lines{"xsuperctl list", "xsuperctl list --all", "xsuperctl list ftp "
                                                                                               "'web-*'"};
constexpr std::array<std::string_view, 2> stats_lines{"xsuperctl stats", "xsuperctl stats --reset ftp"};
constexpr std::array<std::string_view, 2> show_lines{"xsuperctl show ftp", "xsuperctl show ftp http only_from no_access"};

constexpr std::array service_rows{
    asks<command::List, fill_list, print_list>(
        {.synopsis = "[SERVICE ...]", .text = "all services, and what they have done",
         .description = "Prints a line for each service: its state, endpoint, running servers and counters; and why "
                        "a service is closed that should be open. Entries that are not served are counted, and "
                        "listed with --all or if they are named. A SERVICE is an id, a name, or a pattern with * and ?.",
         .examples = list_lines, .most = many, .reads = true}),
    asks<command::Stats, fill_stats, print_stats>(
        {.synopsis = "[SERVICE ...]", .text = "the counters of all services",
         .description = "Prints the counters of each service, with the reasons for refusals. With --reset they begin anew "
                        "before that, of the named services or of all; what is not decided yet is counted when it is.", .examples = stats_lines, .most = many, .reads = true}),
    asks<command::Show, fill_show, print_show>(
        {.synopsis = "SERVICE ... [ATTRIBUTE ...]", .text = "attributes of services, and where each comes from",
         .description = "Prints the attributes in effect and the lines that each comes from. Any word after the "
                        "first SERVICE that is the name of an attribute is taken as one; then only these are shown, "
                        "whether set or not. Without, the last five records of each service follow.",
         .examples = show_lines, .least = 1, .most = many, .narrow = keep_named, .reads = true}),
};

}  // namespace

std::span<const Command> service_commands() { return service_rows; }

}  // namespace xsuperd::ctl
