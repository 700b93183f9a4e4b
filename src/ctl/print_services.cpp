// SPDX-License-Identifier: MIT
// list, stats, show and what is told after a service was changed.
#include <fmt/format.h>

#include "ctl/commands.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

constexpr auto right = Column::Align::right;

std::string endpoint_text(const json::object& service) {
  if (!service.contains("endpoint")) return "-";
  const json::object& endpoint = object_at(service, "endpoint");
  const std::string address = text_at(endpoint, "address");
  const bool six = address.find(':') != address.npos;
  return fmt::format("{} {}:{}", text_at(endpoint, "protocol"),
                     address == "-" ? "*" : six ? "[" + address + "]" : address, text_at(endpoint, "port"));
}

std::string running_text(const json::object& service) {
  const std::string limit = text_at(service, "limit");
  return limit == "-" ? text_at(service, "running") : text_at(service, "running") + "/" + limit;
}

std::string sources_text(const json::object& row) {
  std::string text;
  const auto* sources = row.if_contains("sources");
  if (!sources || !sources->is_array()) return text;
  for (const json::value& one : sources->get_array()) {
    if (!one.is_object()) continue;
    const json::object& source = one.get_object();
    const std::string from = text_at(source, "from");
    if (!text.empty()) text += ", ";
    text += from == "built in" ? from : (from == "defaults" ? "defaults " : "") + place_text(source);
  }
  return text;
}

std::string head(const json::object& service, double now) {
  const json::object& counters = object_at(service, "counters");
  std::string text = fmt::format("service {} ({}): {}, {}\n", text_at(service, "id"), place_text(object_at(service, "place")),
                                 text_at(service, "state"), endpoint_text(service));
  text += fmt::format("  {} running, {} requests since {}: {} served, {} refused, {} failed, {} withdrawn\n",
                      running_text(service), text_at(counters, "accepted"), date_at(service, "since"),
                      text_at(counters, "served"), text_at(counters, "refused"), text_at(counters, "failed"),
                      text_at(counters, "withdrawn"));
  if (const json::object& last = object_at(service, "last_refusal"); !last.empty()) {
    text += fmt::format("  last refused {} ago: {} ({})\n", ago_at(last, "at", now), text_at(last, "peer"), text_at(last, "reason"));
  }
  if (service.contains("trouble") && text_at(service, "trouble") != "-")
    text += fmt::format("  closed: {}\n", text_at(service, "trouble"));
  std::string fit;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    fit += fit_for_terminal(std::string_view(text).substr(at, text.find('\n', at) - at)) + "\n";
  return fit;
}

/// Below the table: why services are closed, and what it does not show.
std::string footer(const Arguments& arguments, const Answer& answer) {
  std::string text;
  for (const json::object& row : answer.rows)
    if (const auto trouble = control::string_at(row, "trouble"))
      text += fit_for_terminal(fmt::format("{} is closed: {}", text_at(row, "id"), *trouble)) + "\n";
  const json::object& left_out = object_at(answer.result, "left_out");
  const auto wrong = control::number_at(left_out, "in_error").value_or(0), off = control::number_at(left_out, "off").value_or(0);
  if (arguments.all || !arguments.words.empty() || wrong + off == 0) return text;
  if (wrong > 0) text += fmt::format("{} {} in error", wrong, wrong == 1 ? "entry" : "entries");
  if (off > 0) text += fmt::format("{}{}{} off", wrong > 0 ? ", " : "", off, wrong > 0 ? "" : off == 1 ? " entry" : " entries");
  return text + "; --all shows them\n";
}

}  // namespace

std::string print_list(const Arguments& arguments, const Answer& answer) {
  const double now = seconds_at(answer.result, "now").value_or(0);
  std::vector<std::vector<std::string>> rows;
  for (const json::object& row : answer.rows) {
    const json::object& counters = object_at(row, "counters");
    rows.push_back({text_at(row, "id"), text_at(row, "state"), endpoint_text(row), running_text(row),
                    text_at(counters, "served"), text_at(counters, "refused"), text_at(counters, "failed"),
                    ago_at(row, "last_request", now)});
  }
  return render({{"SERVICE", {}, true}, {"STATE"}, {"ENDPOINT"}, {"RUNNING", right}, {"SERVED", right}, {"REFUSED", right},
                 {"FAILED", right}, {"LAST", right}},
                rows, terminal_width()) +
         footer(arguments, answer);
}

std::string print_stats(const Arguments&, const Answer& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const json::object& row : answer.rows) {
    std::string reasons;
    for (const auto& [reason, count] : object_at(row, "reasons"))
      reasons += fmt::format("{}{}={}", reasons.empty() ? "" : " ", std::string_view(reason), json::serialize(count));
    rows.push_back({text_at(row, "id"), text_at(row, "accepted"), text_at(row, "served"), text_at(row, "refused"),
                    text_at(row, "failed"), text_at(row, "withdrawn"), text_at(row, "banned"), reasons});
  }
  return render({{"SERVICE", {}, true}, {"ACCEPTED", right}, {"SERVED", right}, {"REFUSED", right}, {"FAILED", right},
                 {"WITHDRAWN", right}, {"BANNED", right}, {"REFUSED FOR", {}, true}},
                rows, terminal_width());
}

std::string print_show(const Arguments& arguments, const Answer& answer) {
  const double now = seconds_at(answer.result, "now").value_or(0);
  std::string text;
  const auto* services = answer.result.if_contains("services");
  if (!services || !services->is_array()) return text;
  for (std::size_t i = 0; i < services->get_array().size(); ++i) {
    if (!services->get_array()[i].is_object()) continue;
    text += head(services->get_array()[i].get_object(), now);
    std::vector<std::vector<std::string>> rows;
    for (const json::object& row : answer.rows) {
      const bool wanted = arguments.all || !attributes_in(arguments).empty() || control::true_at(row, "set");
      if (wanted && control::number_at(row, "service") == static_cast<std::int64_t>(i))
        rows.push_back({text_at(row, "attribute"), text_at(row, "value"), sources_text(row)});
    }
    text += render({{"ATTRIBUTE"}, {"VALUE", {}, true}, {"FROM"}}, rows, terminal_width());
  }
  return text;
}

std::string print_standing(const Arguments& arguments, const Answer& answer) {
  std::string text;
  for (const json::value& one : array_at(answer.result, "services")) {
    if (!one.is_object()) continue;
    const json::object& service = one.get_object();
    const std::string state = text_at(service, "state"), id = text_at(service, "id");
    const auto running = control::number_at(service, "running").value_or(0);
    const bool enables = arguments.command == "enable";
    std::string line = fmt::format("{} {}", enables ? "enabled" : state, id);
    if (enables && state == "closed") line = fmt::format("{} could not be opened: {}", id, text_at(service, "trouble"));
    if (!enables && running > 0) line += fmt::format("; {} session{} on", running, running == 1 ? " goes" : "s go");
    text += fit_for_terminal(line) + "\n";
  }
  return text;
}

}  // namespace xsuperd::ctl
