// SPDX-License-Identifier: MIT
#include "xsuperd/service/state.hpp"

#include <algorithm>

#include "xsuperd/base/make_room.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::service {

namespace {
policy::Verdict refusal(policy::Reason reason) {
  policy::Verdict verdict;
  verdict.kind = policy::Verdict::Kind::refuse;
  verdict.reason = reason;
  return verdict;
}

/// What they have to say fits into the socket: nobody holds them up (decision B15.9).
bool never_waits(const config::Service& service) {
  return service.is(config::Type::internal) && !service.datagrams() &&
         (base::iequals(service.name, "daytime") || base::iequals(service.name, "time"));
}
}  // namespace

State::State(std::shared_ptr<const policy::Policy> policy) : policy_(std::move(policy)) {}

Actions State::handle(const Event& event) {
  return std::visit([this](const auto& e) { return on(e); }, event);
}

Phase State::phase() const {
  if (mode_ == Mode::paused) return Phase::paused;
  if (mode_ == Mode::retiring) return Phase::retiring;
  const auto busy = [](const auto& one) { return one.busy; };
  if (std::any_of(endpoints_.begin(), endpoints_.end(), busy)) return Phase::busy;
  return endpoints_.empty() ? Phase::closed : Phase::listening;
}

bool State::is_open(EndpointId endpoint) const {
  return std::any_of(endpoints_.begin(), endpoints_.end(), [endpoint](const auto& one) { return one.id == endpoint; });
}

bool State::listens(EndpointId endpoint) const {
  return mode_ == Mode::serving && std::any_of(endpoints_.begin(), endpoints_.end(), [endpoint](const auto& one) {
           return one.id == endpoint && !one.busy;
         });
}

StateSnapshot::OpenEndpoint* State::find(EndpointId endpoint) {
  const auto found = std::find_if(endpoints_.begin(), endpoints_.end(),
                                  [endpoint](const auto& one) { return one.id == endpoint; });
  return found == endpoints_.end() ? nullptr : &*found;
}

std::size_t State::running_from(const base::Address& source) const {
  const auto found = sources_.find(source.unmapped());
  return found == sources_.end() ? 0 : found->second;
}

Actions State::on(const Request& e) {
  policy::Question question = e.question;
  if (!e.again) {
    ++attempts_;
    question.rate_tripped = rate_.trips(service().rate(), e.now);
    const auto per_source = service().settings.per_source_rate.value_or(config::SourceRate{});
    question.source_rate_tripped = source_rates_.trips(per_source, question.peer.address, e.now);
  }
  count_others(e, question);
  // Accepted in the same batch as the connection that tripped the limit.
  if (mode_ == Mode::paused) return refuse(e, refusal(policy::Reason::connections_per_second), false);
  // Accepted before the service went, and held up since: a service that goes has no place for anybody.
  if (mode_ == Mode::retiring) return refuse(e, refusal(policy::Reason::service_limit), false);
  const policy::Verdict verdict = policy::judge(*policy_, question);
  if (verdict.kind == policy::Verdict::Kind::refuse) return refuse(e, verdict, question.rate_tripped);
  // A place is taken when it is decided, not when the server runs: a burst cannot slip past the limits. Those who wait for
  // their name take one too, or they would pile up as long as a name server keeps silent.
  const bool need_name = verdict.kind == policy::Verdict::Kind::need_name;
  if (!need_name || !service().hands_over()) take_place(e.token, question.peer.address, need_name, e.endpoint);
  Actions actions;
  if (auto* endpoint = service().hands_over() ? find(e.endpoint) : nullptr) {
    endpoint->busy = true;
    actions.push_back(Suspend{e.endpoint});
  }
  actions.push_back(need_name ? Action{AskName{e.token}} : Action{Spawn{e.token}});
  return actions;
}

/// Each socket of a service with wait = yes is one server's: what runs at another one is nothing to it.
void State::count_others(const Request& e, policy::Question& question) const {
  const Token token = e.token;
  question.running = service().hands_over() ? running_at(e.endpoint) : running();
  question.running_from_source = running_from(question.peer.address);
  const auto own = places_.find(token);
  if (own == places_.end()) return;
  --question.running;
  if (own->second.source == question.peer.address.unmapped()) --question.running_from_source;
  if (question.processes > 0) --question.processes;
}

