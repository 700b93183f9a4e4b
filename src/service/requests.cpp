// SPDX-License-Identifier: MIT
// The way of a request through a Runner: accepted or peeked at, judged, started or refused, ended.
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>

#include "service/banner.hpp"
#include "service/timers.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

void Runner::on_readable() {
  if (service().wait) return request_waiting();
  accept_connections();
}

void Runner::accept_connections() {
  int error = 0;
  auto batch = listener_->accept_batch(service().listen.v6only, error);
  const bool alone = batch.size() == 1;
  for (net::Connection& connection : batch)
    greet(new_session({connection.peer, std::move(connection.fd), 0, {}, {}, alone, 0, false}));
  if (!listener_) return;  // one of them tripped the rate limit
  if (error != 0) return accept_failed(error);
  listener_->again();
}

void Runner::accept_failed(int error) {
  const bool full = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  around_.log.error("service {}, accept: {}{}", service().id, base::errno_text(error),
                    full ? "; trying again in a second" : "");
  arm(full ? 1000ms : 100ms, [](Runner& self) {
    if (self.state_.phase() == Phase::listening && self.listener_) self.listener_->resume();
  });
}

Token Runner::new_session(Session session) {
  const Token token = ++around_.last_token;
  sessions_.emplace(token, std::move(session));
  return token;
}

/// `banner` goes to everybody, before any check (fact B4.24).
void Runner::greet(Token token) {
  if (!service().settings.banner) return request(token);
  Session& session = sessions_.at(token);
  send_banner(around_, std::move(session.socket), *service().settings.banner, service().id,
              [weak = weak_from_this(), token](base::Fd socket, bool delivered) {
                const auto self = weak.lock();
                if (!self) return;
                self->sessions_.at(token).socket = std::move(socket);
                delivered ? self->request(token) : self->end_session(token);
              });
}

/// The socket itself is readable and wait = yes: nothing is taken from it before a server has it.
void Runner::request_waiting() {
  Session session;
  if (service().listen.socket_type == config::SocketType::dgram) {
    const auto head = net::peek_datagram(listener_->fd());
    if (!head) return listener_->again();
    session.peer = head->peer;
    session.arrival = head->arrival;
  }
  session.alone = true;
  request(new_session(std::move(session)));
}

policy::Question Runner::question(Token token) const {
  policy::Question question;
  question.peer = sessions_.at(token).peer;
  question.processes = around_.processes;
  question.process_limit = around_.process_limit;
  if (service().settings.access_times) question.local_time = base::local_time(std::chrono::system_clock::now());
  if (service().settings.max_load && around_.load) question.load = around_.load();
  return question;
}

void Runner::request(Token token) { feed(Request{token, question(token), around_.now()}); }

void Runner::perform(const AskName& action) {
  // Nobody looks names up yet: the peer counts as one without a name, which opens nothing.
  Request event{action.token, question(action.token), around_.now()};
  event.question.name.state = policy::PeerName::State::unknown;
  event.again = true;
  feed(event);
}

void Runner::perform(const Refuse& action) {
  const auto found = sessions_.find(action.token);
  if (found == sessions_.end() || judge_again(action)) return;
  Session session = std::move(found->second);
  sessions_.erase(found);
  const std::string peer = session.peer.address.text();
  if (action.verdict.both_lists)
    around_.log.error("Service={}: only_from list and no_access list match equally the address {}", service().id, peer);
  if (action.verdict.reason == policy::Reason::load)
    around_.log.error("refused connect from {} due to excessive load", peer);
  log_entry(log::fail_entry(service(), policy::log_word(action.verdict.reason), session.peer.address));
  if (service().wait) return drop_waiting_request(session);
  // Who was let in and could not be served is sent nothing (fact B13.63).
  if (action.verdict.reason != policy::Reason::fork) close_after_banner(std::move(session));
}

/// A place may have become free in this very turn of the loop: servers that have ended are looked at before a peer is
/// sent away for want of room, as xinetd handles its signals before its services.
bool Runner::judge_again(const Refuse& action) {
  using policy::Reason;
  const Reason reason = action.verdict.reason;
  Session& session = sessions_.at(action.token);
  const bool room = reason == Reason::service_limit || reason == Reason::per_source_limit || reason == Reason::process_limit;
  if (!room || session.judged_again || service().wait) return false;
  session.judged_again = true;
  boost::asio::post(around_.loop, [weak = weak_from_this(), token = action.token] {
    const auto self = weak.lock();
    if (self && self->sessions_.contains(token)) self->feed(Request{token, self->question(token), self->around_.now(), true});
  });
  return true;
}

void Runner::close_after_banner(Session session) {
  if (!service().settings.banner_fail || !session.socket) return;
  send_banner(around_, std::move(session.socket), *service().settings.banner_fail, service().id,
              [](base::Fd, bool) {});
}

