// SPDX-License-Identifier: MIT
#include "service/time_limits.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cerrno>
#include <utility>

namespace xsuperd::service {

using namespace std::chrono_literals;

namespace {

/// Sessions in one turn of the loop: each may cost a look of some microseconds, and after an upgrade all are due at once.
constexpr int most_in_a_turn = 64;
constexpr auto until_it_has_started = 1s;  ///< its limit is over, and it is being started still
constexpr auto until_another_look = 10s;   ///< after one that failed

/// Nothing but TCP has what is looked at, and a socket of a service that waits is no connection.
bool has_connection(const config::Service& service) {
  return !service.wait && service.listen.socket_type == config::SocketType::stream;
}

/// How long the header of its proxy was is known already.
void note_connection(Session& session, const net::TcpIdentity& identity) {
  const auto preface = session.connection.preface;
  session.connection = identity;
  session.connection.preface = preface;
}

}  // namespace

TimeLimits::TimeLimits(const Needs& needs)
    : needs_(needs), alarm_(needs.loop, [this] {
        if (const auto alive = needs_.life.owner().lock()) look_around();  // asked now: the service is not complete yet
      }) {}

void TimeLimits::prepare(Session& session) {
  if (!watches_connections(settings()) || !has_connection(needs_.setup.service()) || !session.socket) return;
  if (session.covered) return;  // it was done before a worker got the connection
  if (!session.peer.address.is_ip() || shown_ == Shown::no) return;
  note_connection(session, net::identify_tcp(session.socket.get()));
  if (!can_look(session)) session.connection = {};
}

/// Later nobody could tell a connection that is gone from one that cannot be seen, so the first one is tried out.
bool TimeLimits::can_look(const Session& session) {
  if (!session.connection.known()) return tell_blind(EPROTONOSUPPORT), false;
  if (shown_ == Shown::yes) return true;
  const net::TcpLook look = needs_.asked.observer->look(session.connection, session.socket_peer());
  if (look.outcome == net::TcpLook::Outcome::seen) return shown_ = Shown::yes, true;
  if (look.outcome == net::TcpLook::Outcome::gone) shown_ = Shown::no;
  tell_blind(look.error);
  return false;
}

void TimeLimits::tell_blind(int error) {
  if (std::exchange(told_, true)) return;
  needs_.journal.daemon().error("service {}: idle_timeout and first_data_timeout have no effect: the kernel does not show its connections: {}",
                                needs_.setup.service().id, base::errno_text(error));
}

void TimeLimits::watch(Token token) {
  if (!has_times(settings())) return;
  Session* session = needs_.sessions.find(token);
  if (!session) return;
  if (const auto next = next_step(*session, settings())) schedule(token, *session, next->when);
  wake();
}

void TimeLimits::watch_all() {
  auto& deadlines = needs_.sessions.deadlines();
  const auto limited = [](const auto& one) { return one.second.limited != base::Moment{}; };  // their KILL is due whatever is configured now
  auto& sessions = needs_.sessions.all();
  if (!has_times(settings()) && deadlines.empty() && std::none_of(sessions.begin(), sessions.end(), limited)) return;
  if (watches_connections(settings())) find_connections();
  for (auto& [token, session] : sessions) {
    const bool begun = session.served() || (session.phase == SessionPhase::starting && !needs_.setup.service().served_by_us());
    const auto next = begun ? next_step(session, settings()) : std::nullopt;
    next ? schedule(token, session, next->when) : (void)deadlines.cancel(session.deadline);
  }
  wake();
}

/// Of sessions that began when nobody wanted to look at them.
void TimeLimits::find_connections() {
  const auto sought = [](const Session& session) {
    return session.served() && !session.connection.known() && !session.through_tcpmux && session.peer.address.is_ip();
  };
  auto& sessions = needs_.sessions.all();
  const bool any = std::any_of(sessions.begin(), sessions.end(), [&](const auto& one) { return sought(one.second); });
  if (!any || !has_connection(needs_.setup.service())) return;
  boost::unordered_flat_map<base::Endpoint, net::TcpIdentity> found;
  for (const auto& endpoint : needs_.endpoints) {
    const std::uint16_t port = endpoint->open() ? net::local_endpoint(endpoint->fd()).port : endpoint->spec().at.port;
    if (port == 0) continue;
    for (const auto& one : needs_.asked.observer->connections_at(port)) found[one.peer] = one.identity;
  }
  for (auto& [token, session] : sessions) {
    if (!sought(session)) continue;
    const auto connection = found.find({session.socket_peer().address.unmapped(), session.socket_peer().port});
    if (connection != found.end()) note_connection(session, connection->second);
  }
}

void TimeLimits::schedule(Token token, Session& session, base::Moment when) {
  auto& deadlines = needs_.sessions.deadlines();
  if (!deadlines.move(session.deadline, when)) session.deadline = deadlines.add(when, token);
}

/// An alarm that rings too early costs less than one that is set anew with each session that ends.
void TimeLimits::wake() {
  using std::chrono::milliseconds;
  const auto next = needs_.sessions.deadlines().next();
  if (!next || (wakes_ && *wakes_ <= *next)) return;
  wakes_ = next;
  alarm_.set(needs_.clock.timer_length(std::max(std::chrono::ceil<milliseconds>(*next - needs_.clock.now()), 0ms)));
}

void TimeLimits::look_around() {
  wakes_.reset();
  struct Wake {  // whatever is thrown
    TimeLimits& limits;
    ~Wake() { limits.wake(); }
  } const then{*this};
  for (int i = 0; i < most_in_a_turn; ++i) {
    const auto token = needs_.sessions.deadlines().take_due(needs_.clock.now());
    if (!token) return;
    handle(*token);
  }
}

void TimeLimits::handle(Token token) {
  Session* session = needs_.sessions.find(token);
  const auto step = session ? next_step(*session, settings()) : std::nullopt;
  if (!step) return;
  const base::Moment now = needs_.clock.now();
  if (!session->served()) return schedule(token, *session, std::max(now + until_it_has_started, step->when));
  if (step->when > now) return schedule(token, *session, step->when);
  if (step->what == TimeStep::What::kill) return needs_.signals.kill_late(token), void(session->killed = true);
  const Sight sight = step->what == TimeStep::What::look ? look(*session) : Sight::clear;
  const auto limit = reached(*session, settings(), now, sight);
  if (limit) session->limited = now;
  const auto next = next_step(*session, settings(), sight);
  const bool again = !limit && sight == Sight::none && (!next || next->when > now + until_another_look);
  if (again || next) schedule(token, *session, again ? now + until_another_look : next->when);
  if (limit) end(token, *session, *limit);
}

Sight TimeLimits::look(Session& session) {
  const net::TcpLook look = needs_.asked.observer->look(session.connection, session.socket_peer());
  if (look.outcome == net::TcpLook::Outcome::not_looked) return tell_blind(look.error), Sight::none;
  note_look(session, look, needs_.clock.now());
  return Sight::clear;
}

void TimeLimits::end(Token token, const Session& session, TimeLimit limit) {
  const Misbehaved misdeed{session.peer.address, {config::Penalty::Cause::timeout, 0}, session.limited, session.proxied()};
  const pid_t pid = session.pid;
  ++needs_.sessions.counters().limited;
  needs_.journal.limited(token, session, pid, word_of(limit));
  if (pid == 0) needs_.conversations.stop(token);
  if (pid != 0) needs_.signals.end(token, grace_of(settings()));
  if (policy::minds_misdeeds(needs_.setup.service())) needs_.decider.feed(misdeed);
}

}  // namespace xsuperd::service
