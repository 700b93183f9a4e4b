// SPDX-License-Identifier: MIT
#include "xsuperd/service/state.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

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

/// The counts of all other sessions. Each socket of a service with wait = yes is one server's: what runs at another one is
/// nothing to it.
void count_others(const Places& places, const Request& e, const policy::Policy::Source& source, bool hands_over,
                  policy::Question& question) {
  question.running = hands_over ? places.count_at(e.endpoint) : places.count();
  question.running_from_source = source.exempt ? 0 : places.count_from(source.address);
  const Places::Place* own = places.find(e.token);
  if (!own) return;
  --question.running;
  if (question.running_from_source > 0 && own->source == source.address) --question.running_from_source;
  if (question.processes > 0) --question.processes;
}

/// Only a connection can be left alone until there is room for it.
bool may_wait(const config::Service& service, policy::Reason reason) {
  const auto& queue = service.settings.queue;
  return queue && queue->number > 0 && !service.wait && !service.datagrams() && policy::passes_by_itself(reason);
}

std::optional<EndpointId> drop_place(Places& places, QueueTurns& queue, Token token) {
  if (const Places::Place* place = places.find(token)) queue.freed(place->source);
  return places.drop(token);
}

template <typename... Cases>
struct OneOf : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
OneOf(Cases...) -> OneOf<Cases...>;  // clang before 17 does not find it by itself

}  // namespace

State::State(std::shared_ptr<const policy::Policy> policy) : policy_(std::move(policy)) {}

Actions State::handle(const Event& event) {
  Actions actions = std::visit(
      OneOf{[this](const auto& e) { return on(e); }, [this](const Exited& e) { return free_place(e.token); },
            [this](const Denied& e) { return turn_out(e.token, e.reason); },
            [this](const Started& e) {
              if (never_waits(policy_->service())) return free_place(e.token);
              places_.started(e.token);
              return Actions{};
            },
            [this](const Closed& e) { return endpoints_.close(e.endpoint), Actions{}; },
            [this](const Due&) {
              if (!endpoints_.paused()) return Actions{};
              arrivals_.forget_rate();  // the connections that tripped the limit are history
              return Actions{OpenSocket{}};
            },
            [this](const Reconfigured& e) {
              policy_ = e.policy;
              if (!e.counts_on) arrivals_.forget_rates();
              arrivals_.fit(policy_->service(), e.now);
              if (!queue_.line().empty()) queue_.regroup(*policy_, e.waiting);
              return call_next();
            },
            [this](const Misbehaved& e) {
              const config::BanCause* cause = arrivals_.punish(policy_->service(), policy_->counted(e.peer),
                                                               policy_->spares(e.peer, e.proxied), e.misdeed, e.now);
              return cause ? Actions{Ban{e.peer, *cause}} : Actions{};
            },
            [this](const Look& e) {  // one at a time: next_look() is due again at once when there are more
              Actions actions;
              if (const auto token = queue_.expire(policy_->service().settings, e.now))
                actions.push_back(Refuse{*token, refusal(policy::Reason::queue_timeout)});
              queue_.look_again();
              for (const Action& next : call_next()) actions.push_back(next);
              return actions;
            },
            [this](const Retire&) { return endpoints_.retire(), Actions{CloseSocket{}}; }},
      event);
  queue_.settle(policy_->service().settings, places_);
  return actions;
}

Actions State::on(const Request& e) {
  queue_.came_back(e.token);
  policy::Question question = e.question;
  const config::Service& service = policy_->service();
  const auto source = policy_->counted(question.peer.address);
  e.again ? arrivals_.look(service, source, e.now, question) : arrivals_.count(service, source, e.now, question);
  count_others(places_, e, source, service.hands_over(), question);
  const bool has_place = places_.find(e.token) != nullptr;
  // Who has been asked for its name has been admitted by the rates before.
  const bool has_paid = e.again && has_place;
  if (has_paid) question.out_of_tokens = question.source_rate_tripped = false;
  if (has_paid && question.fleet) question.fleet->rate_reached = false;
  // Accepted in the same batch as the connection that tripped the limit.
  if (endpoints_.paused() && !queue_.line().contains(e.token)) return refuse(e, refusal(policy::Reason::connections_per_second), false);
  // Accepted before the service went, and held up since: a service that goes has no place for anybody.
  if (endpoints_.retiring()) return refuse(e, refusal(policy::Reason::service_limit), false);
  policy::Verdict verdict = policy::judge(*policy_, question);
  const bool overtakes = verdict.kind != policy::Verdict::Kind::refuse && !has_place && !queue_.line().contains(e.token) &&
                         queue_.somebody_is_next(service.settings, places_, source.exempt);
  if (overtakes) verdict = refusal(policy::Reason::service_limit);
  if (verdict.kind == policy::Verdict::Kind::refuse) {
    if (has_paid) arrivals_.give_back(service, source, e.now);
    return may_wait(service, verdict.reason) ? line_up(e, question, verdict) : refuse(e, verdict, question.rate_tripped);
  }
  if (!has_paid) arrivals_.admitted(service, source, e.now);
  return admit(e, source, verdict.kind == policy::Verdict::Kind::need_name);
}

