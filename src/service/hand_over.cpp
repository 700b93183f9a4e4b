// SPDX-License-Identifier: MIT
// An upgrade: a Runner's state leaves one image of the daemon and goes on in the next.
#include "xsuperd/service/hand_over.hpp"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

#include "service/datagrams.hpp"
#include "service/timers.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

namespace {

/// Where a session that waits goes on. What it waits for now is asked for again, because the answer would not reach the
/// new image; but a banner is not sent twice.
Stage stage_again(Stage next) {
  switch (next) {
    case Stage::banner: return Stage::libwrap;
    case Stage::server: return Stage::ident;
    default: return next;
  }
}

SessionFacts facts_of(const Session& session) {
  return {.peer = session.peer,
          .pid = session.pid,
          .started = session.started,
          .started_wall = session.started_wall,
          .accepted = session.accepted,
          .arrival = session.arrival,
          .stage = stage_again(session.stage),
          .judged = session.judged,
          .judged_again = session.judged_again,
          .conversing = session.conversing,
          .through_tcpmux = session.through_tcpmux};
}

std::chrono::milliseconds from_now(base::Moment moment, base::Moment now) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(moment - now), std::chrono::milliseconds(0));
}

}  // namespace

void Runner::hold() {
  if (listener_) listener_->pause();
}

void Runner::release() {
  if (state_.phase() == Phase::listening) listen();
}

Runner::Unsettled Runner::unsettled() const {
  Unsettled all = Unsettled::no;
  for (const auto& [token, session] : sessions_) {
    if (session.pid != 0 || in_conversation(token) || state_.is_retrying(token)) continue;
    const bool with_spawner = session.stage == Stage::start && !session.socket && !session.conversing;
    if (with_spawner) return Unsettled::spawning;
    all = Unsettled::passing;
  }
  return all;
}

/// In a worker's hands; not while it waits for a worker.
bool Runner::in_conversation(Token token) const {
  return sessions_.at(token).conversing && around_.conversations.waiting_connection(token) < 0;
}

HandedRunner Runner::hand_over() const {
  HandedRunner all;
  all.state = state_.snapshot();
  all.listener = listening_fd();
  all.turned_away = turned_away_ ? turned_away_->fd() : -1;
  all.left_to_server = left_to_server_.get();
  all.lent = lent_;
  all.foreign = foreign_;
  all.registered = registered_;
  all.open_failures = open_failures_;
  all.trouble = trouble_.substr(0, 4096);
  if (state_.phase() == Phase::paused) all.pause_end = pause_end_;
  all.terminates = retired_servers_ == Servers::terminate;
  all.kill_at = kill_at_;
  all.targets = targets_;
  all.counters = counters_;
  all.standing = standing_;
  for (const auto& [peer, logged] : refused_lately_) all.refused_lately.push_back({peer, logged});
  for (const auto& [token, session] : sessions_) all.sessions.push_back(handed(token, session));
  std::sort(all.sessions.begin(), all.sessions.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
  return all;
}

HandedSession Runner::handed(Token token, const Session& session) const {
  HandedSession one{facts_of(session)};
  one.token = token;
  one.socket = session.conversing ? around_.conversations.waiting_connection(token) : session.socket.get();
  one.lingers = session.lingers.get();
  one.pidfd = session.pid != 0 ? around_.children.pidfd(token) : -1;
  if (session.kept) one.datagram = handed_datagram(*session.kept);
  return one;
}

void Runner::restore(const HandedRunner& handed, const std::function<base::Fd(int)>& take) {
  if (base::Fd socket = take(handed.listener))
    listener_ = std::make_unique<net::Listener>(around_.loop, std::move(socket), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_readable();
    });
  if (base::Fd socket = take(handed.turned_away))
    turned_away_ = std::make_unique<net::Listener>(around_.loop, std::move(socket), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->turn_away();
    });
  left_to_server_ = take(handed.left_to_server);
  foreign_ = handed.foreign && service().hands_over() && (handed.counters.served > 0 || !handed.sessions.empty());
  if (service().datagrams() && listener_) net::keep_from_others(listener_->fd());  // older images did not
  if (listener_ || left_to_server_) lent_ = handed.lent;
  StateSnapshot state = handed.state;
  for (const HandedSession& one : handed.sessions) {
    Session session = taken(one, take);
    const bool lost = one.pid != 0 && session.pid == 0;  // nobody could tell when its server ends
    if (lost) std::erase_if(state.places, [&](const StateSnapshot::Place& place) { return place.token == one.token; });
    if (!lost) sessions_.emplace(one.token, std::move(session));
  }
  state_.restore(state);
  around_.processes += state_.running();
  if (handed.registered && listener_) note_rpc();
  open_failures_ = handed.open_failures;
  trouble_ = handed.trouble;
  pause_end_ = handed.pause_end;
  retired_servers_ = handed.terminates ? Servers::terminate : Servers::leave;
  kill_at_ = handed.kill_at;
  targets_ = handed.targets;
  counters_ = handed.counters;
  standing_ = handed.standing;
  for (const HandedRefusal& one : handed.refused_lately) refused_lately_[one.peer] = one.logged;
}

