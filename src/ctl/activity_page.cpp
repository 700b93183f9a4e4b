// SPDX-License-Identifier: MIT
#include "ctl/activity_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>

#include "ctl/table.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::size_t least_name = 12, widest_name = 40;

struct Field {
  std::string_view title;
  std::size_t width = 0;
  std::size_t rank = 0;  ///< when there is no room for all, those of the highest rank are left out
  bool left = false;
  std::optional<Sort> sort = {};  ///< by which this one is the order
  std::function<std::string(const ServiceActivity&)> cell = {};
  /// A column in which no service has anything is left out; null: it always has.
  std::function<bool(const ServiceActivity&)> known = {};
};

std::string rate_cell(const ServiceActivity& a, double Rates::*which) {
  return a.rates ? brief_number(*a.rates.*which) : "-";
}

std::string count_cell(std::int64_t count) { return count < 100'000 ? std::to_string(count) : brief_number(static_cast<double>(count)); }

std::string running_cell(std::int64_t running, const std::optional<std::int64_t>& limit) {
  return limit ? fmt::format("{}/{}", count_cell(running), count_cell(*limit)) : count_cell(running);
}

/// The counts first: they must be seen where the rest is cut.
std::string reasons_cell(const ServiceActivity& a) {
  std::string text;
  for (const auto& [reason, count] : a.now.reasons) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count_cell(count), reason);
  return text;
}

/// The name comes first and takes what the others leave, up to its length; then the last one does.
const std::array known_fields{
    Field{"STATE", 10, 8, true, {}, [](const ServiceActivity& a) { return a.now.state; }},
    Field{"ACC/S", 6, 1, false, Sort::rate, [](const ServiceActivity& a) { return rate_cell(a, &Rates::accepted); }},
    Field{"SRV/S", 6, 4, false, {}, [](const ServiceActivity& a) { return rate_cell(a, &Rates::served); }},
    Field{"REF/S", 6, 3, false, Sort::refused, [](const ServiceActivity& a) { return rate_cell(a, &Rates::refused); }},
    Field{"RUNNING", 9, 2, false, Sort::running, [](const ServiceActivity& a) { return running_cell(a.now.running, a.now.limit); }},
    Field{"FAILED", 6, 5, false, {}, [](const ServiceActivity& a) { return count_cell(a.now.counts.failed); }},
    Field{"SLOWEST", 7, 6, false, {}, [](const ServiceActivity& a) { return brief_duration(a.now.slowest_start.value_or(0)); }},
    Field{"SESSIONS", 8, 9, false, {},
          [](const ServiceActivity& a) { return a.now.sessions ? count_cell(*a.now.sessions) : "-"; },
          [](const ServiceActivity& a) { return a.now.sessions.has_value(); }},
    Field{"BYTES/S", 7, 10, false, Sort::bytes, [](const ServiceActivity& a) { return rate_cell(a, &Rates::bytes); },
          [](const ServiceActivity& a) { return a.now.counts.bytes > 0; }},
    Field{"REFUSED FOR", 16, 7, true, {}, reasons_cell},
};

/// Those, and before the last one for each further count, which is dropped first where there is no room.
std::vector<Field> all_fields() {
  std::vector<Field> all(known_fields.begin(), known_fields.end());
  for (std::size_t i = 0; i < further_counts().size(); ++i) {
    const std::string_view title = further_counts()[i].title;
    const auto cell = [i](const ServiceActivity& a) { return count_cell(number_of(a.now.all.*further_counts()[i].member)); };
    all.insert(std::prev(all.end()), Field{title, std::max<std::size_t>(title.size(), 6), known_fields.size() + 1 + i, false, {}, cell});
  }
  return all;
}
const std::vector<Field> fields = all_fields();

struct Layout {
  std::size_t name = 0;
  std::vector<std::size_t> widths = std::vector<std::size_t>(fields.size());  ///< 0: left out
};

/// Of the longest name, at most `most`.
std::size_t longest_name(const Activity& activity, std::size_t most) {
  std::size_t longest = least_name;
  for (const ServiceActivity& one : activity.services) {
    if (longest >= most) return most;
    longest = std::max(longest, width_of(displayable(one.now.id)));
  }
  return std::min(longest, most);
}

/// Does anybody have something to say in that column, or is it the order?
bool worth_showing(const Field& field, const Activity& activity, Sort sort) {
  if (!field.known || field.sort == sort) return true;
  return std::any_of(activity.services.begin(), activity.services.end(), field.known);
}

