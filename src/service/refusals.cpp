// SPDX-License-Identifier: MIT
#include "service/refusals.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include "service/banner.hpp"
#include "service/datagram_door.hpp"
#include "service/waiting_door.hpp"

namespace xsuperd::service {

void Refusals::refuse(const Refuse& action) {
  Session* found = needs_.sessions.find(action.token);
  if (!found || needs_.judging.judge_later(action.token, action.verdict.reason)) return;
  Session session = std::move(*found);
  needs_.endings.end(action.token);
  needs_.sessions.counters().refuse(action.verdict.reason, action.verdict.banned, session.peer,
                                    std::chrono::system_clock::now());
  tell(action.token, session, action.verdict);
  if (action.verdict.banned) needs_.banning.kept_out(session.peer.address);
  needs_.judging.refused(session, action.verdict);
  if (service().kind == config::Kind::sensor) needs_.banning.touched(session.peer, session.proxied());
  if (service().hands_over()) return needs_.waiting.drop_refused(session);
  // Who was let in and could not be served is sent nothing (fact B13.63).
  if (action.verdict.reason != policy::Reason::fork) dismiss(std::move(session));
}

void Refusals::refuse_unjudged(Token token, policy::Reason reason) {
  Session* found = needs_.sessions.find(token);
  if (!found) return;
  const Session session = std::move(*found);
  needs_.endings.end(token);
  needs_.sessions.counters().refuse(reason, false, session.peer, std::chrono::system_clock::now());
  needs_.journal.refused(token, session, {.kind = policy::Verdict::Kind::refuse, .reason = reason});
}

void Refusals::tell(Token token, const Session& session, const policy::Verdict& verdict) {
  const log::DaemonLog& log = needs_.journal.daemon();
  const base::AddressText peer(session.peer.address);
  if (verdict.both_lists)
    log.error("Service={}: only_from list and no_access list match equally the address {}", service().id, peer.view());
  if (verdict.reason == policy::Reason::load)
    log.error("refused connect from {} due to excessive load", peer.view());
  const bool repeated = service().datagrams() && !service().hands_over() && verdict.reason == policy::Reason::address &&
                        needs_.datagrams.logged_lately(session.peer);
  if (repeated) return;
  if (session.name_failed && verdict.reason == policy::Reason::address)
    log.error("service {}: the look-up of the name of {} failed, so only_from matches no names, and no_access all of them",
              service().id, peer.view());
  needs_.journal.refused(token, session, verdict);
}

/// Sends the refused peer its banner, and asks its host who it was when that is wanted; the connection ends with the
/// last of the two, because an identity server answers for open connections only.
void Refusals::dismiss(Session session) {
  if (!session.socket) return;
  if (session.through_tcpmux) (void)net::send_now(session.socket.get(), "-Service not available\r\n");
  // It would not be understood in front of TLS.
  const auto banner = service().tls() ? std::nullopt : service().settings.banner_fail;
  const bool wants_identity = service().logs(config::FailureOption::userid) && needs_.journal.writes();
  const bool has_server = !base::beyond_ip(session.peer.address) && !session.proxied();
  if (wants_identity && !has_server)
    needs_.journal.identity(net::answer_without_server(session.peer.address), session.peer.address, true);
  if (wants_identity && has_server) {
    const auto socket = std::make_shared<base::Fd>(std::move(session.socket));
    if (banner) session.socket.reset(::fcntl(socket->get(), F_DUPFD_CLOEXEC, 0));
    auto answered = [this, socket, peer = session.peer.address,
                     farewell = needs_.sending.farewell](const net::IdentAnswer& answer) {
      needs_.journal.identity(answer, peer, true);
    };
    needs_.asked.ident_refused.ask(net::local_endpoint(socket->get()), session.peer, ident_patience,
                                   needs_.life.guard(std::move(answered)));
  }
  if (!banner) return;
  needs_.sending.banners->send({std::move(session.socket), *banner, service().id, session.peer.address,
                                [farewell = needs_.sending.farewell](base::Fd, bool) {}});
}

void Refusals::turned_away(net::Connection connection) {
  Session session(connection.peer, std::move(connection.fd));
  const auto now = std::chrono::system_clock::now();
  Counters& counters = needs_.sessions.counters();
  ++counters.accepted;
  counters.last_request = now;
  counters.refuse(policy::Reason::address, false, session.peer, now);
  needs_.journal.refused(0, session, {.kind = policy::Verdict::Kind::refuse, .reason = policy::Reason::address});
  dismiss(std::move(session));
}

}  // namespace xsuperd::service
