// SPDX-License-Identifier: MIT
#include "service/way.hpp"

#include "service/banner.hpp"

namespace xsuperd::service {

/// What the session has to go through, as things stand now. Whether libwrap has rules takes a look at its files, which is
/// worth it only where that decides.
Wanted Way::wanted(const Session& session, bool asks_libwrap) const {
  const bool says_go = session.through_tcpmux && service().is(config::Type::tcpmuxplus);
  // While it shakes hands a worker has it, and gives it back, or something like it.
  const bool can_talk = session.socket || session.phase == SessionPhase::tls;
  const auto has_rules = [&] {
    return session.libwrap_has_rules ? *session.libwrap_has_rules : !needs_.asked.libwrap.no_rules();
  };
  Wanted all;
  // hosts.allow and hosts.deny have no words for peers without an address (decision B15.37).
  all.libwrap = asks_libwrap && service().asks_libwrap() && !base::beyond_ip(session.peer.address) && has_rules();
  all.tls = service().tls() && !session.covered;
  all.banner = says_go || (service().settings.banner_success && can_talk);
  // Facts B7.28, B5.31: only stream services without wait, and only when USERID is logged.
  all.identity = service().logs(config::SuccessOption::userid) && (needs_.journal.writes() || idonly()) && can_talk;
  all.target = service().kind == config::Kind::redirect && !service().relays_locally() && !needs_.targets.at_hand();
  all.conversation = service().served_by_us() && !service().datagrams();
  return all;
}

void Way::go(Token token, SessionEvent event) {
  Session* session = needs_.sessions.find(token);
  if (!session) return;
  const auto next = after(session->phase, event, wanted(*session, event == SessionEvent::admitted));
  if (!next) return;
  session->phase = *next;
  enter(token);
}

void Way::go_on(Token token, SessionEvent event) {
  needs_.endings.attempt(token, [&] { go(token, event); });
}

void Way::enter(Token token) {
  switch (needs_.sessions.at(token).phase) {
    case SessionPhase::libwrap: return ask_libwrap(token);
    case SessionPhase::banner: return send_banner(token);
    case SessionPhase::identity: return ask_identity(token);
    case SessionPhase::target: return find_targets(token);
    case SessionPhase::tls:
    case SessionPhase::starting: return needs_.start(token);
    default: return;
  }
}

void Way::enter_anew(Token token) {
  const Session& session = needs_.sessions.at(token);
  const Wanted now = wanted(session, session.phase == SessionPhase::libwrap);
  if (session.phase == SessionPhase::libwrap && !now.libwrap) return go(token, SessionEvent::allowed);
  if (session.phase == SessionPhase::identity && !now.identity) return go(token, SessionEvent::identified);
  if (session.phase == SessionPhase::target && !now.target) return go(token, SessionEvent::target_found);
  enter(token);
}

void Way::admitted(Token token) {
  const bool again = needs_.sessions.at(token).phase == SessionPhase::retrying;
  go(token, again ? SessionEvent::retried : SessionEvent::admitted);
}

void Way::ask_libwrap(Token token) {
  const Session& session = needs_.sessions.at(token);
  net::LibwrapQuestion question{service().libwrap_name(), session.peer, {}, session.socket.get(), {}};
  const Endpoint* endpoint = needs_.endpoints.find(session.endpoint);
  question.local = session.proxied() ? session.called
                                     : net::local_endpoint(session.socket ? session.socket.get() : endpoint ? endpoint->fd() : -1);
  if (const auto& recipe = needs_.setup.recipe; recipe && recipe->credentials && recipe->credentials->set_groups) {
    const spawn::Credentials& c = *recipe->credentials;
    question.user = net::LibwrapUser{c.uid, c.gid, c.groups};
  }
  needs_.asked.libwrap.ask(question,
                           needs_.life.guard([this, token](net::LibwrapAnswer answer) { wrapped(token, answer); }));
}

/// Fact B5.21.
void Way::wrapped(Token token, net::LibwrapAnswer answer) {
  Session* session = needs_.sessions.find(token);
  if (!session) return;
  if (answer == net::LibwrapAnswer::allowed) return go_on(token, SessionEvent::allowed);
  needs_.journal.daemon().info("libwrap refused connection to {} (libwrap={}) from {}", service().id,
                               service().libwrap_name(), session->peer.address.text());
  // Whatever `twist` put in our place talks to the peer; we only let go.
  if (answer == net::LibwrapAnswer::twisted) session->socket.reset();
  needs_.decider.feed(Denied{token, policy::Reason::libwrap});
}

void Way::send_banner(Token token) {
  const auto& banner = service().settings.banner_success;
  Session& session = needs_.sessions.at(token);
  // "+" and a line end, by the daemon for TCPMUXPLUS and by the server itself for TCPMUX (RFC 1078).
  if (session.through_tcpmux && service().is(config::Type::tcpmuxplus)) (void)net::send_now(session.socket.get(), "+Go\r\n");
  if (!banner || !session.socket) return go(token, SessionEvent::greeted);
  auto done = needs_.life.guard([this, token](base::Fd socket, bool delivered) {
    Session* session = needs_.sessions.find(token);
    if (!session) return;
    session->socket = std::move(socket);
    delivered ? go_on(token, SessionEvent::greeted) : needs_.endings.withdraw(token);
  });
  needs_.sending.banners->send({lent(session.socket), *banner, service().id, session.peer.address, std::move(done)});
}

void Way::ask_identity(Token token) {
  Session& session = needs_.sessions.at(token);
  // The client's host knows of no connection from here.
  if (base::beyond_ip(session.peer.address) || session.proxied()) return identified(token, net::answer_without_server(session.peer.address));
  session.lookup = needs_.asked.ident_admitted.ask(
      session.covered ? session.local : net::local_endpoint(session.socket.get()), session.peer, ident_patience,
      needs_.life.guard([this, token](const net::IdentAnswer& answer) { identified(token, answer); }));
}

bool Way::idonly() const { return service().has(config::Flag::idonly) && service().logs(config::SuccessOption::userid); }

void Way::identified(Token token, const net::IdentAnswer& answer) {
  Session* session = needs_.sessions.find(token);
  if (!session) return;
  session->lookup = 0;
  const base::Address peer = session->peer.address;
  needs_.journal.identity(answer, peer, false);
  if (answer.outcome == net::IdentAnswer::Outcome::ok || !idonly()) return go_on(token, SessionEvent::identified);
  needs_.journal.event(log::NoId{service().id, base::AddressText(peer), net::log_words(answer.outcome)});
  needs_.endings.withdraw(token);
}

/// Whoever asks while the name is looked up waits for the same answer, and for no longer than he stays.
void Way::find_targets(Token token) {
  if (needs_.targets.learn_as_written()) return go(token, SessionEvent::target_found);
  const config::RedirectTarget target = *service().settings.redirect;
  needs_.sessions.at(token).target = needs_.asked.targets->ask(
      target.host, target.port, needs_.life.guard([this, token, target](std::vector<base::Endpoint> found) {
        targets_found(token, target, std::move(found));
      }));
  needs_.departures.watch();
}

void Way::targets_found(Token token, const config::RedirectTarget& target, std::vector<base::Endpoint> found) {
  Session* session = needs_.sessions.find(token);
  if (!session) return;
  session->target = 0;
  const bool changed = service().settings.redirect != target;
  if (changed && needs_.targets.known().empty()) return find_targets(token);
  if (changed) return go(token, SessionEvent::target_found);
  if (found.empty()) {
    needs_.journal.daemon().error("can't find remote host {} (service={})", target.host, service().id);
    needs_.sessions.counters().fail(std::chrono::system_clock::now());
    return needs_.endings.let_go(token);
  }
  needs_.targets.learn(std::move(found));
  go(token, SessionEvent::target_found);
}

}  // namespace xsuperd::service
