// SPDX-License-Identifier: MIT
#include "service/handshakes.hpp"

#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::service {

using Result = tls::Handshake::Result;

std::string why_not(const tls::Handshake& handshake) {
  if (handshake.result == Result::too_late) return "it took too long";
  if (handshake.result == Result::left) return "it closed the connection";
  return handshake.detail.empty() ? "no reason given" : handshake.detail;
}

void Handshakes::begin(Token token) {
  Session& session = needs_.sessions.at(token);
  if (!session.socket) return carry_on(token);
  worker::Conversations* workers = needs_.serving.handshakes;
  if (!workers || !workers->has_room()) return needs_.decider.feed(Denied{token, policy::Reason::fork});
  session.local = net::local_endpoint(session.socket.get());
  session.shaking = true;
  worker::Parameters all;
  all.offer = service().offer.value;
  all.idle_deadline = std::chrono::seconds(service().settings.tls_timeout.value_or(config::usual_tls_timeout));
  all.on_shaken = when_shaken(token);
  workers->start(token, worker::Kind::tls, std::move(session.socket), std::move(all), when_ended(token));
}

void Handshakes::carry_on(Token token) {
  Session& session = needs_.sessions.at(token);
  worker::Conversations* workers = needs_.serving.handshakes;
  session.shaking = workers && workers->resume_handshake(token, when_ended(token), when_shaken(token));
  if (!session.shaking) needs_.endings.withdraw(token);
}

void Handshakes::drop(Token token, Session& session) {
  if (session.pair != 0) needs_.serving.pairs->cancel(std::exchange(session.pair, 0));
  stop(token);
}

void Handshakes::stop(Token token) {
  if (needs_.serving.handshakes) needs_.serving.handshakes->stop(token);
}

int Handshakes::waiting_connection(Token token) const {
  const Session* session = needs_.sessions.find(token);
  if (session && session->socket) return session->socket.get();
  return needs_.serving.handshakes ? needs_.serving.handshakes->waiting_connection(token) : -1;
}

worker::Conversations::OnShaken Handshakes::when_shaken(Token token) {
  return needs_.life.guard([this, token](const tls::Handshake& handshake) { needs_.endings.attempt(token, [&] { shaken(token, handshake); }); });
}

worker::Conversations::Done Handshakes::when_ended(Token token) {
  return needs_.life.guard([this, token](worker::Ending ending) { ended(token, std::move(ending)); });
}

void Handshakes::shaken(Token token, const tls::Handshake& handshake) {
  Session* session = needs_.sessions.find(token);
  if (!session || !std::exchange(session->shaking, false)) return;
  needs_.tallies.shaken(handshake.result);
  if (handshake.result == Result::left) return needs_.endings.withdraw(token);
  if (handshake.result == Result::certificate) return refuse(token, policy::Reason::certificate, why_not(handshake));
  if (handshake.result != Result::done) return refuse(token, policy::Reason::tls, why_not(handshake));
  if (service().offer.value && !tls::fits(*service().offer.value, handshake.words)) {
    stop(token);
    return refuse(token, policy::Reason::tls, "the worker reports something that was not offered");
  }
  if (const auto& wanted = service().settings.only_cert; wanted && !tls::admits(*wanted, handshake.words.certificate)) {
    stop(token);
    return refuse(token, policy::Reason::certificate, "only_cert does not have its certificate");
  }
  if (!handshake.words.in_kernel) return let_in(token, handshake.words);
  session->words = std::make_shared<const tls::Words>(handshake.words);
  session->returning = true;
}

/// From the worker, which has nothing to do with it any more.
void Handshakes::returned(Token token, base::Fd connection) {
  Session& session = needs_.sessions.at(token);
  session.returning = false;
  if (!connection) return fail(token, "the worker for TLS has not given the connection back");
  session.socket = std::move(connection);
  session.covered = session.in_kernel = true;
  needs_.way.go(token, SessionEvent::shaken);
}

/// What a failed handshake has to tell the peer its worker sends before it closes.
void Handshakes::refuse(Token token, policy::Reason reason, const std::string& why) {
  const Session& session = needs_.sessions.at(token);
  needs_.journal.daemon().info("service {}, TLS with {}: {}", service().id, session.peer.address.text(), why);
  needs_.decider.feed(Denied{token, reason});
}

/// Whatever serves the session has one end of a pair of sockets, and the worker the other; or that has the target itself.
void Handshakes::let_in(Token token, const tls::Words& words) {
  Session& session = needs_.sessions.at(token);
  session.words = std::make_shared<const tls::Words>(words);
  if (goes_onward(session)) {
    session.covered = session.onward = true;
    return needs_.way.go(token, SessionEvent::shaken);
  }
  if (!wants_true_pair(session)) return paired(token, net::plain_pair());
  const PairEnds ends = pair_ends(session, shows());
  session.pair = needs_.serving.pairs->make(ends.peer, ends.local, needs_.life.guard([this, token](base::Result<net::TruePair> pair) {
    needs_.endings.attempt(token, [&] { paired(token, std::move(pair)); });
  }));
}

/// A redirect for which nothing is left to be done but to reach its target, and to whom nobody has anything to say before.
bool Handshakes::goes_onward(const Session& session) const {
  const bool plain_target = service().kind == config::Kind::redirect && !service().relays_locally() && !calls_with_tls(service());
  return plain_target && needs_.way.leads_to_server(session, SessionEvent::shaken);
}

/// Nobody looks at the addresses of a socket that stays with us; but tcpmux gives its connection to a server.
bool Handshakes::wants_true_pair(const Session& session) const {
  const bool stays = service().served_by_us() && !base::iequals(service().name, "tcpmux");
  return session.peer.address.is_ip() && session.local.address.is_ip() && !stays;
}

/// Whom tcpmux will give its connection to is not known yet, and no second pair is made for it.
Shows Handshakes::shows() const {
  return shows_real_peer(service()) || service().served_by_us() ? Shows::client : Shows::socket_peer;
}

void Handshakes::paired(Token token, base::Result<net::TruePair> pair) {
  Session* session = needs_.sessions.find(token);
  if (!session) return;
  session->pair = 0;
  if (!pair) {
    stop(token);
    return fail(token, pair.error().sentence);
  }
  session->socket = std::move(pair->handler);
  session->covered = true;
  needs_.serving.handshakes->join(token, std::move(pair->carrier));
  needs_.way.go(token, SessionEvent::shaken);
}

/// Its end is nothing that a session which is served need be told: that sees the end of its socket.
void Handshakes::ended(Token token, worker::Ending ending) {
  Session* session = needs_.sessions.find(token);
  if (session && session->returning)
    return needs_.endings.attempt(token, [&] { returned(token, std::move(ending.report.connection)); });
  const bool shaking = session && std::exchange(session->shaking, false);
  if (shaking && ending.lost()) return fail(token, "the worker for TLS is gone, or does not take its keys");
  if (shaking) return needs_.endings.withdraw(token);
  // Between the handshake and the pair: nobody would be at the other end of it.
  if (session && session->pair != 0) return ending.lost() ? fail(token, "the worker for TLS is gone") : needs_.endings.withdraw(token);
  // What we serve ourselves counts what it is given.
  if (service().served_by_us()) return;
  needs_.sessions.counters().bytes_in += ending.report.in;
  needs_.sessions.counters().bytes_out += ending.report.out;
}

void Handshakes::fail(Token token, const std::string& why) {
  needs_.journal.daemon().error("service {}: {}", service().id, why);
  needs_.sessions.counters().fail(std::chrono::system_clock::now());
  needs_.endings.let_go(token);
}

}  // namespace xsuperd::service