/// A place is taken when it is decided, not when the server runs: a burst cannot slip past the limits. Those who wait for
/// their name take one too, or they would pile up as long as a name server keeps silent.
Actions State::admit(const Request& e, const policy::Policy::Source& source, bool need_name) {
  const bool hands_over = policy_->service().hands_over();
  if (!need_name || !hands_over) places_.take(e.token, source.place(), need_name, e.endpoint);
  Actions actions;
  if (hands_over && endpoints_.lend(e.endpoint)) actions.push_back(Suspend{e.endpoint});
  actions.push_back(need_name ? Action{AskName{e.token}} : Action{Spawn{e.token}});
  if (queue_.served(e.token))
    for (const Action& next : call_next()) actions.push_back(next);
  return actions;
}

/// One that is kept out anyway does not wait for it. One that waits already, and has been called too soon, goes on.
Actions State::line_up(const Request& e, const policy::Question& question, const policy::Verdict& verdict) {
  const policy::Verdict without = policy::judge_without_limits(*policy_, question);
  if (without.kind == policy::Verdict::Kind::refuse) return refuse(e, without, question.rate_tripped);
  drop_place(places_, queue_, e.token);
  queue_.found_none(e.token, verdict.reason, e.now);
  if (!queue_.add(policy_->service().settings, e.token, policy_->counted(question.peer.address), e.now))
    return refuse(e, refusal(policy::Reason::queue_full), false);
  return {Queue{e.token}};
}

Actions State::call_next() {
  if (const auto next = queue_.call(policy_->service().settings, places_)) return {Call{*next}};
  return {};
}

std::optional<base::Moment> State::next_look() const {
  if (queue_.line().empty()) return std::nullopt;
  return queue_.next_look(policy_->service().settings, places_, arrivals_.token_at(policy_->service()));
}

Actions State::refuse(const Request& e, const policy::Verdict& verdict, bool tripped) {
  Actions actions{Refuse{e.token, verdict}};
  drop_place(places_, queue_, e.token);
  queue_.remove(e.token);
  if (tripped) {
    endpoints_.pause();
    actions.push_back(CloseSocket{});
    actions.push_back(ArmPause{policy_->service().rate().pause});
  } else if (policy_->service().hands_over() && endpoints_.take_back(e.endpoint)) {
    actions.push_back(Listen{e.endpoint});
  }
  for (const Action& next : call_next()) actions.push_back(next);
  return actions;
}

/// Whom the limits would turn away gets none, and is judged all the same when it has its banner (fact B4.24).
Actions State::on(const Greeted& e) {
  if (!endpoints_.serving()) return {};
  const config::Settings& s = policy_->service().settings;
  const auto source = policy_->counted(e.peer);
  const bool room = has_room(s.instances, running()) && (source.exempt || has_room(s.per_source, places_.count_from(source.address)));
  if (room && !queue_.somebody_is_next(s, places_, source.exempt)) places_.take(e.token, source.place(), true, 0);
  return {};
}

Actions State::on(const Opened& e) {
  if (endpoints_.retiring()) return {CloseSocket{}};
  endpoints_.open(e.endpoint);
  // Closed and opened again while its server went on: that one owns the requests still.
  if (policy_->service().hands_over() && places_.count_at(e.endpoint) > 0) endpoints_.lend(e.endpoint);
  if (endpoints_.is_busy(e.endpoint)) return {};
  return {Listen{e.endpoint}};
}

Actions State::on(const StartFailed& e) {
  if (!places_.find(e.token)) return {};
  if (e.final) return free_place(e.token);
  const bool may = !policy_->service().has(config::Flag::noretry) && !endpoints_.retiring();
  if (may && places_.failed(e.token, start_tries)) return {ArmRetry{e.token, retry_seconds}};
  return turn_out(e.token, policy::Reason::fork);
}

Actions State::on(const RetryDue& e) {
  const Places::Place* place = places_.find(e.token);
  if (!place || !place->retrying) return {};
  if (endpoints_.retiring()) return turn_out(e.token, policy::Reason::fork);
  places_.tries_again(e.token);
  return {Spawn{e.token}};
}

/// Who waits for a name at a socket that will be the server's has no place, but the socket rests for it.
Actions State::on(const Withdrawn& e) {
  if (places_.find(e.token)) return free_place(e.token);
  if (queue_.remove(e.token)) return call_next();
  const bool rests = policy_->service().hands_over() && endpoints_.is_busy(e.endpoint) && places_.count_at(e.endpoint) == 0;
  if (!rests) return {};
  endpoints_.take_back(e.endpoint);
  return {Listen{e.endpoint}};
}

Actions State::turn_out(Token token, policy::Reason reason) {
  Actions actions{Refuse{token, refusal(reason)}};
  for (const Action& action : free_place(token)) actions.push_back(action);
  return actions;
}

/// With wait = yes the socket is ours again.
Actions State::free_place(Token token) {
  const auto endpoint = drop_place(places_, queue_, token);
  if (!endpoint) return {};
  if (!endpoints_.is_busy(*endpoint)) return call_next();
  endpoints_.take_back(*endpoint);
  return {Listen{*endpoint}};
}

StateSnapshot State::snapshot() const {
  StateSnapshot all;
  endpoints_.save(all);
  arrivals_.save(all);
  all.places = places_.snapshot();
  all.waiting = queue_.line().snapshot();
  return all;
}

void State::restore(const StateSnapshot& snapshot) {
  endpoints_.restore(snapshot);
  arrivals_.restore(snapshot);
  places_.restore(snapshot.places);
  queue_.restore(snapshot.waiting);
}

}  // namespace xsuperd::service