/// The fields from the most important on; none is more so than the one that is the order.
std::vector<std::size_t> by_rank(const Activity& activity, Sort sort) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (worth_showing(fields[i], activity, sort)) order.push_back(i);
  const auto rank = [&](std::size_t i) { return fields[i].sort == sort ? 0 : fields[i].rank; };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return order;
}

Layout layout_of(const Activity& activity, Sort sort, std::size_t columns) {
  Layout layout;
  const std::vector<std::size_t> order = by_rank(activity, sort);
  if (columns == 0) {
    for (const std::size_t i : order) layout.widths[i] = fields[i].width;
    layout.widths.back() = std::string::npos;
    layout.name = longest_name(activity, std::string::npos);
    return layout;
  }
  layout.name = std::min(columns, least_name);
  std::size_t left = columns - layout.name;
  for (const std::size_t i : order) {
    if (left < fields[i].width + 1) break;
    layout.widths[i] = fields[i].width;
    left -= fields[i].width + 1;
  }
  const std::size_t more = std::min(left, longest_name(activity, widest_name) - least_name);
  layout.name += more;
  if (layout.widths.back() > 0) layout.widths.back() += left - more;
  return layout;
}

std::string fitted(std::string_view text, std::size_t width, bool left) {
  if (width == std::string::npos) return displayable(text);
  // What is far too long need not be looked at to its end.
  const std::string cell = cut(displayable(text.substr(0, 4 * width + 4)), width);
  const std::string blanks(width - std::min(width, width_of(cell)), ' ');
  return left ? cell + blanks : blanks + cell;
}

Line title_line(const Layout& layout, Sort sort) {
  const auto look = [&](bool sorted) { return sorted ? Look::sorted_title : Look::title; };
  Line line{{fitted("SERVICE", layout.name, true), look(sort == Sort::name)}};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (layout.widths[i] == 0) continue;
    line.push_back({" ", Look::title});
    line.push_back({fitted(fields[i].title, layout.widths[i], fields[i].left), look(fields[i].sort == sort)});
  }
  return line;
}

Look look_of(const ServiceActivity& a) {
  if (a.rates && a.rates->failed > 0) return Look::failing;
  if (a.rates && a.rates->refused > 0) return Look::refusing;
  const bool idle = a.now.running == 0 && a.rates && a.rates->accepted == 0;
  return idle ? Look::faint : Look::plain;
}

Line service_line(const Layout& layout, const ServiceActivity& a, bool marked) {
  std::string text = fitted(a.now.id, layout.name, true);
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (layout.widths[i] > 0) text.append(" ").append(fitted(fields[i].cell(a), layout.widths[i], fields[i].left));
  return {{std::move(text), marked ? Look::marked : look_of(a)}};
}

}  // namespace

Line parts_line(const std::vector<std::string>& parts, std::size_t columns, Look look) {
  std::string text;
  for (const std::string& part : parts) {
    const std::string more = (text.empty() ? "" : "  ") + displayable(part);
    if (columns > 0 && width_of(text) + width_of(more) > columns) {
      if (text.empty()) text = cut(more, columns);
      break;
    }
    text += more;
  }
  return {{std::move(text), look}};
}

