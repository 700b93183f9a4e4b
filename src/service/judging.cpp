// SPDX-License-Identifier: MIT
#include "service/judging.hpp"

#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <new>
#include <utility>
#include <boost/asio/post.hpp>

#include "xsuperd/base/text.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

namespace {

/// Has the peer broken its connection, or closed it? Who has only sent his end may want an answer, and on the wire that looks
/// like a connection that has been closed; of a peer on this machine the kernel knows.
bool has_left(const Session& session, net::TcpObserver& observer) {
  const int socket = session.socket.get();
  pollfd look{socket, POLLRDHUP, 0};
  if (::poll(&look, 1, 0) != 1) return false;
  if ((look.revents & (POLLHUP | POLLERR)) != 0) return true;
  int unread = 0;
  const bool silent = ::ioctl(socket, FIONREAD, &unread) == 0 && unread == 0;
  return silent && session.socket_peer().address.is_ip() && observer.abandoned(session.socket_peer(), net::local_endpoint(socket));
}

/// A datagram's sender is known by one group only.
std::vector<gid_t> groups_of(const Session& session) {
  if (session.socket) return net::peer_groups(session.socket.get());
  const gid_t group = session.peer.address.gid();
  return group == base::Address::not_told ? std::vector<gid_t>{} : std::vector<gid_t>{group};
}

policy::Misdeed::By refused_by(const policy::Verdict& verdict) {
  using By = policy::Misdeed::By;
  if (verdict.banned) return By::ban;
  if (verdict.reason == policy::Reason::penalty) return By::penalty;
  return policy::is_peers_doing(verdict.reason) ? By::other : By::circumstances;
}

}  // namespace

Judging::Judging(const Needs& needs)
    : needs_(needs), look_(needs.loop, [this] {
        // Asked now: there is no owner yet while this is made.
        const auto alive = needs_.life.owner().lock();
        if (!alive) return;
        needs_.decider.feed(Look{needs_.clock.now()});
      }),
      later_(needs.loop, [this] {
        if (const auto alive = needs_.life.owner().lock()) judge_called();
      }) {}

void Judging::refused(const Session& session, const policy::Verdict& verdict) {
  if (!policy::minds_misdeeds(needs_.setup.service())) return;
  needs_.decider.feed(Misbehaved{session.peer.address, {config::Penalty::Cause::refused, 0, refused_by(verdict)}, needs_.clock.now(),
                                 session.proxied()});
}

void Judging::lined_up(Token token) {
  Session& session = needs_.sessions.at(token);
  if (session.queued == base::Moment{}) {
    session.queued = needs_.clock.now();
    ++needs_.sessions.counters().queued;
  }
  needs_.way.go(token, SessionEvent::lined_up);
  needs_.sessions.put_away(token);
}

void Judging::call(Token token) {
  called_ = token;
  try {
    boost::asio::post(needs_.loop, needs_.life.guard([this] { judge_called(); }));
  } catch (const std::bad_alloc&) {  // nobody else would ever be called
    later_.set(std::chrono::milliseconds(10));
  }
}

void Judging::judge_called() {
  const Token token = std::exchange(called_, 0);
  if (token == 0) return;
  if (!needs_.sessions.contains(token)) return needs_.decider.feed(Withdrawn{token});
  try {
    (void)needs_.sessions.at(token);
  } catch (const std::bad_alloc&) {  // there is no room to bring it back: nobody else is called until there is
    called_ = token;
    return later_.set(std::chrono::milliseconds(100));
  }
  needs_.endings.attempt(token, [&] {
    needs_.way.go(token, SessionEvent::called);
    const Session& session = needs_.sessions.at(token);
    if (has_left(session, *needs_.asked.observer)) return needs_.endings.withdraw(token);
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(needs_.clock.now() - session.queued);
    feed(token, true);
    if (!needs_.decider.state().queue().line().contains(token)) needs_.sessions.counters().queue_ms += static_cast<std::uint64_t>(waited.count());
  });
}

