// SPDX-License-Identifier: MIT
// The middle part of a request's way through a Runner: admitted by the State, it goes through what takes time before
// its server is started (fact B4.24).
#include "service/banner.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

/// What the session has to go through, as things stand now. Whether libwrap has rules takes a look at its files, which is
/// worth it only where that decides.
Wanted Runner::wanted(const Session& session, bool asks_libwrap) {
  const bool says_go = session.through_tcpmux && service().is(config::Type::tcpmuxplus);
  Wanted all;
  all.libwrap = asks_libwrap && service().asks_libwrap() && !no_libwrap_rules();
  all.banner = says_go || (service().settings.banner_success && session.socket);
  // Facts B7.28, B5.31: only stream services without wait, and only when USERID is logged.
  all.identity = service().logs(config::SuccessOption::userid) && (setup_.service_log || idonly()) && session.socket;
  all.target = service().kind == config::Kind::redirect && facts_.targets.empty();
  all.conversation = service().served_by_us() && !service().datagrams();
  return all;
}

/// Takes a session into its next phase, and does what that takes. Events that do not belong to its phase come to nothing: an
/// answer may have been on its way when the session took another turn.
void Runner::go(Token token, SessionEvent event) {
  const auto found = sessions_.find(token);
  if (found == sessions_.end()) return;
  const auto next = after(found->second.phase, event, wanted(found->second, event == SessionEvent::admitted));
  if (!next) return;
  found->second.phase = *next;
  enter(token);
}

void Runner::enter(Token token) {
  switch (sessions_.at(token).phase) {
    case SessionPhase::libwrap: return ask_libwrap(token);
    case SessionPhase::banner: return send_success_banner(token);
    case SessionPhase::identity: return ask_identity(token);
    case SessionPhase::target: return find_targets(token);
    case SessionPhase::starting: return spawn(token);
    default: return;
  }
}

/// In another image: what it waited for may not be wanted any more.
void Runner::enter_anew(Token token) {
  Session& session = sessions_.at(token);
  const Wanted now = wanted(session, session.phase == SessionPhase::libwrap);
  if (session.phase == SessionPhase::libwrap && !now.libwrap) return go(token, SessionEvent::allowed);
  if (session.phase == SessionPhase::identity && !now.identity) return go(token, SessionEvent::identified);
  if (session.phase == SessionPhase::target && !now.target) return go(token, SessionEvent::target_found);
  enter(token);
}

void Runner::perform(const Spawn& action) { attempt(action.token, &Runner::admitted); }

/// For the first time, or for another try.
void Runner::admitted(Token token) {
  const bool again = sessions_.at(token).phase == SessionPhase::retrying;
  go(token, again ? SessionEvent::retried : SessionEvent::admitted);
}

void Runner::allowed(Token token) { go(token, SessionEvent::allowed); }
void Runner::greeted(Token token) { go(token, SessionEvent::greeted); }
void Runner::known(Token token) { go(token, SessionEvent::identified); }

/// The peer is gone, or not wanted after all.
void Runner::withdraw(Token token) {
  ++facts_.counters.withdrawn;
  let_go(token);
}

/// Its place is free again.
void Runner::let_go(Token token) {
  const auto found = sessions_.find(token);
  const EndpointId through = found == sessions_.end() ? 0 : found->second.endpoint;
  end_session(token);
  feed(Withdrawn{token, through});
}

void Runner::ask_libwrap(Token token) {
  const Session& session = sessions_.at(token);
  net::LibwrapQuestion question{service().libwrap_name(), session.peer, {}, session.socket.get(), {}};
  const Endpoint* endpoint = find(session.endpoint);
  question.local = net::local_endpoint(session.socket ? session.socket.get() : endpoint ? endpoint->fd() : -1);
  if (setup_.recipe && setup_.recipe->credentials && setup_.recipe->credentials->set_groups) {
    const spawn::Credentials& c = *setup_.recipe->credentials;
    question.user = net::LibwrapUser{c.uid, c.gid, c.groups};
  }
  around_.asked.libwrap.ask(question, [weak = weak_from_this(), token](net::LibwrapAnswer answer) {
    if (const auto self = weak.lock()) self->wrapped(token, answer);
  });
}

