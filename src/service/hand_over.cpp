// SPDX-License-Identifier: MIT
// An upgrade: a Runner's state leaves one image of the daemon and goes on in the next.
#include "xsuperd/service/hand_over.hpp"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

#include "service/datagrams.hpp"
#include "service/timers.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

namespace {

/// A state of a version that does not tell it has only what came next, and which places are for waiting.
SessionPhase phase_of(const HandedSession& one, const StateSnapshot& state) {
  if (one.pid > 0) return SessionPhase::running;
  if (one.conversing) return SessionPhase::conversing;
  if (one.phase != SessionPhase::arrived) return resumed(one.phase);
  const auto place = std::find_if(state.places.begin(), state.places.end(), [&](const auto& p) { return p.token == one.token; });
  if (place == state.places.end() || place->waiting) return SessionPhase::arrived;
  if (place->retrying) return SessionPhase::retrying;
  switch (one.stage) {
    case Stage::libwrap:
    case Stage::banner: return SessionPhase::libwrap;
    case Stage::ident: return SessionPhase::banner;
    case Stage::server: return SessionPhase::identity;
    case Stage::start: break;
  }
  return SessionPhase::target;  // or the server, where there is no target to be found
}

std::chrono::milliseconds from_now(base::Moment moment, base::Moment now) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(moment - now), std::chrono::milliseconds(0));
}

}  // namespace

void Runner::hold() {
  for (const auto& endpoint : endpoints_) endpoint->pause();
}

void Runner::release() {
  for (const auto& endpoint : endpoints_)
    if (listens(*endpoint)) listen(*endpoint);
}

Runner::Unsettled Runner::unsettled() const {
  Unsettled all = Unsettled::no;
  for (const auto& [token, session] : sessions_) {
    const bool settled = session.phase == SessionPhase::running || session.phase == SessionPhase::retrying;
    if (settled || in_conversation(token)) continue;
    if (session.phase == SessionPhase::starting) return Unsettled::spawning;
    all = Unsettled::passing;
  }
  return all;
}

/// In a worker's hands; not while it waits for a worker.
bool Runner::in_conversation(Token token) const {
  return sessions_.at(token).conversing() && around_.serving.conversations.waiting_connection(token) < 0;
}