Session Runner::taken(const HandedSession& handed, const std::function<base::Fd(int)>& take) {
  Session session{.peer = handed.peer, .socket = take(handed.socket)};
  // A banner that had to wait has made the connection non-blocking, and its server expects it to block.
  if (session.socket) ::fcntl(session.socket.get(), F_SETFL, ::fcntl(session.socket.get(), F_GETFL) & ~O_NONBLOCK);
  session.lingers = take(handed.lingers);
  session.started = handed.started;
  session.started_wall = handed.started_wall;
  session.accepted = handed.accepted;
  session.alone = true;
  session.arrival = handed.arrival;
  session.judged_again = handed.judged_again;
  session.stage = handed.stage;
  session.conversing = handed.conversing;
  session.through_tcpmux = handed.through_tcpmux;
  session.judged = handed.judged;
  if (handed.datagram) session.kept = kept_datagram(*handed.datagram, handed.peer);
  if (base::Fd pidfd = take(handed.pidfd); pidfd && handed.pid > 0) {
    session.pid = handed.pid;
    session.stage = Stage::start;
    around_.owners[handed.token] = weak_from_this();
    around_.children.watch(handed.token, handed.pid, std::move(pidfd));
  }
  return session;
}

void Runner::carry_on() {
  const Phase phase = state_.phase();
  if (phase == Phase::listening && !listener_) {
    turned_away_.reset();
    start();  // its socket was none: the next best is another
  } else {
    if (phase == Phase::listening && foreign_) came_back();
    release();
  }
  if (turned_away_) turned_away_->resume();
  steer_again();
  if (sessions_.empty()) close_left_pair();  // its server could not be watched any more
  if (listener_) announce();
  if (phase == Phase::paused)
    arm(from_now(pause_end_.value_or(around_.now()), around_.now()), [](Runner& self) { self.feed(Due{}); });
  if (phase == Phase::closed && wants_socket() && service().kind != config::Kind::tcpmux) try_again_later();
  if (kill_at_)
    arm(from_now(*kill_at_, around_.now()), [](Runner& self) { self.signal_servers(SIGKILL); });
  std::vector<Token> tokens;
  for (const auto& [token, session] : sessions_) tokens.push_back(token);
  std::sort(tokens.begin(), tokens.end());
  for (const Token token : tokens)
    if (sessions_.contains(token)) carry_on(token);
}

void Runner::carry_on(Token token) {
  Session& session = sessions_.at(token);
  if (session.pid != 0) return;
  if (session.conversing) {
    if (session.socket) return begin_conversation(token, conversation_parameters());
    if (around_.conversations.resume(token, when_ended(token))) return;
    return boost::asio::post(around_.loop, [done = when_ended(token)] { done({worker::Ending::Why::lost, {}}); });
  }
  if (state_.is_retrying(token)) return perform(ArmRetry{token, State::retry_seconds});
  if (state_.has_place(token) && !state_.is_waiting(token)) return attempt(token, &Runner::advance);
  attempt(token, session.judged ? &Runner::judge_anew : &Runner::request);
}

}  // namespace xsuperd::service
