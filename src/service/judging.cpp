// SPDX-License-Identifier: MIT
#include "service/judging.hpp"

#include <boost/asio/post.hpp>

#include "xsuperd/base/text.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

namespace {
/// A datagram's sender is known by one group only.
std::vector<gid_t> groups_of(const Session& session) {
  if (session.socket) return net::peer_groups(session.socket.get());
  const gid_t group = session.peer.address.gid();
  return group == base::Address::not_told ? std::vector<gid_t>{} : std::vector<gid_t>{group};
}
}  // namespace

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
