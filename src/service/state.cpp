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
void count_others(const Places& places, const Request& e, const base::Address& source, bool hands_over, policy::Question& question) {
  question.running = hands_over ? places.count_at(e.endpoint) : places.count();
  question.running_from_source = places.count_from(source);
  const Places::Place* own = places.find(e.token);
  if (!own) return;
  --question.running;
  if (own->source == source) --question.running_from_source;
  if (question.processes > 0) --question.processes;
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
  return std::visit(
      OneOf{[this](const auto& e) { return on(e); }, [this](const Exited& e) { return free_place(e.token); },
            [this](const Denied& e) { return turn_out(e.token, e.reason); },
            [this](const Closed& e) { return endpoints_.close(e.endpoint), Actions{}; },
            [this](const Due&) {
              if (!endpoints_.paused()) return Actions{};
              arrivals_.forget_rate();  // the connections that tripped the limit are history
              return Actions{OpenSocket{}};
            },
            [this](const Reconfigured& e) {
              policy_ = e.policy;
              if (!e.counts_on) arrivals_.forget_rates();
              return call_next();
            },
            [this](const Misbehaved& e) {
              if (!policy_->exempt(e.peer)) arrivals_.punish(service(), policy_->source_of(e.peer), e.misdeed, e.now);
              return Actions{};
            },
            [this](const Retire&) { return endpoints_.retire(), Actions{CloseSocket{}}; }},
      event);
}

Actions State::on(const Request& e) {
  policy::Question question = e.question;
  if (called_ == e.token) called_ = 0;
  const base::Address source = policy_->source_of(question.peer.address);
  const bool exempt = policy_->exempt(question.peer.address);
  e.again ? arrivals_.look(service(), source, exempt, e.now, question) : arrivals_.count(service(), source, exempt, e.now, question);
  const bool hands_over = service().hands_over();
  count_others(places_, e, source, hands_over, question);
  if (exempt) question.running_from_source = 0;
  // Accepted in the same batch as the connection that tripped the limit.
  if (endpoints_.paused() && !line_.contains(e.token)) return refuse(e, refusal(policy::Reason::connections_per_second), false);
  // Accepted before the service went, and held up since: a service that goes has no place for anybody.
  if (endpoints_.retiring()) return refuse(e, refusal(policy::Reason::service_limit), false);
  const policy::Verdict verdict = policy::judge(*policy_, question);
  if (verdict.kind == policy::Verdict::Kind::refuse && may_wait(verdict.reason)) return line_up(e, question, verdict);
  if (verdict.kind == policy::Verdict::Kind::refuse) return refuse(e, verdict, question.rate_tripped);
  // A place is taken when it is decided, not when the server runs: a burst cannot slip past the limits. Those who wait for
  // their name take one too, or they would pile up as long as a name server keeps silent.
  const bool need_name = verdict.kind == policy::Verdict::Kind::need_name;
  if (!need_name || !hands_over) places_.take(e.token, source, need_name, e.endpoint);
  if (!need_name) arrivals_.admitted(service(), source, exempt, e.now);
  Actions actions;
  if (hands_over && endpoints_.lend(e.endpoint)) actions.push_back(Suspend{e.endpoint});
  actions.push_back(need_name ? Action{AskName{e.token}} : Action{Spawn{e.token}});
  if (line_.served(e.token))
    for (const Action& next : call_next()) actions.push_back(next);
  return actions;
}

bool State::may_wait(policy::Reason reason) const {
  const auto& queue = service().settings.queue;
  const bool connections = !service().wait && !service().datagrams();
  return queue && queue->number > 0 && connections && policy::passes_by_itself(reason);
}

/// One that is kept out anyway does not wait for it. One that waits already, and has been called too soon, goes on.
Actions State::line_up(const Request& e, const policy::Question& question, const policy::Verdict& verdict) {
  const policy::Verdict without = policy::judge_without_limits(*policy_, question);
  if (without.kind == policy::Verdict::Kind::refuse) return refuse(e, without, question.rate_tripped);
  places_.drop(e.token);
  next_try_.reset();
  if (verdict.reason == policy::Reason::process_limit) next_try_ = e.now + others_pause;
  if (line_.contains(e.token)) return {Queue{e.token}};
  const base::Address source = policy_->source_of(question.peer.address);
  const std::uint32_t number = service().settings.queue->number;
  const bool share = policy_->exempt(question.peer.address) || line_.count_from(source) < std::max(number / 4, 1u);
  if (line_.size() >= number || !share) return refuse(e, refusal(policy::Reason::queue_full), false);
  line_.push(e.token, source, e.now);
  return {Queue{e.token}};
}