/// A refused request of a wait = yes service costs that request alone (decision B15.11).
void Runner::drop_waiting_request(const Session& session) {
  if (!listener_) return;
  if (service().listen.socket_type == config::SocketType::stream) return net::drop_connection(listener_->fd());
  const auto head = net::peek_datagram(listener_->fd());
  if (head && head->arrival == session.arrival && head->peer == session.peer) net::drop_datagram(listener_->fd());
}

void Runner::perform(const Spawn& action) {
  Session& session = sessions_.at(action.token);
  if (!service().settings.banner_success || service().wait || session.started != base::Moment{})
    return spawn(action.token);
  session.started = around_.now();
  send_banner(around_, std::move(session.socket), *service().settings.banner_success, service().id,
              [weak = weak_from_this(), token = action.token](base::Fd socket, bool delivered) {
                const auto self = weak.lock();
                if (!self) return;
                self->sessions_.at(token).socket = std::move(socket);
                if (delivered) return self->spawn(token);
                self->end_session(token);
                self->feed(Withdrawn{token});
              });
}

void Runner::spawn(Token token) {
  Session& session = sessions_.at(token);
  if (service().wait && !session.socket) session.socket = listener_->duplicate();
  session.started = around_.now();
  session.started_wall = std::chrono::system_clock::now();
  around_.owners[token] = weak_from_this();
  spawn::Job job{token, setup_.recipe, std::move(session.socket), session.peer.address.text()};
  const auto load = session.alone ? spawn::Spawner::Load::alone : spawn::Spawner::Load::many;
  if (auto outcome = around_.spawner.start(std::move(job), load)) on_outcome(std::move(*outcome));
}

void Runner::on_outcome(spawn::Outcome outcome) {
  if (auto* good = std::get_if<spawn::Started>(&outcome)) return started(*good);
  start_failed(std::get<spawn::StartFailed>(outcome));
}

void Runner::started(spawn::Started& outcome) {
  Session& session = sessions_.at(outcome.token);
  session.pid = outcome.pid;
  log_entry(log::start_entry(service(), outcome.pid, session.peer.address));
  around_.children.watch(outcome.token, outcome.pid, std::move(outcome.pidfd));
  feed(Started{outcome.token});
  // It may have been started while the service was being removed.
  if (state_.phase() == Phase::retiring && retired_servers_ == Servers::terminate)
    around_.children.signal(outcome.token, SIGTERM);
}

void Runner::start_failed(spawn::StartFailed& outcome) {
  Session& session = sessions_.at(outcome.token);
  around_.owners.erase(outcome.token);
  if (!outcome.process_existed) {
    around_.log.error("{}: fork failed: {}", service().id, base::errno_text(outcome.error));
    session.socket = std::move(outcome.socket);
    const std::size_t before = state_.running();
    feed(StartFailed{outcome.token, false});
    if (state_.running() < before && !service().has(config::Flag::noretry))
      around_.log.error("service {}: too many consecutive fork failures", service().id);
    return;
  }
  const std::string reason = base::errno_text(outcome.error);
  if (outcome.step == spawn::Step::exec)
    around_.log.error("execv( {} ) failed: {} (service={})", setup_.recipe->path, reason, service().id);
  else
    around_.log.error("{} failed: {} (service={})", spawn::step_text(outcome.step), reason, service().id);
  log_entry(log::start_entry(service(), outcome.pid, session.peer.address));
  log_entry(log::exit_entry(service(), outcome.pid, {false, outcome.status}, 0s));
  const Session ended = std::move(session);
  end_session(outcome.token);
  drop_unread_datagram(ended);
  feed(StartFailed{outcome.token, true});
}

void Runner::on_ended(const spawn::Ended& end) {
  const Session session = std::move(sessions_.at(end.token));
  const auto duration = std::chrono::duration_cast<std::chrono::seconds>(around_.now() - session.started);
  log_entry(log::exit_entry(service(), end.pid, {end.signalled, end.value}, duration));
  end_session(end.token);
  drop_unread_datagram(session);
  feed(Exited{end.token});
}

void Runner::end_session(Token token) {
  sessions_.erase(token);
  around_.owners.erase(token);
}

/// A server that ended without reading the very datagram it was started for would be started for it for ever. All
/// others stay for the next one.
void Runner::drop_unread_datagram(const Session& session) {
  if (!service().wait || service().listen.socket_type != config::SocketType::dgram || !listener_) return;
  const auto head = net::peek_datagram(listener_->fd());
  if (!head || head->arrival != session.arrival || head->peer != session.peer) return;
  net::drop_datagram(listener_->fd());
  around_.log.warning("{}: the server did not read the datagram from {} that it was started for; it is dropped",
                      service().id, session.peer.address.text());
}

}  // namespace xsuperd::service
