// SPDX-License-Identifier: MIT
#include "ctl/service_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ctl/records.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

using Body = std::vector<Line>;
using Parts = std::vector<std::string>;

Line text_line(std::string_view text, std::size_t columns, Look look = Look::plain) {
  return {{cut(displayable(text), columns), look}};
}

Line title_line(std::string_view title, std::size_t columns) {
  std::string text = cut(std::string(title), columns);
  text.resize(std::max(text.size(), columns), ' ');
  return {{std::move(text), Look::title}};
}

/// All parts, on as many lines as they take.
void add_parts(Body& body, const Parts& parts, std::size_t columns) {
  std::string line;
  for (const std::string& part : parts) {
    const std::string more = displayable(part);
    if (!line.empty() && width_of(line) + 2 + width_of(more) > columns) body.push_back(text_line(std::exchange(line, {}), columns));
    line += (line.empty() ? "" : "  ") + more;
  }
  if (!line.empty()) body.push_back({{cut(line, columns), Look::plain}});
}

/// Each line of a text as one of the page.
void add_lines(Body& body, std::string_view text, std::size_t columns, Look look = Look::plain) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    body.push_back(text_line(text.substr(0, end), columns, look));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// A member's name, as it is read.
std::string words_of(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

/// All that is counted but sums of times, in the order in which it is described; those refused come after those served.
Parts counters_of(const reply::Service& s) {
  Parts parts;
  for (const base::Count& count : base::all_counts()) {
    if (!count.name.ends_with("_ms")) parts.push_back(fmt::format("{} {}", words_of(count.name), s.counters.*count.member));
    if (count.member == &base::Counts::served) parts.push_back(fmt::format("refused {}", s.counters.refused));
  }
  return parts;
}

/// The most frequent first.
Parts reasons_of(const reply::Service& s) {
  std::vector<std::pair<std::string, std::uint64_t>> reasons(s.counters.reasons.begin(), s.counters.reasons.end());
  std::stable_sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  Parts parts;
  for (const auto& [reason, count] : reasons)
    if (count > 0) parts.push_back(fmt::format("{} {}", reason, count));
  if (s.last_refusal) parts.push_back(fmt::format("last: {} ({})", s.last_refusal->peer, s.last_refusal->reason));
  return parts;
}

std::string bytes_cell(const std::optional<std::uint64_t>& bytes) {
  return bytes ? brief_number(static_cast<double>(*bytes)) : "-";
}

std::string sessions_table(const std::vector<reply::Session>& sessions, std::size_t columns) {
  std::vector<std::vector<std::string>> rows;
  for (const reply::Session& one : sessions)
    rows.push_back({std::to_string(one.session), text_or_dash(one.peer), std::to_string(one.port), text_or_dash(one.pid),
                    duration_text(one.age), bytes_cell(one.bytes_in), bytes_cell(one.bytes_out), std::string(one.stage)});
  return render({{"SESSION", right}, {"PEER", {}, true}, {"PORT", right}, {"PID", right}, {"AGE", right}, {"IN", right},
                 {"OUT", right}, {"STAGE", {}, true}},
                rows, {columns});
}

void add_sessions_of(Body& body, const ServiceDetail& detail, std::size_t columns) {
  const std::size_t count = detail.sessions.size();
  body.push_back(title_line(count == 1 ? "1 SESSION" : fmt::format("{} SESSIONS", count), columns));
  if (!detail.sessions.empty()) add_lines(body, sessions_table(detail.sessions, columns), columns);
}

void add_troubles(Body& body, const reply::Service& s, std::size_t columns) {
  if (s.trouble) body.push_back(text_line("closed: " + *s.trouble, columns, Look::notice));
  for (const std::string& sentence : closed_addresses(s)) body.push_back(text_line(sentence, columns, Look::notice));
  if (s.not_renewed) body.push_back(text_line("not renewed: " + *s.not_renewed, columns, Look::notice));
}

Body body_of(const ServiceDetail& detail, std::size_t columns) {
  const reply::Service& s = detail.service;
  Body body;
  add_troubles(body, s, columns);
  body.push_back(title_line("COUNTED SINCE " + date_text(s.since), columns));
  add_parts(body, counters_of(s), columns);
  if (const Parts reasons = reasons_of(s); !reasons.empty()) {
    body.push_back(title_line("REFUSED FOR", columns));
    add_parts(body, reasons, columns);
  }
  if (!detail.recent.empty()) {
    body.push_back(title_line("LAST EVENTS", columns));
    add_lines(body, record_lines(detail.recent), columns);
  }
  add_sessions_of(body, detail, columns);
  return body;
}

Line head_line(const std::string& id, const ServiceDetail* detail, std::size_t columns) {
  if (!detail) return parts_line({id}, columns, Look::strong);
  const reply::Service& s = detail->service;
  const std::string where = s.endpoint.element ? *s.endpoint.element
                                               : s.endpoint.protocol + " " + address_text(s.endpoint.address, s.endpoint.port);
  return parts_line({id, std::string(s.state), where, place_text(s.place)}, columns, Look::strong);
}

Line rates_line(const std::optional<Rates>& rates, std::size_t columns) {
  const auto part = [&](std::string_view what, double Rates::*which) {
    return fmt::format("{} {}/s", what, rates ? brief_number(*rates.*which) : "-");
  };
  return parts_line({part("accepted", &Rates::accepted), part("served", &Rates::served), part("refused", &Rates::refused),
                     part("failed", &Rates::failed), part("bytes", &Rates::bytes)},
                    columns, Look::plain);
}

Line standing_line(const ServiceDetail* detail, const View& view, std::size_t columns) {
  if (!view.notice.empty()) return parts_line({view.notice}, columns, Look::notice);
  if (!detail) return parts_line({"waiting for the daemon"}, columns, Look::plain);
  const reply::Service& s = detail->service;
  return parts_line({s.limit ? fmt::format("running {}/{}", s.running, *s.limit) : fmt::format("running {}", s.running),
                     fmt::format("sessions {}", s.sessions), fmt::format("waiting {}", s.waiting),
                     s.last_request ? "last request " + ago_text(s.last_request, detail->now) + " ago" : "no request yet",
                     "slowest start " + brief_duration(s.slowest_start)},
                    columns, Look::plain);
}

}  // namespace

std::optional<ServiceDetail> detail_of(const Answer& show, const Answer& sessions) {
  const auto shown = control::read<reply::Show>(show.result);
  if (shown.services.empty()) return std::nullopt;
  ServiceDetail detail{shown.services.front(), shown.now, answered<command::Sessions>(sessions).rows, {}};
  if (shown.recent) detail.recent = *shown.recent;
  return detail;
}

Page service_page(const std::string& id, const ServiceDetail* detail, const std::optional<Rates>& rates, const View& view,
                  PageSize size) {
  std::vector<Line> above{head_line(id, detail, size.columns), rates_line(rates, size.columns),
                          standing_line(detail, view, size.columns)};
  return scrolled(std::move(above), detail ? body_of(*detail, size.columns) : Body{},
                  {"q back", "? help", "space now", "arrows scroll"}, view, size);
}

}  // namespace xsuperd::ctl