/// Looked for once for all datagrams that were taken together: they were there before the look.
bool Runner::no_libwrap_rules() {
  if (!current_datagram_) return around_.asked.libwrap.no_rules();
  if (!no_libwrap_rules_) no_libwrap_rules_ = around_.asked.libwrap.no_rules();
  return *no_libwrap_rules_;
}

/// Fact B5.21.
void Runner::wrapped(Token token, net::LibwrapAnswer answer) {
  const auto found = sessions_.find(token);
  if (found == sessions_.end()) return;
  if (answer == net::LibwrapAnswer::allowed) return attempt(token, &Runner::allowed);
  const base::Address peer = found->second.peer.address;
  around_.log.info("libwrap refused connection to {} (libwrap={}) from {}", service().id, service().libwrap_name(), peer.text());
  // Whatever `twist` put in our place talks to the peer; we only let go.
  if (answer == net::LibwrapAnswer::twisted) found->second.socket.reset();
  feed(Denied{token, policy::Reason::libwrap});
}

void Runner::send_success_banner(Token token) {
  const auto& banner = service().settings.banner_success;
  Session& session = sessions_.at(token);
  // "+" and a line end, by the daemon for TCPMUXPLUS and by the server itself for TCPMUX (RFC 1078).
  if (session.through_tcpmux && service().is(config::Type::tcpmuxplus)) (void)net::send_now(session.socket.get(), "+Go\r\n");
  if (!banner || !session.socket) return greeted(token);
  auto done = [weak = weak_from_this(), token](base::Fd socket, bool delivered) {
    const auto self = weak.lock();
    const auto session = self ? self->sessions_.find(token) : SessionMap::iterator{};
    if (!self || session == self->sessions_.end()) return;
    session->second.socket = std::move(socket);
    delivered ? self->attempt(token, &Runner::greeted) : self->withdraw(token);
  };
  around_.sending.banners->send({lent(session.socket), *banner, service().id, session.peer.address, std::move(done)});
}

void Runner::ask_identity(Token token) {
  Session& session = sessions_.at(token);
  session.lookup = around_.asked.ident_admitted.ask(net::local_endpoint(session.socket.get()), session.peer, ident_patience,
                                              [weak = weak_from_this(), token](const net::IdentAnswer& answer) {
                                                if (const auto self = weak.lock()) self->identified(token, answer);
                                              });
}

bool Runner::idonly() const {
  return service().has(config::Flag::idonly) && service().logs(config::SuccessOption::userid);
}

void Runner::identified(Token token, const net::IdentAnswer& answer) {
  const auto session = sessions_.find(token);
  if (session == sessions_.end()) return;
  session->second.lookup = 0;
  const base::Address peer = session->second.peer.address;
  log_identity(answer, peer, false);
  if (answer.outcome == net::IdentAnswer::Outcome::ok || !idonly())
    return attempt(token, &Runner::known);
  log_event(log::NoId{service().id, base::AddressText(peer), net::log_words(answer.outcome)});
  withdraw(token);
}

/// Facts B7.15, B7.30.
void Runner::log_identity(const net::IdentAnswer& answer, const base::Address& peer, bool refused) {
  using Outcome = net::IdentAnswer::Outcome;
  if (answer.outcome == Outcome::ok) return log_event(log::UserId{service().id, log::PeerText(answer.text)});
  if (!answer.detail.empty()) around_.log.error("{}", answer.detail);
  if (refused && answer.outcome != Outcome::no_server)
    around_.log.error("Failed to contact identity server at {}: {}", peer.text(), net::log_words(answer.outcome));
}

}  // namespace xsuperd::service
