// SPDX-License-Identifier: MIT
// What has happened lately.
#include <algorithm>

#include "supervisor/control/command.hpp"
#include "supervisor/control/recent.hpp"
#include "supervisor/control/services.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

boost::json::object record_of(const log::History& history, log::History::Number number) {
  return boost::json::parse(history.json_of(number)).as_object();
}

std::vector<boost::json::object> recent(const log::History& history, std::string_view id) {
  std::vector<boost::json::object> records;
  for (auto at = history.before_last(recent_records, id); (at = history.after(at, id)) != 0;) records.push_back(record_of(history, at));
  return records;
}

namespace {

using log::History;

/// A row at a time: what happens meanwhile may displace records, and does not come into this answer.
void events(const Call& call, const request::Events& arguments, const Answer<command::Events>& answer) {
  const History& history = call.view.history();
  std::string id = arguments.service.value_or("");
  if (!id.empty() && history.after(0, id) == 0) {
    auto chosen = select_services(call.view, {id}, true);
    if (chosen.failure) return answer.refuse(std::move(*chosen.failure));
    if (chosen.services.size() > 1)
      return answer.refuse(Code::bad_request, fmt::format("{} means {} services, and records are told of one",
                                                          base::escaped(id, 200), chosen.services.size()));
    id = chosen.services.front()->service().id;
  }
  const std::uint64_t last = std::min(arguments.last.value_or(History::Bounds{}.of_one), request::Events::most);
  const History::Number start = arguments.after ? *arguments.after : history.before_last(last, id);
  const reply::Events result{history.newest(), arguments.after && id.empty() ? history.lost_after(start) : 0};
  answer(result, [&history, id, at = start, end = history.newest()]() mutable -> std::optional<reply::Event> {
    at = history.after(at, id);
    if (at == 0 || at > end) return std::nullopt;
    return reply::Event{at, record_of(history, at)};
  });
}

constexpr ControlCommand rows[]{row<command::Events, events>()};

}  // namespace

std::span<const ControlCommand> event_commands() { return rows; }

}  // namespace xsuperd::supervisor
