// SPDX-License-Identifier: MIT
// An upgrade: a Runner's state leaves one image of the daemon and goes on in the next.
#include "xsuperd/service/hand_over.hpp"

#include <fcntl.h>

#include <algorithm>

#include "service/kept_datagram.hpp"
#include "service/parts.hpp"

namespace xsuperd::service {

namespace {

/// A state of a version that does not tell it has only what came next, and which places are for waiting.
SessionPhase phase_of(const InheritedSession& one, const StateSnapshot& state) {
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

InheritedSession inherited(Token token, const Session& session, const ServiceConversations& conversations,
                     const Handshakes& handshakes, const ServerProcesses& processes) {
  InheritedSession one;
  static_cast<SessionFacts&>(one) = session;
  one.token = token;
  one.socket = session.socket.get();
  if (session.conversing()) one.socket = conversations.waiting_connection(token);
  if (session.shaking) one.socket = handshakes.waiting_connection(token);
  one.lingers = session.lingers.get();
  one.pidfd = session.pid != 0 ? processes.pidfd(token) : -1;
  one.conversing = session.conversing();
  if (session.kept) one.datagram = inherited_datagram(*session.kept);
  if (session.words) one.words = *session.words;
  return one;
}

/// Without its server, which has yet to be watched.
Session taken(const InheritedSession& inherited, const std::function<base::Fd(int)>& take) {
  Session session(inherited);
  if (inherited.words) session.words = std::make_shared<const tls::Words>(*inherited.words);
  session.pid = 0;
  session.socket = take(inherited.socket);
  // A banner that had to wait has made the connection non-blocking, and its server expects it to block.
  if (session.socket) ::fcntl(session.socket.get(), F_SETFL, ::fcntl(session.socket.get(), F_GETFL) & ~O_NONBLOCK);
  session.lingers = take(inherited.lingers);
  session.alone = true;
  if (inherited.datagram) session.kept = kept_datagram(*inherited.datagram, inherited.peer);
  return session;
}

}  // namespace

void Runner::hold(bool on) { on ? parts_->endpoints.pause() : parts_->doorkeeper.listen_everywhere(); }

Runner::Unsettled Runner::unsettled() const {
  Unsettled all = Unsettled::no;
  for (const auto& [token, session] : sessions().all()) {
    const bool settled = session.phase == SessionPhase::running || session.phase == SessionPhase::retrying ||
                         session.phase == SessionPhase::queued || session.phase == SessionPhase::heading;
    const bool in_worker = (session.conversing() && parts_->conversations.waiting_connection(token) < 0) ||
                           (session.shaking && parts_->handshakes.waiting_connection(token) < 0);
    if (settled || in_worker) continue;
    if (session.phase == SessionPhase::starting) return Unsettled::spawning;
    all = Unsettled::passing;
  }
  return parts_->carriers.waits() ? Unsettled::spawning : all;
}

InheritedRunner Runner::hand_over() const {
  Parts& p = *parts_;
  p.sessions.bring_all_back();
  InheritedRunner all;
  all.pause_end = p.performer.pause_end();
  all.kill_at = p.signals.kill_at();
  all.targets = p.targets.known();
  all.counters = counters();
  all.standing = standing();
  all.state = state().snapshot();
  all.endpoints = p.endpoints.hand_over();
  all.terminates = p.signals.servers_must_end();
  all.refused_lately = p.datagrams.hand_over();
  for (const Token token : p.sessions.tokens())
    all.sessions.push_back(inherited(token, *p.sessions.find(token), p.conversations, p.handshakes, p.processes));
  all.error_streams = p.errors.hand_over();
  all.carriers = p.carriers.hand_over();
  return all;
}

void Runner::restore(const InheritedRunner& inherited, const std::function<base::Fd(int)>& take) {
  Parts& p = *parts_;
  p.endpoints.restore(inherited, service().places(), take);
  StateSnapshot state = inherited.state;
  for (const InheritedSession& one : inherited.sessions) {
    Session session = taken(one, take);
    p.endpoints.note_used(session.endpoint);  // it may be one that the service has no more
    if (base::Fd pidfd = take(one.pidfd); pidfd && one.pid > 0) {
      session.pid = one.pid;
      p.processes.watch(one.token, one.pid, std::move(pidfd));
    }
    session.phase = session.pid != 0 ? SessionPhase::running : phase_of(one, state);
    const bool lost = one.pid != 0 && session.pid == 0;  // nobody could tell when its server ends
    if (lost) std::erase_if(state.places, [&](const StateSnapshot::Place& place) { return place.token == one.token; });
    if (!lost) p.sessions.restore(one.token, std::move(session));
  }
  p.errors.restore(inherited.error_streams, take);
  p.carriers.carry_on(inherited.carriers);
  p.decider.restore(state, std::chrono::steady_clock::now());
  // Another fact of a service has an owner, too: here, and in hand_over().
  const auto& [pause_end, kill_at, targets, counters, standing] = static_cast<const ServiceFacts&>(inherited);
  p.performer.restore(pause_end);
  p.signals.restore(inherited.terminates, kill_at);
  p.targets.learn(targets);
  p.sessions.counters() = counters;
  p.doorkeeper.stand(standing);
  p.datagrams.restore(inherited.refused_lately);
}

void Runner::carry_on() {
  Parts& p = *parts_;
  const Phase phase = state().phase();
  const bool opens = p.doorkeeper.wants_socket() && phase != Phase::paused && phase != Phase::retiring;
  for (const auto& endpoint : p.endpoints)
    endpoint->carry_on(p.doorkeeper.listens(*endpoint), opens && !state().endpoints().is_open(endpoint->id()));
  p.announcement.update();
  p.performer.carry_on();
  if (opens && p.targets.needed()) p.targets.find_first_later();
  p.signals.carry_on();
  p.judging.reconfigured(true);
  p.times.watch_all();
  p.errors.carry_on();
  for (const Token token : p.sessions.tokens())
    if (p.sessions.contains(token)) p.carry_on(token);
}

/// One session.
void Runner::Parts::carry_on(Token token) {
  const Session& session = sessions.at(token);
  switch (session.phase) {
    case SessionPhase::running: return;
    case SessionPhase::queued:
      if (decider.state().queue().line().contains(token)) return;
      return endings.attempt(token, [&] { way.go(token, SessionEvent::called), judging.judge_anew(token); });
    case SessionPhase::conversing: return conversations.carry_on(token);
    case SessionPhase::heading: return endings.attempt(token, [&] { headers.carry_on(token); });
    case SessionPhase::retrying: return performer.perform(ArmRetry{token, State::retry_seconds});
    case SessionPhase::banner:  // it is not sent twice
      return endings.attempt(token, [&] { way.go(token, SessionEvent::greeted); });
    case SessionPhase::arrived:
      return endings.attempt(token, [&, judged = session.judged] {
        judged ? judging.judge_anew(token) : judging.judge(token);
      });
    default: return endings.attempt(token, [&] { way.enter_anew(token); });
  }
}

}  // namespace xsuperd::service