/// Whether a token or a place under -limit is there as well is seen when it is judged.
Actions State::call_next() {
  if (const auto next = callable()) return {Call{called_ = *next}};
  return {};
}

std::optional<Token> State::callable() const {
  if (line_.empty() || called_ != 0) return std::nullopt;
  const config::Settings& s = service().settings;
  const auto room = [](const std::optional<config::Limit>& limit, std::uint64_t taken) {
    return !limit || limit->is_unlimited() || taken < limit->value;
  };
  if (!room(s.instances, places_.count())) return std::nullopt;
  return line_.next([&](const base::Address& source) { return room(s.per_source, places_.count_from(source)); });
}

/// One at a time: next_look() is due again at once when there are more.
Actions State::on(const Look& e) {
  const auto time = std::chrono::seconds(service().settings.queue.value_or(config::QueueLimit{}).time);
  if (const auto token = line_.expired(e.now - time)) {
    line_.remove(*token);
    if (called_ == *token) called_ = 0;
    return {Refuse{*token, refusal(policy::Reason::queue_timeout)}};
  }
  next_try_.reset();
  return call_next();
}

std::optional<base::Moment> State::next_look() const {
  const auto oldest = line_.oldest();
  if (!oldest) return std::nullopt;
  base::Moment due = *oldest + std::chrono::seconds(service().settings.queue.value_or(config::QueueLimit{}).time);
  if (!callable()) return due;
  if (next_try_) return std::min(due, *next_try_);
  const auto token = arrivals_.token_at(service());
  return token ? std::min(due, *token) : due;
}

Actions State::refuse(const Request& e, const policy::Verdict& verdict, bool tripped) {
  Actions actions{Refuse{e.token, verdict}};
  const bool counts = service().settings.penalty && verdict.reason != policy::Reason::penalty && !policy_->exempt(e.question.peer.address);
  if (counts) arrivals_.punish(service(), policy_->source_of(e.question.peer.address), {config::Penalty::Cause::refused, 0}, e.now);
  places_.drop(e.token);
  line_.remove(e.token);
  if (tripped) {
    endpoints_.pause();
    actions.push_back(CloseSocket{});
    actions.push_back(ArmPause{service().rate().pause});
  } else if (service().hands_over() && endpoints_.take_back(e.endpoint)) {
    actions.push_back(Listen{e.endpoint});
  }
  for (const Action& next : call_next()) actions.push_back(next);
  return actions;
}

/// Whom the limits would turn away gets none, and is judged all the same when it has its banner (fact B4.24).
Actions State::on(const Greeted& e) {
  if (!endpoints_.serving()) return {};
  const auto room = [](const std::optional<config::Limit>& limit, std::uint64_t taken) {
    return !limit || limit->is_unlimited() || taken < limit->value;
  };
  const config::Settings& s = service().settings;
  const base::Address source = policy_->source_of(e.peer);
  if (room(s.instances, running()) && room(s.per_source, places_.count_from(source))) places_.take(e.token, source, true, 0);
  return {};
}

Actions State::on(const Opened& e) {
  if (endpoints_.retiring()) return {CloseSocket{}};
  endpoints_.open(e.endpoint);
  // Closed and opened again while its server went on: that one owns the requests still.
  if (service().hands_over() && places_.count_at(e.endpoint) > 0) endpoints_.lend(e.endpoint);
  if (endpoints_.is_busy(e.endpoint)) return {};
  return {Listen{e.endpoint}};
}

Actions State::on(const Started& e) {
  if (never_waits(service())) return free_place(e.token);
  places_.started(e.token);
  return {};
}

Actions State::on(const StartFailed& e) {
  if (!has_place(e.token)) return {};
  if (e.final) return free_place(e.token);
  const bool may = !service().has(config::Flag::noretry) && !endpoints_.retiring();
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
  if (has_place(e.token)) return free_place(e.token);
  if (line_.remove(e.token)) {
    if (called_ == e.token) called_ = 0;
    return call_next();
  }
  const bool rests = service().hands_over() && endpoints_.is_busy(e.endpoint) && places_.count_at(e.endpoint) == 0;
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
  const auto endpoint = places_.drop(token);
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
  all.waiting = line_.snapshot();
  return all;
}

void State::restore(const StateSnapshot& snapshot) {
  endpoints_.restore(snapshot);
  arrivals_.restore(snapshot);
  places_.restore(snapshot.places);
  line_.restore(snapshot.waiting);
}

}  // namespace xsuperd::service
