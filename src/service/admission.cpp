// SPDX-License-Identifier: MIT
// The middle part of a request's way through a Runner: admitted by the State, it goes through what takes time before
// its server is started (fact B4.24).
#include "service/banner.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

void Runner::perform(const Spawn& action) { attempt(action.token, &Runner::advance); }

/// Takes the next step of an admitted session. A step that has to wait calls again when it is done.
void Runner::advance(Token token) {
  const auto found = sessions_.find(token);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  if (session.stage == Stage::libwrap) {
    session.stage = Stage::banner;
    if (ask_libwrap(token)) return;
  }
  if (session.stage == Stage::banner) {
    session.stage = Stage::ident;
    if (send_success_banner(token)) return;
  }
  if (session.stage == Stage::ident) {
    session.stage = Stage::server;
    if (ask_identity(token)) return;
  }
  spawn(token);
}

/// The peer is gone, or not wanted after all.
void Runner::withdraw(Token token) {
  ++counters_.withdrawn;
  let_go(token);
}

/// Its place is free again.
void Runner::let_go(Token token) {
  end_session(token);
  feed(Withdrawn{token});
}

bool Runner::ask_libwrap(Token token) {
  if (!service().asks_libwrap() || no_libwrap_rules()) return false;
  const Session& session = sessions_.at(token);
  net::LibwrapQuestion question{service().libwrap_name(), session.peer, {}, session.socket.get(), {}};
  question.local = net::local_endpoint(session.socket ? session.socket.get() : listening_fd());
  if (setup_.recipe && setup_.recipe->credentials && setup_.recipe->credentials->set_groups) {
    const spawn::Credentials& c = *setup_.recipe->credentials;
    question.user = net::LibwrapUser{c.uid, c.gid, c.groups};
  }
  around_.libwrap.ask(question, [weak = weak_from_this(), token](net::LibwrapAnswer answer) {
    if (const auto self = weak.lock()) self->wrapped(token, answer);
  });
  return true;
}

/// Looked for once for all datagrams that were taken together: they were there before the look.
bool Runner::no_libwrap_rules() {
  if (!current_datagram_) return around_.libwrap.no_rules();
  if (!no_libwrap_rules_) no_libwrap_rules_ = around_.libwrap.no_rules();
  return *no_libwrap_rules_;
}

/// Fact B5.21.
void Runner::wrapped(Token token, net::LibwrapAnswer answer) {
  const auto found = sessions_.find(token);
  if (found == sessions_.end()) return;
  if (answer == net::LibwrapAnswer::allowed) return attempt(token, &Runner::advance);
  const base::Address peer = found->second.peer.address;
  around_.log.info("libwrap refused connection to {} (libwrap={}) from {}", service().id, service().libwrap_name(), peer.text());
  // Whatever `twist` put in our place talks to the peer; we only let go.
  if (answer == net::LibwrapAnswer::twisted) found->second.socket.reset();
  feed(Denied{token, policy::Reason::libwrap});
}

bool Runner::send_success_banner(Token token) {
  const auto& banner = service().settings.banner_success;
  Session& session = sessions_.at(token);
  // "+" and a line end, by the daemon for TCPMUXPLUS and by the server itself for TCPMUX (RFC 1078).
  if (session.through_tcpmux && service().is(config::Type::tcpmuxplus)) (void)net::send_now(session.socket.get(), "+Go\r\n");
  if (!banner || !session.socket) return false;
  auto done = [weak = weak_from_this(), token](base::Fd socket, bool delivered) {
    const auto self = weak.lock();
    const auto session = self ? self->sessions_.find(token) : SessionMap::iterator{};
    if (!self || session == self->sessions_.end()) return;
    session->second.socket = std::move(socket);
    delivered ? self->attempt(token, &Runner::advance) : self->withdraw(token);
  };
  around_.banners->send(
      around_, {lent(session.socket), *banner, service().id, session.peer.address, std::move(done)});
  return true;
}

/// Facts B7.28, B5.31: only stream services without wait, and only when USERID is logged.
bool Runner::ask_identity(Token token) {
  Session& session = sessions_.at(token);
  const bool wanted = service().logs(config::SuccessOption::userid) && (setup_.service_log || idonly());
  if (!wanted || !session.socket) return false;
  session.lookup = around_.ident_admitted.ask(net::local_endpoint(session.socket.get()), session.peer, ident_patience,
                                              [weak = weak_from_this(), token](const net::IdentAnswer& answer) {
                                                if (const auto self = weak.lock()) self->identified(token, answer);
                                              });
  return true;
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
  if (answer.outcome == net::IdentAnswer::Outcome::ok || !idonly()) return attempt(token, &Runner::advance);
  log_entry(log::noid_entry(service(), peer, net::log_words(answer.outcome)));
  withdraw(token);
}

/// Facts B7.15, B7.30.
void Runner::log_identity(const net::IdentAnswer& answer, const base::Address& peer, bool refused) {
  using Outcome = net::IdentAnswer::Outcome;
  if (answer.outcome == Outcome::ok) return log_entry(log::userid_entry(service(), answer.text));
  if (!answer.detail.empty()) around_.log.error("{}", answer.detail);
  if (refused && answer.outcome != Outcome::no_server)
    around_.log.error("Failed to contact identity server at {}: {}", peer.text(), net::log_words(answer.outcome));
}

}  // namespace xsuperd::service
