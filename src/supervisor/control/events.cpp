// SPDX-License-Identifier: MIT
// What has happened lately.
#include <algorithm>

#include "supervisor/control/command.hpp"
#include "supervisor/control/recent.hpp"
#include "supervisor/control/services.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

control::EventRecord record_of(const log::History& history, log::History::Number number) {
  return control::EventRecord(boost::json::parse(history.json_of(number)).as_object());
}

std::vector<control::EventRecord> recent(const log::History& history, std::string_view id, std::size_t most) {
  std::vector<control::EventRecord> records;
  for (auto at = history.before_last(most, id); (at = history.after(at, id)) != 0;) records.push_back(record_of(history, at));
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
    const History::Number next = history.after(at, id);
    if (next == 0 || next > end) return std::nullopt;
    at = next;
    return reply::Event{at, record_of(history, at)};
  });
}

constexpr ControlCommand event_rows[]{row<command::Events, events>()};

}  // namespace

std::span<const ControlCommand> event_commands() { return event_rows; }

}  // namespace xsuperd::supervisor
