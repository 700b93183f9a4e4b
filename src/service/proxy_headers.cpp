// SPDX-License-Identifier: MIT
#include "service/proxy_headers.hpp"

#include <fcntl.h>

#include <utility>

#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

bool ProxyHeaders::wanted(Token token) const { return needs_.setup.policy->trusts(needs_.sessions.at(token).peer.address); }

bool ProxyHeaders::has_room() {
  if (awaited_.size() < most) return true;
  boost::unordered::erase_if(awaited_, [this](Token token) {
    const Session* session = needs_.sessions.find(token);
    return !session || session->phase != SessionPhase::heading;
  });
  return awaited_.size() < most;
}

void ProxyHeaders::read(Token token) {
  if (!has_room() || !needs_.conversations.has_room()) return refuse(token);
  awaited_.insert(token);
  needs_.way.go(token, SessionEvent::header_wanted);
  begin(token);
}

/// Its connection stays here as well, whatever becomes of the worker.
void ProxyHeaders::begin(Token token) {
  base::Fd copy(::fcntl(needs_.sessions.at(token).socket.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return refuse(token);
  worker::Parameters parameters;
  parameters.idle_deadline = std::chrono::seconds(needs_.setup.service().settings.proxy_timeout.value_or(5));
  needs_.conversations.start(token, worker::Kind::proxy, std::move(copy), std::move(parameters), done(token));
}

void ProxyHeaders::carry_on(Token token) {
  awaited_.insert(token);
  if (!needs_.conversations.resume(token, done(token))) begin(token);
}

worker::Conversations::Done ProxyHeaders::done(Token token) {
  return needs_.life.guard([this, token](const worker::Ending& ending) {
    needs_.endings.attempt(token, [&] { ended(token, ending); });
  });
}

void ProxyHeaders::refuse(Token token) {
  awaited_.erase(token);
  needs_.refusals.refuse_unjudged(token, policy::Reason::proxy);
}

/// A worker that fails may have failed because of this header: it is tried once more, and no more.
void ProxyHeaders::ended(Token token, const worker::Ending& ending) {
  Session* session = needs_.sessions.find(token);
  if (!session || session->phase != SessionPhase::heading) return;
  const worker::ProxyHeader& header = ending.report.header;
  if (ending.why != worker::Ending::Why::finished) return std::exchange(session->header_lost, true) ? refuse(token) : begin(token);
  if (header.result == Result::header) return taken(token, *session, header);
  if (header.result != Result::gone) return refuse(token);
  awaited_.erase(token);
  needs_.endings.withdraw(token);
}

void ProxyHeaders::taken(Token token, Session& session, const worker::ProxyHeader& header) {
  if (!net::drop_bytes(session.socket.get(), header.size)) return refuse(token);
  awaited_.erase(token);
  session.connection.preface = header.size;
  if (!header.own) {
    session.proxy = std::exchange(session.peer, header.client);
    session.called = header.called;
    session.proxy_words = header.words;
  }
  needs_.way.go(token, SessionEvent::header_read);
  needs_.go_on(token);
}

}  // namespace xsuperd::service
