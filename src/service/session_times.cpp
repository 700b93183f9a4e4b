// SPDX-License-Identifier: MIT
#include "service/session_times.hpp"

#include <algorithm>

namespace xsuperd::service {

namespace {

constexpr std::uint32_t usual_grace = 3;

using Time = std::optional<std::uint32_t>;

std::optional<base::Moment> after_start(const Session& session, const Time& time) {
  return time ? std::optional(session.started + std::chrono::seconds(*time)) : std::nullopt;
}

std::optional<base::Moment> first_data_end(const Session& session, const config::Settings& settings) {
  if (!session.connection.known() || session.peer_spoke) return std::nullopt;
  return after_start(session, settings.first_data_timeout);
}

/// As far as is known: a byte may have passed since.
std::optional<base::Moment> idle_end(const Session& session, const config::Settings& settings) {
  if (!session.connection.known() || !settings.idle_timeout) return std::nullopt;
  return std::max(session.started, session.active) + std::chrono::seconds(*settings.idle_timeout);
}

std::optional<TimeStep> kill_step(const Session& session, const config::Settings& settings) {
  if (session.pid == 0 || session.killed) return std::nullopt;
  return TimeStep{session.limited + grace_of(settings), TimeStep::What::kill};
}

bool is_limited(const Session& session) { return session.limited != base::Moment{}; }

}  // namespace

std::string_view word_of(TimeLimit limit) {
  switch (limit) {
    case TimeLimit::runtime_max: break;
    case TimeLimit::idle_timeout: return "idle_timeout";
    case TimeLimit::first_data_timeout: return "first_data_timeout";
  }
  return "runtime_max";
}

std::chrono::seconds grace_of(const config::Settings& settings) {
  return std::chrono::seconds(settings.kill_grace.value_or(usual_grace));
}

bool has_times(const config::Settings& settings) { return settings.runtime_max || watches_connections(settings); }

bool watches_connections(const config::Settings& settings) { return settings.idle_timeout || settings.first_data_timeout; }

std::optional<TimeStep> next_step(const Session& session, const config::Settings& settings, Sight sight) {
  using What = TimeStep::What;
  if (is_limited(session)) return kill_step(session, settings);
  std::optional<TimeStep> next;
  const auto consider = [&next](const std::optional<base::Moment>& when, What what) {
    if (when && (!next || *when < next->when)) next = TimeStep{*when, what};
  };
  consider(after_start(session, settings.runtime_max), What::end);
  if (sight == Sight::none) return next;
  consider(first_data_end(session, settings), What::look);
  consider(idle_end(session, settings), What::look);
  return next;
}

std::optional<TimeLimit> reached(const Session& session, const config::Settings& settings, base::Moment now, Sight sight) {
  if (is_limited(session)) return std::nullopt;
  const auto over = [now](const std::optional<base::Moment>& when) { return when && *when <= now; };
  if (over(after_start(session, settings.runtime_max))) return TimeLimit::runtime_max;
  if (sight == Sight::none) return std::nullopt;
  if (over(first_data_end(session, settings))) return TimeLimit::first_data_timeout;
  if (over(idle_end(session, settings))) return TimeLimit::idle_timeout;
  return std::nullopt;
}

void note_look(Session& session, const net::TcpLook& look, base::Moment now) {
  using Outcome = net::TcpLook::Outcome;
  if (look.outcome == Outcome::gone) session.connection = {};  // what its server still does is none of the peer's
  if (look.outcome != Outcome::seen) return;
  session.active = now - look.quiet;
  session.peer_spoke = session.peer_spoke || look.peer_spoke;
}

}  // namespace xsuperd::service
