// SPDX-License-Identifier: MIT
#include "service/proxy_headers.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

bool ProxyHeaders::wanted(Token token) const { return needs_.setup.policy->trusts(needs_.sessions.at(token).peer.address); }

bool ProxyHeaders::has_room() {
  if (awaited_.size() < most) return true;
  boost::unordered::erase_if(awaited_, [this](const auto& one) {
    const Session* session = needs_.sessions.find(one.first);
    return !session || session->phase != SessionPhase::heading;
  });
  return awaited_.size() < most;
}

void ProxyHeaders::read(Token token) {
  if (!has_room() || !needs_.conversations.has_room()) return refuse(token);
  needs_.way.go(token, SessionEvent::header_wanted);
  watch(token);
  begin(token);
}

/// A worker keeps to the time by itself. Only one that hangs, or none at all, lets it come to this.
void ProxyHeaders::watch(Token token) {
  const base::Moment until = needs_.clock.now() + patience() + grace;
  awaited_.insert_or_assign(token, until);
  if (timer_ == 0) watch_until(until);
}

void ProxyHeaders::watch_until(base::Moment moment) {
  timer_ = needs_.timers.arm_at(moment, [this] { look_for_overdue(); });
}

void ProxyHeaders::look_for_overdue() {
  timer_ = 0;
  const base::Moment now = needs_.clock.now();
  std::vector<Token> due;
  base::Moment next = base::Moment::max();
  for (const auto& [token, until] : awaited_) until <= now ? due.push_back(token) : void(next = std::min(next, until));
  for (const Token token : due) needs_.endings.attempt(token, [&] { overdue(token); });
  if (next != base::Moment::max()) watch_until(next);
}

std::chrono::seconds ProxyHeaders::patience() const {
  return std::chrono::seconds(needs_.setup.service().settings.proxy_timeout.value_or(5));
}

void ProxyHeaders::overdue(Token token) {
  const Session* session = needs_.sessions.find(token);
  if (!session || session->phase != SessionPhase::heading) return void(awaited_.erase(token));
  needs_.conversations.stop(token);
  refuse(token);
}

/// Its connection stays here as well, whatever becomes of the worker.
void ProxyHeaders::begin(Token token) {
  Session& session = needs_.sessions.at(token);
  base::Fd copy(::fcntl(session.socket.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return refuse(token);
  int unread = 0;
  session.suspect = ::ioctl(session.socket.get(), FIONREAD, &unread) != 0 || unread > 0;
  worker::Parameters parameters;
  parameters.idle_deadline = patience();
  needs_.conversations.start(token, worker::Kind::proxy, std::move(copy), std::move(parameters), done(token));
}

void ProxyHeaders::carry_on(Token token) {
  watch(token);
  if (!needs_.conversations.resume(token, done(token))) begin(token);
}

void ProxyHeaders::give_up() {
  std::vector<Token> all;
  for (const auto& [token, until] : awaited_) all.push_back(token);
  for (const Token token : all) overdue(token);
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

/// A worker that fails may have failed because of this header: it is tried twice more, and no more. Who had sent nothing yet
/// when it was given to the worker is above suspicion.
void ProxyHeaders::lost(Token token, Session& session) {
  const unsigned tries = session.suspect ? 2 : 20;
  if (++session.headers_lost > tries) return refuse(token);
  begin(token);
}

void ProxyHeaders::ended(Token token, const worker::Ending& ending) {
  Session* session = needs_.sessions.find(token);
  if (!session || session->phase != SessionPhase::heading) return;
  const worker::ProxyHeader& header = ending.report.header;
  // Without a result: what the worker told of the header went to the image before this one, or it could not look.
  if (ending.why != worker::Ending::Why::finished || header.result == Result::none) return lost(token, *session);
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
