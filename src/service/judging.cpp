// SPDX-License-Identifier: MIT
#include "service/judging.hpp"

#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "xsuperd/base/text.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

namespace {

/// Has the peer closed its connection, or broken it? Who has sent something and then his end may want the answer.
bool has_left(int socket) {
  pollfd look{socket, POLLRDHUP, 0};
  if (::poll(&look, 1, 0) != 1) return false;
  int unread = 0;
  return (look.revents & (POLLHUP | POLLERR)) != 0 || (::ioctl(socket, FIONREAD, &unread) == 0 && unread == 0);
}

/// A datagram's sender is known by one group only.
std::vector<gid_t> groups_of(const Session& session) {
  if (session.socket) return net::peer_groups(session.socket.get());
  const gid_t group = session.peer.address.gid();
  return group == base::Address::not_told ? std::vector<gid_t>{} : std::vector<gid_t>{group};
}

}  // namespace

Judging::Judging(const Needs& needs)
    : needs_(needs), look_(needs.loop, [this] {
        // Asked now: there is no owner yet while this is made.
        if (const auto alive = needs_.life.owner().lock()) needs_.decider.feed(Look{needs_.clock.now()});
      }) {}

void Judging::lined_up(Token token) {
  Session& session = needs_.sessions.at(token);
  if (session.queued == base::Moment{}) {
    session.queued = needs_.clock.now();
    ++needs_.sessions.counters().queued;
  }
  needs_.way.go(token, SessionEvent::lined_up);
}

void Judging::call(Token token) {
  boost::asio::post(needs_.loop, needs_.life.guard([this, token] {
    if (!needs_.sessions.contains(token)) return needs_.decider.feed(Withdrawn{token});  // or nobody else would be called
    needs_.endings.attempt(token, [&] { judge_called(token); });
  }));
}

void Judging::judge_called(Token token) {
  needs_.way.go(token, SessionEvent::called);
  const Session& session = needs_.sessions.at(token);
  if (has_left(session.socket.get())) return needs_.endings.withdraw(token);
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(needs_.clock.now() - session.queued);
  feed(token, true);
  if (!needs_.decider.state().line().contains(token)) needs_.sessions.counters().queue_ms += static_cast<std::uint64_t>(waited.count());
}

void Judging::carry_on() {
  if (!needs_.decider.state().line().empty()) needs_.decider.feed(Look{needs_.clock.now()});
}

void Judging::look_at(std::optional<base::Moment> moment) {
  using std::chrono::milliseconds;
  if (!moment) return look_.cancel();
  look_.set(needs_.clock.timer_length(std::max(std::chrono::ceil<milliseconds>(*moment - needs_.clock.now()), milliseconds(0))));
}

policy::Question Judging::question(const Session& session) const {
  const config::Settings& settings = needs_.setup.service().settings;
  policy::Question question;
  question.peer = session.peer;
  question.processes = needs_.census.processes;
  question.process_limit = needs_.census.process_limit;
  question.banned = needs_.bans.list.banned(question.peer.address, needs_.clock.now());
  if (settings.only_gid && question.peer.address.is_local()) question.peer_groups = groups_of(session);
  if (settings.access_times) question.local_time = base::local_time(std::chrono::system_clock::now());
  if (settings.max_load && needs_.clock.load) question.load = needs_.clock.load();
  return question;
}

void Judging::feed(Token token, bool again) {
  const Session& session = needs_.sessions.at(token);
  needs_.decider.feed(Request{token, question(session), needs_.clock.now(), again, session.endpoint});
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
    Request event{token, question(session), needs_.clock.now(), true, session.endpoint};
    event.question.name = std::move(name);
    needs_.decider.feed(event);
  });
}

bool Judging::judge_later(Token token, policy::Reason reason) {
  using policy::Reason;
  const config::Service& service = needs_.setup.service();
  Session& session = needs_.sessions.at(token);
  const bool room = reason == Reason::service_limit || reason == Reason::per_source_limit || reason == Reason::process_limit;
  if (!room || session.judged_again || service.hands_over() || service.datagrams()) return false;
  session.judged_again = true;
  needs_.way.go(token, SessionEvent::look_wanted);
  boost::asio::post(needs_.loop, needs_.life.guard([this, token] {
    if (needs_.sessions.contains(token)) needs_.endings.attempt(token, [&] { judge_anew(token); });
  }));
  return true;
}

}  // namespace xsuperd::service