namespace {

template <typename Number>
std::string number_text(const std::optional<Number>& number) {
  return number ? fmt::format("{}", *number) : "-";
}

Line daemon_line(const Snapshot& now, std::size_t columns) {
  return parts_line({now.version, "up " + duration_text(now.now - now.started),
                     "running " + running_cell(now.running, now.process_limit), "workers " + number_text(now.workers),
                     "bans " + number_text(now.bans), "pid " + number_text(now.pid),
                     "load " + (now.load ? fmt::format("{:.2f}", *now.load) : "-"),
                     "conversations " + number_text(now.conversations)},
                    columns, Look::strong);
}

Line totals_line(const Activity& activity, std::size_t columns) {
  const auto part = [&](std::string_view what, double Rates::*which) {
    return fmt::format("{} {}/s", what, activity.rates ? brief_number(*activity.rates.*which) : "-");
  };
  std::vector<std::string> parts{part("accepted", &Rates::accepted), part("served", &Rates::served),
                                 part("refused", &Rates::refused), part("failed", &Rates::failed)};
  if (activity.now.totals.bytes > 0) parts.push_back(part("bytes", &Rates::bytes));
  return parts_line(parts, columns, Look::plain);
}

/// While a pattern is typed its end must be seen, wherever the line is cut.
Line typing_line(const std::string& typed, std::size_t columns) {
  std::string text = "filter (* and ? stand for others): " + displayable(typed) + "_";
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (columns > 0 && !text.empty() && (width_of(text) > columns || continues(text.front()))) text.erase(0, 1);
  return {{std::move(text), Look::strong}};
}

Line notice_line(const Activity& activity, const View& view, std::size_t columns) {
  if (view.typed) return typing_line(*view.typed, columns);
  if (!view.notice.empty()) return parts_line({view.notice}, columns, Look::notice);
  const std::size_t count = activity.services.size();
  const auto by = word_of(view.sort);
  if (!view.filter.empty())
    return parts_line({fmt::format("{} of {} services by {}, those that match {}", count, view.all, by, view.filter)}, columns, Look::strong);
  return parts_line({fmt::format("{} service{} by {}", count, count == 1 ? "" : "s", by)}, columns, Look::plain);
}

Line keys_line(const Page& page, std::size_t shown, std::size_t services, std::size_t columns) {
  std::vector<std::string> parts{shown == 0 ? "no services" : fmt::format("{}-{} of {}", page.first + 1, page.first + shown, services),
                                 "q quit", "? help", "/ filter", "Enter details", "sort: r u f n b"};
  constexpr std::size_t room_for_names = 110;
  if (columns >= room_for_names) {
    parts.pop_back();
    for (const char* more : {"sort: r rate", "u running", "f refused", "n name", "b bytes", "space now"}) parts.emplace_back(more);
  }
  return parts_line(parts, columns, Look::title);
}

/// Scrolled no further than is needed to see the service that is marked.
std::size_t first_of(const View& view, std::size_t room) {
  if (!view.marked || room == 0) return view.first;
  return std::clamp(view.first, *view.marked + 1 - std::min(*view.marked + 1, room), *view.marked);
}

}  // namespace

bool shows_sessions(std::size_t columns) {
  std::size_t needed = least_name;
  const auto sessions = std::find_if(known_fields.begin(), known_fields.end(), [](const Field& f) { return f.title == "SESSIONS"; });
  for (const Field& field : known_fields)
    if (field.rank <= sessions->rank) needed += field.width + 1;
  return columns >= needed;
}

Page scrolled(std::vector<Line> above, const std::vector<Line>& body, std::vector<std::string> keys, const View& view, PageSize size) {
  Page page;
  const bool has_keys = size.lines > above.size() + 1;
  page.room = size.lines - std::min(size.lines, above.size() + (has_keys ? 1 : 0));
  page.first = std::min(view.first, body.size() - std::min(body.size(), page.room));
  const std::size_t shown = std::min(page.room, body.size() - page.first);
  page.lines = std::move(above);
  const auto from = body.begin() + static_cast<std::ptrdiff_t>(page.first);
  page.lines.insert(page.lines.end(), from, from + static_cast<std::ptrdiff_t>(shown));
  page.lines.resize(has_keys ? size.lines - 1 : std::min(size.lines, page.lines.size()));
  if (!has_keys) return page;
  if (shown < body.size()) keys.insert(keys.begin(), fmt::format("{}-{} of {}", page.first + 1, page.first + shown, body.size()));
  page.lines.push_back(parts_line(keys, size.columns, Look::title));
  return page;
}

Page page_of(const Activity& activity, const View& view, PageSize size) {
  constexpr std::size_t above = 4;
  const std::size_t services = activity.services.size();
  const bool keys = view.keys && size.lines > above + 1;
  Page page;
  page.room = size.lines == 0 ? services : size.lines - std::min(size.lines, above + (keys ? 1 : 0));
  page.first = std::min(first_of(view, page.room), services - std::min(services, page.room));
  const std::size_t shown = std::min(page.room, services - page.first);
  const Layout layout = layout_of(activity, view.sort, size.columns);
  page.lines = {daemon_line(activity.now, size.columns), totals_line(activity, size.columns),
                notice_line(activity, view, size.columns), title_line(layout, view.sort)};
  for (std::size_t i = page.first; i < page.first + shown; ++i)
    page.lines.push_back(service_line(layout, activity.services[i], view.marked == i));
  if (size.lines > 0) page.lines.resize(keys ? size.lines - 1 : std::min(size.lines, page.lines.size()));
  if (keys) page.lines.push_back(keys_line(page, shown, services, size.columns));
  return page;
}

std::string text_of(const Page& page) {
  std::string text;
  for (const Line& line : page.lines) {
    std::string all;
    for (const Span& span : line) all += span.text;
    text += all.substr(0, all.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace xsuperd::ctl
