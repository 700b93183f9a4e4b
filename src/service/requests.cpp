// SPDX-License-Identifier: MIT
// The first part of a request's way through a Runner: accepted or peeked at, judged, refused.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <boost/asio/post.hpp>
#include <cerrno>

#include "service/banner.hpp"
#include "service/timers.hpp"
#include "xsuperd/base/make_room.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

void Runner::on_readable(Endpoint& endpoint) {
  if (service().hands_over()) return request_waiting(endpoint);
  if (service().datagrams()) return serve_datagrams(endpoint);
  accept_connections(endpoint);
}

/// No program will see the socket, so it need not look like one of IPv4.
bool Runner::stays_with_us() const {
  const bool comes_back = service().is(config::Type::internal) && base::iequals(service().name, "tcpmux");
  return service().served_by_us() && !comes_back;
}

void Runner::accept_connections(Endpoint& endpoint) {
  int error = 0;
  auto batch = endpoint.accept_batch(stays_with_us(), error);
  const bool alone = batch.size() == 1;
  std::exception_ptr thrown;
  for (net::Connection& connection : batch) {
    try {
      Session session(connection.peer, std::move(connection.fd));
      session.alone = alone;
      session.endpoint = endpoint.id();
      attempt(new_session(std::move(session)), &Runner::greet);
    } catch (...) {  // the others of the batch are served
      thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
  if (!endpoint.open()) return;  // one of them tripped the rate limit
  if (error != 0) return accept_failed(endpoint, error);
  endpoint.again();
}

void Runner::accept_failed(const Endpoint& endpoint, int error) {
  const bool full = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  around_.log.error("service {}, accept: {}{}", service().id, base::errno_text(error),
                    full ? "; trying again in a second" : "");
  arm(full ? 1000ms : 100ms, [id = endpoint.id()](Runner& self) {
    if (self.state_.listens(id)) self.perform(Listen{id});
  });
}

Token Runner::new_session(Session session) {
  const Token token = ++around_.census.last_token;
  session.accepted = around_.clock.now();
  base::make_room(sessions_);
  sessions_.emplace(token, std::move(session));
  ++facts_.counters.accepted;  // what throws before leaves nothing to account for
  facts_.counters.last_request = std::chrono::system_clock::now();
  return token;
}

/// `banner` goes to everybody, before any check (fact B4.24).
void Runner::greet(Token token) {
  if (!service().settings.banner) return request(token);
  go(token, SessionEvent::greets);
  feed(Greeted{token, sessions_.at(token).peer.address});
  Session& session = sessions_.at(token);
  auto done = [weak = weak_from_this(), token](base::Fd socket, bool delivered) {
    const auto self = weak.lock();
    const auto session = self ? self->sessions_.find(token) : SessionMap::iterator{};
    if (!self || session == self->sessions_.end()) return;
    session->second.socket = std::move(socket);
    self->go(token, SessionEvent::greeted);
    if (delivered) return self->attempt(token, &Runner::request);
    self->withdraw(token);
  };
  around_.sending.banners->send({lent(session.socket), *service().settings.banner, service().id,
                                  session.peer.address, std::move(done), state_.has_place(token)});
}

/// The socket itself is readable and wait = yes: nothing is taken from it before a server has it.
void Runner::request_waiting(Endpoint& endpoint) {
  if (!endpoint.still_fit()) return;
  if (service().listen.socket_type != config::SocketType::dgram) return request_of(endpoint, {});
  const auto head = net::peek_datagram(endpoint.fd());
  if (!head) return endpoint.nothing_there();
  endpoint.something_there();
  request_of(endpoint, *head);
}

void Runner::request_of(Endpoint& endpoint, const net::Head& head) {
  Session session(head.peer);
  session.arrival = head.arrival;
  session.alone = true;
  session.endpoint = endpoint.id();
  attempt(new_session(std::move(session)), &Runner::request);
}

policy::Question Runner::question(Token token) const {
  policy::Question question;
  question.peer = sessions_.at(token).peer;
  question.processes = around_.census.processes;
  question.process_limit = around_.census.process_limit;
  question.banned = around_.bans.list.banned(question.peer.address, around_.clock.now());
  if (service().settings.access_times) question.local_time = base::local_time(std::chrono::system_clock::now());
  if (service().settings.max_load && around_.clock.load) question.load = around_.clock.load();
  return question;
}

void Runner::request(Token token) {
  sessions_.at(token).judged = true;
  feed(Request{token, question(token), around_.clock.now(), false, sessions_.at(token).endpoint});
}

void Runner::judge_anew(Token token) {
  go(token, SessionEvent::looked_again);
  feed(Request{token, question(token), around_.clock.now(), true, sessions_.at(token).endpoint});
}

/// A connection waits for its peer's name, not the service.
void Runner::perform(const AskName& action) {
  go(action.token, SessionEvent::name_wanted);
  around_.asked.resolver.names_of(sessions_.at(action.token).peer.address,
                            [weak = weak_from_this(), token = action.token](base::PeerName name) {
                              const auto self = weak.lock();
                              if (self && self->sessions_.contains(token)) self->named(token, std::move(name));
                            });
  watch_departures();
}

void Runner::named(Token token, base::PeerName name) {
  go(token, SessionEvent::named);
  sessions_.at(token).name_failed = name.state == base::PeerName::State::failed;
  try {
    Request event{token, question(token), around_.clock.now(), true, sessions_.at(token).endpoint};
    event.question.name = std::move(name);
    feed(event);
  } catch (const std::exception& why) {
    lose(token, why);
  }
}

void Runner::tell_failed_look_up(const Session& session) {
  around_.log.error("service {}: the look-up of the name of {} failed, so that only_from matches no name, and no_access all",
                    service().id, session.peer.address.text());
}

/// Those who wait for a name may have gone. There is no descriptor to spare for each, so they are looked at from time to
/// time.
void Runner::watch_departures() {
  if (std::exchange(watches_departures_, true)) return;
  arm(500ms, [](Runner& self) {
    self.watches_departures_ = false;
    self.look_for_departures();
  });
}

/// Who has hung up wants nothing any more. Who has only sent his end may want an answer; but of a redirect, which has not
/// even a target, nobody wants one who said nothing at all and has waited on for half a second.
void Runner::look_for_departures() {
  bool wait_on = false;
  std::vector<Token> gone;
  for (auto& [token, session] : sessions_) {
    const bool waits = session.phase == SessionPhase::naming || session.phase == SessionPhase::target;
    if (!waits || !session.socket) continue;
    wait_on = true;
    pollfd look{session.socket.get(), POLLRDHUP, 0};
    int unread = 0;
    if (::poll(&look, 1, 0) != 1) continue;
    const bool hung_up = (look.revents & (POLLHUP | POLLERR)) != 0;
    const bool silent = ::ioctl(session.socket.get(), FIONREAD, &unread) == 0 && unread == 0;
    if (hung_up || (session.target != 0 && silent && ++session.silent_ends > 1)) gone.push_back(token);
  }
  for (const Token token : gone)
    if (sessions_.contains(token)) withdraw(token);
  if (wait_on) watch_departures();
}

void Runner::perform(const Refuse& action) {
  const auto found = sessions_.find(action.token);
  if (found == sessions_.end() || judge_again(action)) return;
  Session session = std::move(found->second);
  end_session(action.token);
  facts_.counters.refuse(action.verdict.reason, action.verdict.banned, session.peer, std::chrono::system_clock::now());
  const base::AddressText peer(session.peer.address);
  if (action.verdict.both_lists)
    around_.log.error("Service={}: only_from list and no_access list match equally the address {}", service().id, peer.view());
  if (action.verdict.reason == policy::Reason::load)
    around_.log.error("refused connect from {} due to excessive load", peer.view());
  const bool repeated = service().datagrams() && !service().hands_over() &&
                        action.verdict.reason == policy::Reason::address && logged_lately(session.peer);
  if (session.name_failed && action.verdict.reason == policy::Reason::address && !repeated) tell_failed_look_up(session);
  if (!repeated) log_refusal(session, action.verdict.reason);
  if (service().kind == config::Kind::sensor) sensed(session.peer.address);
  if (service().hands_over()) return drop_waiting_request(session);
  // Who was let in and could not be served is sent nothing (fact B13.63).
  if (action.verdict.reason != policy::Reason::fork) dismiss(std::move(session));
}

/// Fact B5.27, decision B12.29.
void Runner::sensed(const base::Address& peer) {
  const int minutes = service().settings.deny_time.value_or(0);
  if (minutes == 0 || !peer.known()) return;
  const auto result = around_.bans.list.add(peer, minutes, around_.clock.now());
  if (result.added == policy::BanList::Added::fresh)
    around_.log.critical("process_sensor", fmt::format("Adding {} to the global_no_access list for {} minutes",
                                                       peer.text(), minutes));
  if (result.displaced && !std::exchange(around_.bans.displaced_told, true))
    around_.log.error("Maximum global_no_access count reached: the oldest addresses go from now on");
  if (around_.bans.on_ban) around_.bans.on_ban();
}

/// A place may have become free in this very turn of the loop: servers that have ended are looked at before a peer is
/// sent away for want of room, as xinetd handles its signals before its services.
bool Runner::judge_again(const Refuse& action) {
  using policy::Reason;
  const Reason reason = action.verdict.reason;
  Session& session = sessions_.at(action.token);
  const bool room = reason == Reason::service_limit || reason == Reason::per_source_limit || reason == Reason::process_limit;
  if (!room || session.judged_again || service().hands_over() || service().datagrams()) return false;
  session.judged_again = true;
  go(action.token, SessionEvent::look_wanted);
  boost::asio::post(around_.loop, [weak = weak_from_this(), token = action.token] {
    const auto self = weak.lock();
    if (self && self->sessions_.contains(token)) self->attempt(token, &Runner::judge_anew);
  });
  return true;
}

/// Sends the refused peer its banner, and asks its host who it was when that is wanted; the connection ends with the
/// last of the two, because an identity server answers for open connections only.
void Runner::dismiss(Session session) {
  if (!session.socket) return;
  if (session.through_tcpmux) (void)net::send_now(session.socket.get(), "-Service not available\r\n");
  const auto& banner = service().settings.banner_fail;
  if (service().logs(config::FailureOption::userid) && setup_.service_log) {
    const auto socket = std::make_shared<base::Fd>(std::move(session.socket));
    if (banner) session.socket.reset(::fcntl(socket->get(), F_DUPFD_CLOEXEC, 0));
    around_.asked.ident_refused.ask(net::local_endpoint(socket->get()), session.peer, ident_patience,
                              [weak = weak_from_this(), socket, peer = session.peer.address,
                               farewell = around_.sending.farewell](const net::IdentAnswer& answer) {
                                if (const auto self = weak.lock()) self->log_identity(answer, peer, true);
                              });
  }
  if (!banner) return;
  around_.sending.banners->send({std::move(session.socket), *banner, service().id, session.peer.address,
                                  [farewell = around_.sending.farewell](base::Fd, bool) {}});
}

/// A refused request of a wait = yes service costs that request alone (decision B15.11).
void Runner::drop_waiting_request(const Session& session) {
  Endpoint* endpoint = find(session.endpoint);
  if (!endpoint || !endpoint->open()) return;
  if (service().listen.socket_type == config::SocketType::stream) return endpoint->drop_connection();
  if (!service().datagrams()) return net::drop_datagram(endpoint->fd());  // raw: it was never looked at
  const auto head = net::peek_datagram(endpoint->fd());
  if (head && head->arrival == session.arrival && head->peer == session.peer) net::drop_datagram(endpoint->fd());
}

/// By the lists that the kernel keeps of a steered service.
void Runner::on_turned_away(net::Connection connection) {
  Session session(connection.peer, std::move(connection.fd));
  const auto now = std::chrono::system_clock::now();
  ++facts_.counters.accepted;
  facts_.counters.last_request = now;
  facts_.counters.refuse(policy::Reason::address, false, session.peer, now);
  log_refusal(session, policy::Reason::address);
  dismiss(std::move(session));
}

}  // namespace xsuperd::service
