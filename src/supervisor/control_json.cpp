// SPDX-License-Identifier: MIT
#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/vocabulary.hpp"
#include "xsuperd/policy/explain.hpp"

namespace xsuperd::supervisor {

using control::json_text;

namespace {
constexpr std::string_view closed_word = "closed";
}

json::value json_time(base::WallTime when) {
  if (when == base::WallTime{}) return nullptr;
  using Seconds = std::chrono::duration<double>;
  return std::chrono::duration_cast<Seconds>(when.time_since_epoch()).count();
}

json::object json_place(const config::Place& place) { return {{"file", json_text(place.file)}, {"line", place.line}}; }

json::object json_endpoint(const config::ListenSpec& listen) {
  const auto type = config::word_of<config::SocketType>(config::vocabulary<config::SocketType>(), listen.socket_type);
  return {{"protocol", json_text(listen.protocol.name)},
          {"socket_type", type},
          {"address", listen.at.address.known() ? json::value(listen.at.address.text()) : json::value(nullptr)},
          {"port", listen.at.port}};
}

std::string_view state_word(const service::Runner& runner) {
  switch (runner.standing()) {
    case service::Standing::held: return "held";
    case service::Standing::drained: return "drained";
    case service::Standing::disabled: return "disabled";
    case service::Standing::serving: break;
  }
  if (runner.service().kind == config::Kind::tcpmux) return "behind tcpmux";
  switch (runner.state().phase()) {
    case service::Phase::closed: return closed_word;
    case service::Phase::listening: return "listening";
    case service::Phase::paused: return "paused";
    case service::Phase::busy: return "busy";
    case service::Phase::retiring: break;
  }
  return "removed";
}

json::object json_counters(const service::Counters& c) {
  json::object object, reasons;
  for (const base::Count& count : base::all_counts()) object[count.name] = c.*count.member;
  for (const policy::ReasonRow& row : policy::reason_table)
    if (c.refused[row.reason] > 0) reasons[row.word] = c.refused[row.reason];
  object["refused"] = c.refused_in_all();
  object["reasons"] = std::move(reasons);
  return object;
}

std::size_t running_sessions(const service::Runner& runner) {
  return static_cast<std::size_t>(std::count_if(runner.sessions().begin(), runner.sessions().end(),
                                                [](const auto& one) { return one.second.served(); }));
}

json::value json_limit(const config::Service& service) {
  const auto& limit = service.settings.instances;
  return limit && !limit->is_unlimited() ? json::value(limit->value) : json::value(nullptr);
}

bool could_not_be_opened(const service::Runner& runner) { return state_word(runner) == closed_word; }

json::value json_trouble(const service::Runner& runner) {
  if (!could_not_be_opened(runner)) return nullptr;
  if (const std::string what = runner.waits_for(); !what.empty()) return json::value(json_text("it waits for " + what));
  return json::value(runner.trouble().empty() ? std::string("its socket is not open") : json_text(runner.trouble()));
}

json::object json_service(const service::Runner& runner) {
  const config::Service& s = runner.service();
  const service::Counters& c = runner.counters();
  json::object object{{"id", json_text(s.id)},
                      {"name", json_text(s.name)},
                      {"state", state_word(runner)},
                      {"endpoint", json_endpoint(s.listen)},
                      {"running", running_sessions(runner)},
                      {"sessions", runner.sessions().size()},
                      {"limit", json_limit(s)},
                      {"counters", json_counters(c)},
                      {"since", json_time(c.since)},
                      {"last_request", json_time(c.last_request)},
                      {"last_failure", json_time(c.last_failure)},
                      {"slowest_start", std::chrono::duration<double>(c.slowest_start).count()},
                      {"place", json_place(s.place)},
                      {"trouble", json_trouble(runner)},
                      {"waits_for", nullptr},
                      {"last_refusal", nullptr}};
  if (const std::string what = runner.waits_for(); !what.empty()) object["waits_for"] = json_text(what);
  if (c.last_refusal != base::WallTime{})
    object["last_refusal"] = {{"at", json_time(c.last_refusal)},
                              {"peer", c.last_refused_peer.address.text()},
                              {"reason", policy::log_word(c.last_reason)}};
  return object;
}

json::object json_absent(const config::Absent& absent) {
  return {{"id", json_text(absent.id)},
          {"name", json_text(absent.name)},
          {"state", absent.fate == config::Fate::refused ? "in error" : "off"},
          {"why", policy::word_of(absent.fate)},
          {"place", json_place(absent.place)}};
}

}  // namespace xsuperd::supervisor