HandedRunner Runner::hand_over() const {
  HandedRunner all;
  static_cast<ServiceFacts&>(all) = facts_;
  if (state_.phase() != Phase::paused) all.pause_end.reset();
  all.state = state_.snapshot();
  for (const auto& endpoint : endpoints_) all.endpoints.push_back(endpoint->hand_over());
  all.terminates = retired_servers_ == Servers::terminate;
  for (const auto& [peer, logged] : refused_lately_) all.refused_lately.push_back({peer, logged});
  for (const auto& [token, session] : sessions_) all.sessions.push_back(handed(token, session));
  std::sort(all.sessions.begin(), all.sessions.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
  return all;
}

HandedSession Runner::handed(Token token, const Session& session) const {
  HandedSession one;
  static_cast<SessionFacts&>(one) = session;
  one.token = token;
  one.socket = session.conversing() ? around_.serving.conversations.waiting_connection(token) : session.socket.get();
  one.lingers = session.lingers.get();
  one.pidfd = session.pid != 0 ? around_.serving.children.pidfd(token) : -1;
  one.conversing = session.conversing();
  if (session.kept) one.datagram = handed_datagram(*session.kept);
  return one;
}

void Runner::restore(const HandedRunner& handed, const std::function<base::Fd(int)>& take) {
  restore_endpoints(handed, take);
  StateSnapshot state = handed.state;
  for (const HandedSession& one : handed.sessions) {
    Session session = taken(one, take);
    next_endpoint_ = std::max(next_endpoint_, session.endpoint + 1);  // it may be one that the service has no more
    session.phase = session.pid != 0 ? SessionPhase::running : phase_of(one, state);
    const bool lost = one.pid != 0 && session.pid == 0;  // nobody could tell when its server ends
    if (lost) std::erase_if(state.places, [&](const StateSnapshot::Place& place) { return place.token == one.token; });
    if (!lost) sessions_.emplace(one.token, std::move(session));
  }
  state_.restore(state);
  around_.census.processes += state_.running();
  facts_ = handed;
  retired_servers_ = handed.terminates ? Servers::terminate : Servers::leave;
  for (const HandedRefusal& one : handed.refused_lately) refused_lately_[one.peer] = one.logged;
}

/// What an image before there were several of them has handed over is one.
void Runner::restore_endpoints(const HandedRunner& handed, const std::function<base::Fd(int)>& take) {
  const bool served = handed.counters.served > 0 || !handed.sessions.empty();
  std::vector<HandedEndpoint> all = handed.endpoints;
  if (all.empty()) {
    static_cast<EndpointFacts&>(all.emplace_back()) = handed;
    static_cast<EndpointSockets&>(all.back()) = handed;
  }
  const auto places = service().places();
  endpoints_.clear();
  for (std::size_t i = 0; i < places.size(); ++i) {
    const EndpointId id = i < all.size() ? all[i].id : next_endpoint_;
    endpoints_.push_back(std::make_shared<Endpoint>(around_, as_owner(), id, places[i]));
    next_endpoint_ = std::max(next_endpoint_, id + 1);
    if (i < all.size()) endpoints_.back()->restore(all[i], take, served);
  }
}

Session Runner::taken(const HandedSession& handed, const std::function<base::Fd(int)>& take) {
  Session session(handed);
  session.pid = 0;
  session.socket = take(handed.socket);
  // A banner that had to wait has made the connection non-blocking, and its server expects it to block.
  if (session.socket) ::fcntl(session.socket.get(), F_SETFL, ::fcntl(session.socket.get(), F_GETFL) & ~O_NONBLOCK);
  session.lingers = take(handed.lingers);
  session.alone = true;
  if (handed.datagram) session.kept = kept_datagram(*handed.datagram, handed.peer);
  if (base::Fd pidfd = take(handed.pidfd); pidfd && handed.pid > 0) {
    session.pid = handed.pid;
    around_.census.owners[handed.token] = weak_from_this();
    around_.serving.children.watch(handed.token, handed.pid, std::move(pidfd));
  }
  return session;
}

void Runner::carry_on() {
  const Phase phase = state_.phase();
  const bool opens = wants_socket() && phase != Phase::paused && phase != Phase::retiring;
  for (const auto& endpoint : endpoints_)
    endpoint->carry_on(listens(*endpoint), opens && !state_.is_open(endpoint->id()));
  announce();
  if (phase == Phase::paused)
    arm(from_now(facts_.pause_end.value_or(around_.clock.now()), around_.clock.now()), [](Runner& self) { self.feed(Due{}); });
  if (opens && needs_target()) find_first_targets_later();
  if (facts_.kill_at)
    arm(from_now(*facts_.kill_at, around_.clock.now()), [](Runner& self) { self.signal_servers(SIGKILL); });
  std::vector<Token> tokens;
  for (const auto& [token, session] : sessions_) tokens.push_back(token);
  std::sort(tokens.begin(), tokens.end());
  for (const Token token : tokens)
    if (sessions_.contains(token)) carry_on(token);
}

void Runner::carry_on(Token token) {
  Session& session = sessions_.at(token);
  if (session.phase == SessionPhase::running) return;
  if (session.conversing()) {
    if (session.socket) return begin_conversation(token, conversation_parameters());
    if (around_.serving.conversations.resume(token, when_ended(token))) return;
    return boost::asio::post(around_.loop, [done = when_ended(token)] { done({worker::Ending::Why::lost, {}}); });
  }
  if (session.phase == SessionPhase::retrying) return perform(ArmRetry{token, State::retry_seconds});
  if (session.phase == SessionPhase::banner) return attempt(token, &Runner::greeted);  // it is not sent twice
  if (session.phase != SessionPhase::arrived) return attempt(token, &Runner::enter_anew);
  attempt(token, session.judged ? &Runner::judge_anew : &Runner::request);
}

}  // namespace xsuperd::service
