// SPDX-License-Identifier: MIT
#include "service/connection_door.hpp"

#include <fcntl.h>

#include <cerrno>

#include "service/banner.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

namespace {
/// The socket of a range has a port of its own, where nobody has anything to look for.
bool belongs(const config::ListenSpec& place, const net::Connection& connection) {
  return place.kind != config::ListenSpec::Kind::range || place.range.contains(net::local_endpoint(connection.fd.get()));
}
}  // namespace

/// No program will see the socket, so it need not look like one of IPv4.
bool ConnectionDoor::stays_with_us() const {
  const bool comes_back = service().is(config::Type::internal) && base::iequals(service().name, "tcpmux");
  return service().served_by_us() && !comes_back;
}

void ConnectionDoor::accept(Endpoint& endpoint) {
  int error = 0;
  auto batch = endpoint.accept_batch(stays_with_us(), error);
  const bool alone = batch.size() == 1;
  std::exception_ptr thrown;
  for (net::Connection& connection : batch) {
    if (!belongs(endpoint.spec(), connection)) continue;
    try {
      Session session(connection.peer, std::move(connection.fd));
      session.alone = alone;
      session.endpoint = endpoint.id();
      const Token token = needs_.sessions.begin(std::move(session));
      needs_.endings.attempt(token, [&] { headers_.wanted(token) ? headers_.read(token) : greet(token); });
    } catch (...) {  // the others of the batch are served
      thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
  if (!endpoint.open()) return;  // one of them tripped the rate limit
  if (error != 0) return failed(endpoint, error);
  endpoint.again();
}

void ConnectionDoor::failed(const Endpoint& endpoint, int error) {
  const bool full = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  needs_.journal.daemon().error("service {}, accept: {}{}", service().id, base::errno_text(error),
                                full ? "; trying again in a second" : "");
  needs_.timers.arm(full ? 1000ms : 100ms, [this, id = endpoint.id()] {
    Endpoint* endpoint = needs_.endpoints.find(id);
    if (endpoint && needs_.doors.listens(*endpoint)) needs_.doors.listen(*endpoint);
  });
}

/// `banner` goes to everybody, before any check (fact B4.24).
void ConnectionDoor::greet(Token token) {
  const auto& banner = service().settings.banner;
  if (!banner || service().tls()) return needs_.judging.judge(token);
  needs_.way.go(token, SessionEvent::greets);
  needs_.decider.feed(Greeted{token, needs_.sessions.at(token).peer.address});
  Session& session = needs_.sessions.at(token);
  needs_.sending.banners->send({lent(session.socket), *banner, service().id, session.peer.address,
                                needs_.life.guard([this, token](base::Fd socket, bool delivered) {
                                  greeted(token, std::move(socket), delivered);
                                }),
                                needs_.decider.state().places().find(token) != nullptr});
}

void ConnectionDoor::greeted(Token token, base::Fd socket, bool delivered) {
  Session* session = needs_.sessions.find(token);
  if (!session) return;
  session->socket = std::move(socket);
  needs_.way.go(token, SessionEvent::greeted);
  if (!delivered) return needs_.endings.withdraw(token);
  needs_.endings.attempt(token, [&] { needs_.judging.judge(token); });
}

void ConnectionDoor::receive_from_tcpmux(base::Fd connection, const Session& before) {
  // The worker waited for the request line; a server expects to block.
  ::fcntl(connection.get(), F_SETFL, ::fcntl(connection.get(), F_GETFL) & ~O_NONBLOCK);
  Session session(before.peer, std::move(connection));
  session.local = before.local;
  session.covered = before.covered;
  session.words = before.words;
  session.proxy = before.proxy;
  session.called = before.called;
  session.proxy_words = before.proxy_words;
  session.alone = true;
  session.through_tcpmux = true;
  const Token token = needs_.sessions.begin(std::move(session));
  needs_.endings.attempt(token, [&] { needs_.judging.judge(token); });
}

}  // namespace xsuperd::service
