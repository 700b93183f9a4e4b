// SPDX-License-Identifier: MIT
#include "service/fleet_notes.hpp"

#include <algorithm>
#include <variant>

namespace xsuperd::service {

namespace {

/// 0: it concerns no session.
Token token_of(const Event& event) {
  return std::visit(
      [](const auto& one) -> Token {
        if constexpr (requires { one.token; }) return one.token;
        return 0;
      },
      event);
}

bool lets_in(const Actions& actions, Token token) {
  return std::ranges::any_of(actions, [token](const Action& action) {
    if (const auto* spawn = std::get_if<Spawn>(&action)) return spawn->token == token;
    const auto* name = std::get_if<AskName>(&action);
    return name && name->token == token;
  });
}

}  // namespace

FleetNotes::FleetNotes(const policy::FleetCounts& counts, const State& state, const Event& event) : state_(state), event_(event) {
  if (!counts.on() || !policy::has_fleet_limits(state.policy().service())) return;
  concerned_ = true;
  if (std::holds_alternative<Reconfigured>(event) || std::holds_alternative<Retire>(event)) id_ = state.policy().service().id;
  if (const Places::Place* place = state.places().find(token_of(event))) source_ = place->source, had_place_ = true;
}

void FleetNotes::put(policy::FleetCounts& counts, const Actions& actions) const {
  const policy::Policy& policy = state_.policy();
  if (const auto* changed = std::get_if<Reconfigured>(&event_)) {
    const bool goes_on = policy::has_fleet_limits(policy.service());
    if (concerned_ && (!goes_on || policy.service().id != id_)) counts.forget(id_);
    if (goes_on && !changed->counts_on) note_places(counts, state_, changed->now);
    return;
  }
  if (!concerned_) return;
  if (std::holds_alternative<Retire>(event_)) return counts.forget(id_);
  if (state_.phase() == Phase::retiring) return;  // another one may be counted under this id
  if (const auto* request = std::get_if<Request>(&event_)) return put(counts, *request, actions);
  if (had_place_ && !state_.places().find(token_of(event_))) counts.ended(policy.service().id, source_, state_.places().count_from(source_));
}

/// One that has been asked for its name has been counted before, and is given back when it is refused, as for other rates.
void FleetNotes::put(policy::FleetCounts& counts, const Request& request, const Actions& actions) const {
  const policy::Policy& policy = state_.policy();
  const auto source = policy.counted(request.question.peer.address);
  if (source.exempt) return;
  const bool has_paid = request.again && had_place_, in = lets_in(actions, request.token);
  // Nothing that is elsewhere matters to him, and those who are banned may be many.
  if (request.question.banned && !in && !has_paid) return;
  counts.asked(policy.service(), policy.source_network(source.address), state_.places().count_from(source.address),
               static_cast<int>(in) - static_cast<int>(has_paid), request.now);
}

void note_places(policy::FleetCounts& counts, const State& state, base::Moment now) {
  const policy::Policy& policy = state.policy();
  if (!counts.on() || !policy::has_fleet_limits(policy.service()) || state.phase() == Phase::retiring) return;
  for (const StateSnapshot::Place& place : state.places().snapshot())
    counts.asked(policy.service(), policy.source_network(place.source), state.places().count_from(place.source), 0, now);
}

}  // namespace xsuperd::service