std::size_t State::running_at(EndpointId endpoint) const {
  return static_cast<std::size_t>(std::count_if(places_.begin(), places_.end(), [endpoint](const auto& one) {
    return one.second.endpoint == endpoint;
  }));
}

Actions State::refuse(const Request& e, const policy::Verdict& verdict, bool tripped) {
  Actions actions{Refuse{e.token, verdict}};
  drop_place(e.token);
  if (tripped) {
    mode_ = Mode::paused;
    endpoints_.clear();
    actions.push_back(CloseSocket{});
    actions.push_back(ArmPause{service().rate().pause});
  } else if (auto* endpoint = service().hands_over() && mode_ == Mode::serving ? find(e.endpoint) : nullptr) {
    endpoint->busy = false;
    actions.push_back(Listen{e.endpoint});
  }
  return actions;
}

/// Whom the limits would turn away gets none, and is judged all the same when it has its banner (fact B4.24).
Actions State::on(const Greeted& e) {
  if (mode_ != Mode::serving) return {};
  const auto room = [](const std::optional<config::Limit>& limit, std::uint64_t taken) {
    return !limit || limit->is_unlimited() || taken < limit->value;
  };
  const config::Settings& s = service().settings;
  if (room(s.instances, running()) && room(s.per_source, running_from(e.peer))) take_place(e.token, e.peer, true);
  return {};
}

Actions State::on(const Opened& e) {
  if (mode_ == Mode::retiring) return {CloseSocket{}};
  mode_ = Mode::serving;
  auto* endpoint = find(e.endpoint);
  if (!endpoint) endpoint = &endpoints_.emplace_back(StateSnapshot::OpenEndpoint{e.endpoint, false});
  if (endpoint->busy) return {};
  // Closed and opened again while its server went on: that one owns the requests still.
  endpoint->busy = service().hands_over() && running_at(e.endpoint) > 0;
  if (endpoint->busy) return {};
  return {Listen{e.endpoint}};
}

Actions State::on(const Closed& e) {
  endpoints_.erase(std::remove_if(endpoints_.begin(), endpoints_.end(), [&](const auto& one) { return one.id == e.endpoint; }),
                   endpoints_.end());
  if (mode_ == Mode::paused) mode_ = Mode::serving;
  return {};
}

Actions State::on(const Started& e) {
  if (never_waits(service())) return free_place(e.token);
  if (const auto place = places_.find(e.token); place != places_.end()) place->second.failures = 0;
  return {};
}

Actions State::on(const StartFailed& e) {
  const auto place = places_.find(e.token);
  if (place == places_.end()) return {};
  const bool again = !e.final && !service().has(config::Flag::noretry) && mode_ != Mode::retiring &&
                     ++place->second.failures < start_tries;
  if (again) {
    place->second.retrying = true;
    ++retrying_;
    return {ArmRetry{e.token, retry_seconds}};
  }
  Actions actions;
  if (!e.final) actions.push_back(Refuse{e.token, refusal(policy::Reason::fork)});
  for (const Action& action : free_place(e.token)) actions.push_back(action);
  return actions;
}

Actions State::on(const RetryDue& e) {
  const auto place = places_.find(e.token);
  if (place == places_.end() || !place->second.retrying) return {};
  if (mode_ == Mode::retiring) {
    (void)free_place(e.token);
    return {Refuse{e.token, refusal(policy::Reason::fork)}};
  }
  place->second.retrying = false;
  --retrying_;
  return {Spawn{e.token}};
}

Actions State::on(const Exited& e) { return free_place(e.token); }

Actions State::on(const Denied& e) {
  Actions actions{Refuse{e.token, refusal(e.reason)}};
  for (const Action& action : free_place(e.token)) actions.push_back(action);
  return actions;
}

/// Who waits for a name at a socket that will be the server's has no place, but the socket rests for it.
Actions State::on(const Withdrawn& e) {
  if (has_place(e.token)) return free_place(e.token);
  auto* endpoint = mode_ == Mode::serving && service().hands_over() ? find(e.endpoint) : nullptr;
  if (!endpoint || !endpoint->busy || running_at(e.endpoint) > 0) return {};
  endpoint->busy = false;
  return {Listen{e.endpoint}};
}