void Judging::reconfigured(bool counts_on) {
  Reconfigured event{needs_.setup.policy, counts_on, needs_.clock.now()};
  if (!needs_.decider.state().queue().line().empty()) event.waiting = needs_.sessions.queued_peers();
  needs_.decider.feed(event);
}

void Judging::look_at(std::optional<base::Moment> moment) {
  using std::chrono::milliseconds;
  if (!moment) return look_.cancel();
  look_.set(needs_.clock.timer_length(std::max(std::chrono::ceil<milliseconds>(*moment - needs_.clock.now()), milliseconds(0))));
}

/// What the fleet has of the source; nothing where no limit of the fleet concerns it.
std::optional<policy::FleetCounts::Known> Judging::fleet_of(const base::Address& peer) const {
  const policy::FleetCounts& counts = needs_.census.fleet;
  const policy::Policy& policy = *needs_.setup.policy;
  if (!counts.on() || !policy::has_fleet_limits(policy.service()) || !peer.is_ip()) return std::nullopt;
  const auto source = policy.counted(peer);
  return source.exempt ? std::nullopt : std::optional(counts.look(policy.service(), source.address, needs_.clock.now()));
}

policy::Question Judging::question(const Session& session, base::Moment now) const {
  const config::Settings& settings = needs_.setup.service().settings;
  policy::Question question;
  question.peer = session.peer;
  question.processes = needs_.census.processes;
  question.process_limit = needs_.census.process_limit;
  question.banned = needs_.bans.list.banned(question.peer.address, now) &&
                    !needs_.setup.policy->spares(question.peer.address, session.proxied());
  question.fleet = fleet_of(question.peer.address);
  if (settings.only_gid && question.peer.address.is_local()) question.peer_groups = groups_of(session);
  if (settings.access_times) question.local_time = base::local_time(std::chrono::system_clock::now());
  if (settings.max_load && needs_.clock.load) question.load = needs_.clock.load();
  return question;
}

void Judging::feed(Token token, bool again) {
  const Session& session = needs_.sessions.at(token);
  const base::Moment now = needs_.clock.now();
  needs_.decider.feed(Request{token, question(session, now), now, again, session.endpoint});
}

void Judging::judge(Token token) {
  needs_.sessions.at(token).judged = true;
  feed(token, false);
}

void Judging::judge_anew(Token token) {
  needs_.way.go(token, SessionEvent::looked_again);
  feed(token, true);
}

void Judging::ask_name(Token token) {
  needs_.way.go(token, SessionEvent::name_wanted);
  needs_.asked.resolver.names_of(needs_.sessions.at(token).peer.address,
                                 needs_.life.guard([this, token](base::PeerName name) {
                                   if (needs_.sessions.contains(token)) named(token, std::move(name));
                                 }));
  needs_.departures.watch();
}

void Judging::named(Token token, base::PeerName name) {
  needs_.way.go(token, SessionEvent::named);
  Session& session = needs_.sessions.at(token);
  session.name_failed = name.state == base::PeerName::State::failed;
  needs_.endings.attempt(token, [&] {
    const base::Moment now = needs_.clock.now();
    Request event{token, question(session, now), now, true, session.endpoint};
    event.question.name = std::move(name);
    needs_.decider.feed(event);
  });
}

bool Judging::judge_later(Token token, policy::Reason reason) {
  using policy::Reason;
  const config::Service& service = needs_.setup.service();
  Session& session = needs_.sessions.at(token);
  const bool room = reason == Reason::service_limit || reason == Reason::per_source_limit || reason == Reason::fleet_per_source ||
                    reason == Reason::process_limit;
  if (!room || session.judged_again || service.hands_over() || service.datagrams()) return false;
  session.judged_again = true;
  needs_.way.go(token, SessionEvent::look_wanted);
  boost::asio::post(needs_.loop, needs_.life.guard([this, token] {
    if (needs_.sessions.contains(token)) needs_.endings.attempt(token, [&] { judge_anew(token); });
  }));
  return true;
}

}  // namespace xsuperd::service
