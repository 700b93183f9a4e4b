// SPDX-License-Identifier: MIT
#include "supervisor/control/services.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/vocabulary.hpp"
#include "xsuperd/policy/absence.hpp"
#include "xsuperd/policy/selection.hpp"

namespace xsuperd::supervisor {

namespace reply = control::reply;
using control::Code;
using control::States;

namespace {

std::vector<policy::Named> names_of(const Services& services) {
  std::vector<policy::Named> names;
  names.reserve(services.size());
  for (const auto& one : services) names.push_back({one->service().id, one->service().name});
  return names;
}

std::vector<policy::Named> names_of(const std::vector<config::Absent>& entries) {
  std::vector<policy::Named> names;
  names.reserve(entries.size());
  for (const config::Absent& entry : entries) names.push_back({entry.id, entry.name});
  return names;
}

/// "; did you mean 'telnet'?", or nothing. Looking through more names than these would hold up the loop.
std::string suggestion(const std::string& word, const std::vector<policy::Named>& served, const std::vector<policy::Named>& absent) {
  constexpr std::size_t most_names = 500, longest = 64;
  if (served.size() + absent.size() > most_names || word.size() > longest) return {};
  std::vector<std::string_view> candidates;
  for (const auto* names : {&served, &absent})
    for (const policy::Named& one : *names) candidates.insert(candidates.end(), {one.id, one.name});
  const auto near = base::nearest(word, candidates);
  return near ? fmt::format("; did you mean '{}'?", base::escaped(*near, 200)) : std::string{};
}

/// About a word that means none of the services.
control::Failure nobody(const std::vector<config::Absent>& absent, const std::vector<policy::Named>& names,
                        const std::vector<policy::Named>& served, const std::string& word) {
  const auto found = policy::meant_by(word, names);
  if (!found.empty()) {
    const config::Absent& entry = absent[found.front()];
    return {Code::not_found,
            fmt::format("service {} is {}: {}", entry.id, policy::word_of(entry.fate),
                        policy::place_text({entry.place.file, entry.place.line, 0})),
            control::write(told(entry))};
  }
  const std::string escaped = base::escaped(word, 200);
  if (policy::is_pattern(word)) return {Code::not_found, "no service matches " + escaped, {}};
  return {Code::not_found, fmt::format("no service is named {}{}", escaped, suggestion(word, served, names)), {}};
}

}  // namespace

Selection select_services(const View& daemon, const std::vector<std::string>& words, bool retired_too) {
  Selection selection;
  const Services all = retired_too ? daemon.services_and_retired() : daemon.services();
  const auto names = names_of(all);
  const auto config = daemon.configuration();
  const auto absent_names = names_of(config->absent);
  std::vector<bool> taken(all.size());
  for (const std::string& word : words) {
    const auto found = policy::meant_by(word, names);
    if (found.empty() && !selection.failure) selection.failure = nobody(config->absent, absent_names, names, word);
    for (const std::size_t i : found) {
      if (!taken[i]) selection.services.push_back(all[i]);
      taken[i] = true;
    }
  }
  return selection;
}

Selection services_meant(const View& daemon, const control::request::Services& arguments) {
  const auto words = arguments.words();
  if (words.empty()) return {{}, control::Failure{Code::bad_request, "the argument 'service' is missing", {}}};
  return select_services(daemon, words, false);
}

std::vector<const config::Absent*> select_absent(const config::Config& config, const std::vector<std::string>& words) {
  const auto names = names_of(config.absent);
  std::vector<const config::Absent*> selected;
  for (const std::string& word : words)
    for (const std::size_t i : policy::meant_by(word, names))
      if (std::find(selected.begin(), selected.end(), &config.absent[i]) == selected.end()) selected.push_back(&config.absent[i]);
  return selected;
}

control::Time time_of(base::WallTime when) {
  if (when == base::WallTime{}) return {};
  // To the microsecond: with more digits not every reader of JSON finds the same number.
  return static_cast<double>(std::chrono::floor<std::chrono::microseconds>(when.time_since_epoch()).count()) / 1e6;
}

reply::Place place_of(const config::Place& place) { return {place.file, static_cast<unsigned>(std::max(place.line, 0))}; }

std::string_view state_word(const service::Runner& runner) {
  switch (runner.standing()) {
    case service::Standing::held: return States::held;
    case service::Standing::drained: return States::drained;
    case service::Standing::disabled: return States::disabled;
    case service::Standing::serving: break;
  }
  if (runner.service().kind == config::Kind::tcpmux) return States::behind_tcpmux;
  switch (runner.state().phase()) {
    case service::Phase::closed: return States::closed;
    case service::Phase::listening: return States::listening;
    case service::Phase::paused: return States::paused;
    case service::Phase::busy: return States::busy;
    case service::Phase::retiring: break;
  }
  return States::removed;
}

void tell_counters(const service::Counters& counters, reply::Counters& to) {
  static_cast<base::Counts&>(to) = counters;
  to.refused = counters.refused_in_all();
  for (const policy::ReasonRow& row : policy::reason_table)
    if (counters.refused[row.reason] > 0) to.reasons.emplace_back(row.word, counters.refused[row.reason]);
}

std::size_t running_sessions(const service::Runner& runner) {
  return static_cast<std::size_t>(std::count_if(runner.sessions().all().begin(), runner.sessions().all().end(),
                                                [](const auto& one) { return one.second.served(); }));
}

std::optional<std::uint64_t> limit_of(const config::Service& service) {
  const auto& limit = service.settings.instances;
  return limit && !limit->is_unlimited() ? std::optional<std::uint64_t>(limit->value) : std::nullopt;
}

std::optional<std::string> trouble_of(const service::Runner& runner) {
  if (state_word(runner) != States::closed) return std::nullopt;
  if (const std::string what = waits_for(runner); !what.empty()) return "it waits for " + what;
  return runner.endpoints().trouble().empty() ? "its socket is not open" : runner.endpoints().trouble();
}

namespace {

reply::Endpoint endpoint_of(const config::ListenSpec& listen) {
  reply::Endpoint endpoint;
  endpoint.protocol = listen.protocol.name;
  endpoint.socket_type = config::word_of<config::SocketType>(config::vocabulary<config::SocketType>(), listen.socket_type);
  if (listen.at.address.known()) endpoint.address = listen.at.address.text();
  endpoint.port = listen.at.port;
  if (listen.kind != config::ListenSpec::Kind::ip) endpoint.element = config::element_text(listen);
  return endpoint;
}

reply::Socket socket_of(const service::Endpoint& endpoint) {
  const base::Endpoint& at = endpoint.spec().at;
  reply::Socket socket;
  if (at.address.known()) socket.address = at.address.text();
  socket.port = endpoint.open() ? net::local_endpoint(endpoint.fd()).port : at.port;
  if (endpoint.spec().kind != config::ListenSpec::Kind::ip) socket.element = config::element_text(endpoint.spec());
  socket.open = endpoint.open();
  if (!endpoint.open() && !endpoint.trouble().empty()) socket.trouble = endpoint.trouble();
  return socket;
}

std::vector<reply::Socket> sockets_of(const service::Runner& runner) {
  std::vector<reply::Socket> sockets;
  for (const auto& endpoint : runner.endpoints()) sockets.push_back(socket_of(*endpoint));
  return sockets;
}

std::vector<reply::Certificate> certificates_of(const config::SharedOffer& offer) {
  std::vector<reply::Certificate> all;
  for (const tls::Shown& one : offer.shown) {
    const tls::Certificate& its = one.certificate;
    all.push_back({{}, its.subject, its.names, its.issuer, its.serial, its.sha256, time_of(one.until)});
    if (!one.name.empty()) all.back().host = one.name;
  }
  return all;
}

}  // namespace

reply::Service told(const service::Runner& runner) {
  const config::Service& s = runner.service();
  const service::Counters& c = runner.counters();
  reply::Service service;
  service.id = s.id;
  service.name = s.name;
  service.state = state_word(runner);
  service.endpoint = endpoint_of(s.listen);
  service.sockets = sockets_of(runner);
  service.running = running_sessions(runner);
  service.sessions = runner.sessions().size();
  service.waiting = runner.state().queue().line().size();
  service.limit = limit_of(s);
  tell_counters(c, service.counters);
  service.since = time_of(c.since);
  service.last_request = time_of(c.last_request);
  service.last_failure = time_of(c.last_failure);
  service.slowest_start = std::chrono::duration<double>(c.slowest_start).count();
  service.place = place_of(s.place);
  service.trouble = trouble_of(runner);
  if (std::string what = waits_for(runner); !what.empty()) service.waits_for = std::move(what);
  if (c.last_refusal != base::WallTime{})
    service.last_refusal = {time_of(c.last_refusal), c.last_refused_peer.address.text(), std::string(policy::log_word(c.last_reason))};
  if (s.tls()) service.certificates = certificates_of(s.offer);
  if (!s.offer.not_renewed.empty()) service.not_renewed = s.offer.not_renewed;
  return service;
}

reply::StatsRow stats_row(const service::Runner& runner) {
  reply::StatsRow row;
  tell_counters(runner.counters(), row);
  row.id = runner.service().id;
  row.state = state_word(runner);
  row.running = running_sessions(runner);
  row.limit = limit_of(runner.service());
  row.slowest_start = std::chrono::duration<double>(runner.counters().slowest_start).count();
  row.since = time_of(runner.counters().since);
  return row;
}

std::vector<reply::Service> told(const Services& services) {
  std::vector<reply::Service> all;
  all.reserve(services.size());
  for (const auto& one : services) all.push_back(told(*one));
  return all;
}

reply::Absent told(const config::Absent& absent) {
  return {absent.id, absent.name, absent.fate == config::Fate::refused ? control::Fates::in_error : control::Fates::off,
          std::string(policy::word_of(absent.fate)), place_of(absent.place)};
}

reply::LeftOut left_out(const config::Config& config) {
  const auto refused = static_cast<std::uint64_t>(std::count_if(
      config.absent.begin(), config.absent.end(), [](const config::Absent& entry) { return entry.fate == config::Fate::refused; }));
  return {refused, config.absent.size() - refused};
}

}  // namespace xsuperd::supervisor