Actions State::on(const Due&) {
  if (mode_ != Mode::paused) return {};
  // Counting goes on afresh: the connections that tripped the limit are history.
  rate_.reset();
  return {OpenSocket{}};
}

Actions State::on(const Reconfigured& e) {
  policy_ = e.policy;
  if (e.counts_on) return {};
  rate_.reset();
  source_rates_.reset();
  return {};
}

Actions State::on(const Retire&) {
  mode_ = Mode::retiring;
  endpoints_.clear();
  return {CloseSocket{}};
}

void State::take_place(Token token, const base::Address& peer, bool waiting, EndpointId endpoint) {
  if (const auto place = places_.find(token); place != places_.end()) {
    place->second.waiting = waiting;
    return;
  }
  const base::Address source = peer.unmapped();
  base::make_room(places_);
  base::make_room(sources_);
  const auto counted = sources_.try_emplace(source, 0).first;
  try {
    places_.emplace(token, Place{source, 0, false, waiting, endpoint});
  } catch (...) {  // no memory
    if (counted->second == 0) sources_.erase(counted);
    throw;
  }
  ++counted->second;
}

void State::drop_place(Token token) {
  const auto place = places_.find(token);
  if (place == places_.end()) return;
  if (place->second.retrying) --retrying_;
  const auto source = sources_.find(place->second.source);
  if (--source->second == 0) sources_.erase(source);
  places_.erase(place);
}

Actions State::free_place(Token token) {
  const auto place = places_.find(token);
  if (place == places_.end()) return {};
  const EndpointId id = place->second.endpoint;
  drop_place(token);
  auto* endpoint = mode_ == Mode::serving ? find(id) : nullptr;
  if (!endpoint || !endpoint->busy) return {};
  endpoint->busy = false;
  return {Listen{id}};
}

bool State::is_waiting(Token token) const {
  const auto place = places_.find(token);
  return place != places_.end() && place->second.waiting;
}

bool State::is_retrying(Token token) const {
  const auto place = places_.find(token);
  return place != places_.end() && place->second.retrying;
}

StateSnapshot State::snapshot() const {
  StateSnapshot all{.phase = phase(),
                    .rate = rate_.snapshot(),
                    .places = {},
                    .attempts = attempts_,
                    .source_rates = source_rates_.snapshot(),
                    .endpoints = {}};
  all.endpoints.assign(endpoints_.begin(), endpoints_.end());
  for (const auto& [token, place] : places_)
    all.places.push_back({.token = token,
                          .source = place.source,
                          .failures = place.failures,
                          .retrying = place.retrying,
                          .waiting = place.waiting,
                          .endpoint = place.endpoint});
  std::sort(all.places.begin(), all.places.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
  return all;
}

void State::restore(const StateSnapshot& snapshot) {
  mode_ = snapshot.phase == Phase::paused ? Mode::paused : snapshot.phase == Phase::retiring ? Mode::retiring : Mode::serving;
  endpoints_.assign(snapshot.endpoints.begin(), snapshot.endpoints.end());
  const bool open = snapshot.phase == Phase::listening || snapshot.phase == Phase::busy;
  if (endpoints_.empty() && open) endpoints_.push_back({0, snapshot.phase == Phase::busy});
  rate_.restore(snapshot.rate);
  source_rates_.restore(snapshot.source_rates);
  attempts_ = snapshot.attempts;
  for (const StateSnapshot::Place& place : snapshot.places) {
    if (places_.contains(place.token)) continue;
    take_place(place.token, place.source, place.waiting, place.endpoint);
    places_.at(place.token).failures = place.failures;
    places_.at(place.token).retrying = place.retrying;
    retrying_ += place.retrying ? 1 : 0;
  }
}

bool State::consistent() const {
  std::uint64_t from_sources = 0;
  for (const auto& [source, count] : sources_) from_sources += count;
  std::size_t retrying = 0;
  for (const auto& [token, place] : places_) retrying += place.retrying ? 1 : 0;
  return from_sources == places_.size() && retrying == retrying_;
}

}  // namespace xsuperd::service
