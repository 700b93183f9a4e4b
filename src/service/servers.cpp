// SPDX-License-Identifier: MIT
// The last part of a request's way through a Runner: a server is started, and ends.
#include <fcntl.h>

#include <csignal>

#include "service/timers.hpp"
#include "xsuperd/base/make_room.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

void Runner::spawn(Token token) {
  if (service().served_by_us()) return service().datagrams() ? answer_datagram(token) : converse(token);
  Session& session = sessions_.at(token);
  Endpoint* endpoint = find(session.endpoint);
  const bool hands_over = service().hands_over() && !session.socket;
  if (hands_over && (!endpoint || !endpoint->open())) return withdraw(token);  // closed meanwhile
  if (hands_over) session.socket = endpoint->duplicate();
  if (service().hands_over() && service().datagrams() && !service().steered()) net::let_server_bind_beside(session.socket.get());
  auto context = exec_context(session);
  if (!context) return context_failed(token, context.error().sentence);
  keep_for_lingering(session);
  session.started = around_.clock.now();
  session.started_wall = std::chrono::system_clock::now();
  base::make_room(around_.census.owners);
  around_.census.owners[token] = weak_from_this();
  around_.serving.children.expect(around_.census.owners.size());  // once it runs, nothing may fail
  spawn::Job job{token, setup_.recipe, std::move(session.socket), base::AddressText(session.peer.address), std::move(*context)};
  const auto load = session.alone ? spawn::Spawner::Load::alone : spawn::Spawner::Load::many;
  if (auto outcome = around_.serving.spawner.start(std::move(job), load)) on_outcome(std::move(*outcome));
}

/// For services with the flag LABELED; empty for all others.
base::Result<std::string> Runner::exec_context(const Session& session) {
  if (!service().has(config::Flag::labeled)) return std::string();
  if (!around_.serving.labels) return base::Error{0, "this kernel has no SELinux"};
  return around_.serving.labels->exec_context(session.socket.get(), setup_.recipe->path);
}

/// Without its label nobody is served (fact B6.15). No process existed, so the service's log has nothing to tell.
void Runner::context_failed(Token token, const std::string& why) {
  facts_.counters.fail(std::chrono::system_clock::now());
  around_.log.error("Changing process context failed for {}: {}", service().id, why);
  end_session(token);
  feed(StartFailed{token, true});
}

void Runner::on_outcome(spawn::Outcome outcome) {
  if (auto* good = std::get_if<spawn::Started>(&outcome)) return started(*good);
  auto& bad = std::get<spawn::StartFailed>(outcome);
  try {
    start_failed(bad);
  } catch (const std::exception& why) {
    lose(bad.token, why);
  }
}

void Runner::started(spawn::Started& outcome) {
  Session& session = sessions_.at(outcome.token);
  session.pid = outcome.pid;
  go(outcome.token, SessionEvent::started);
  if (Endpoint* endpoint = service().hands_over() ? find(session.endpoint) : nullptr) endpoint->on_server();
  facts_.counters.serve(around_.clock.now() - session.accepted);
  around_.serving.children.watch(outcome.token, outcome.pid, around_.census.reserve.below(std::move(outcome.pidfd)));
  log_start(session, outcome.pid);
  feed(Started{outcome.token});
  // It may have been started while the service was being removed, and take so long that the others' KILL is over.
  if (state_.phase() != Phase::retiring || retired_servers_ != Servers::terminate) return;
  around_.serving.children.signal(outcome.token, SIGTERM, around_.clock.grace);
  if (facts_.kill_at && around_.clock.now() >= *facts_.kill_at) around_.serving.children.signal(outcome.token, SIGKILL);
}

void Runner::start_failed(spawn::StartFailed& outcome) {
  Session& session = sessions_.at(outcome.token);
  around_.census.owners.erase(outcome.token);
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
  log_start(session, outcome.pid);
  log_event(log::exit_event(service(), outcome.pid, {false, outcome.status}, 0s));
  facts_.counters.fail(std::chrono::system_clock::now());
  const Session ended = std::move(session);
  end_session(outcome.token);
  (void)drop_unread_datagram(ended);
  feed(StartFailed{outcome.token, true});
}

void Runner::on_ended(const spawn::Ended& end) {
  Session session = std::move(sessions_.at(end.token));
  const auto duration = std::chrono::duration_cast<std::chrono::seconds>(around_.clock.now() - session.started);
  end_session(end.token);
  Endpoint* endpoint = find(session.endpoint);
  std::exception_ptr thrown;
  try {
    linger(session, end.pid);
    if (endpoint) endpoint->came_back();  // before anybody hears of the end: who does may come at once
    log_event(log::exit_event(service(), end.pid, {end.signalled, end.value}, duration));
    if (const auto next = drop_unread_datagram(session)) next_datagram_.emplace(session.endpoint, *next);
  } catch (...) {  // its place is free all the same
    thrown = std::current_exception();
  }
  feed(Exited{end.token});
  next_datagram_ = std::nullopt;
  if (thrown) std::rethrow_exception(thrown);
}

/// Without a descriptor to be had the server is started all the same.
void Runner::keep_for_lingering(Session& session) const {
  if (service().lingers()) session.lingers.reset(::fcntl(session.socket.get(), F_DUPFD_CLOEXEC, 0));
}

/// A child that the server has left behind may be using the connection: then it is the child's.
void Runner::linger(Session& session, pid_t server) {
  if (!session.lingers || group_lives(server)) return;
  around_.serving.lingering->take(std::move(session.lingers),
                          around_.clock.now() + std::chrono::seconds(service().settings.linger.value_or(0)));
}

void Runner::end_session(Token token) {
  Endpoint* endpoint = nullptr;
  if (const auto found = sessions_.find(token); found != sessions_.end()) {
    if (found->second.lookup != 0) around_.asked.ident_admitted.cancel(found->second.lookup);
    if (found->second.target != 0) around_.asked.targets->cancel(found->second.target);
    if (service().hands_over()) endpoint = find(found->second.endpoint);
    sessions_.erase(found);
  }
  around_.census.owners.erase(token);
  if (endpoint && !has_session(*endpoint)) {
    endpoint->on_no_session();
    std::erase_if(leaving_, [endpoint](const auto& one) { return one.get() == endpoint; });
  }
  if (sessions_.empty() && state_.phase() == Phase::retiring && around_.hooks.on_idle) around_.hooks.on_idle();
}

/// A server that ended without reading the very datagram it was started for would be started for it for ever. All
/// others stay for the next one, and the first of them is what is returned, if it was seen.
std::optional<net::Head> Runner::drop_unread_datagram(const Session& session) {
  const Endpoint* endpoint = service().hands_over() && service().datagrams() ? find(session.endpoint) : nullptr;
  if (!endpoint || !endpoint->open()) return std::nullopt;
  const auto head = net::peek_datagram(endpoint->fd());
  if (!head || head->arrival != session.arrival || head->peer != session.peer) return head;
  net::drop_datagram(endpoint->fd());
  around_.log.warning("{}: the server did not read the datagram from {} that it was started for; it is dropped",
                      service().id, session.peer.address.text());
  return std::nullopt;
}

}  // namespace xsuperd::service
