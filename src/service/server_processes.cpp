// SPDX-License-Identifier: MIT
#include "service/server_processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include <csignal>
#include <string_view>
#include <utility>

#include "service/own_words.hpp"
#include "service/pair_ends.hpp"
#include "xsuperd/base/make_room.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

namespace {

/// As for a connection that is relayed.
constexpr std::chrono::seconds time_to_take_the_rest{120};

/// Is it one that the system may not have in a moment: memory, descriptors, processes, namespaces?
bool may_pass(int error) { return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE || error == ENOSPC; }

}  // namespace

std::weak_ptr<ServerOwner> ServerProcesses::as_owner() {
  return std::shared_ptr<ServerOwner>(needs_.life.owner().lock(), this);
}

void ServerProcesses::start(Token token) {
  Session& session = needs_.sessions.at(token);
  if (wants_pair(session)) return make_pair(token);
  const bool hands_over = service().hands_over();
  if (hands_over && !session.socket && !needs_.waiting.lend(session)) return needs_.endings.withdraw(token);
  if (hands_over && service().datagrams() && !service().steered()) net::let_server_bind_beside(session.socket.get());
  auto context = exec_context(session);
  if (!context) return context_failed(token, context.error().sentence);
  keep_for_lingering(session);
  needs_.journal.note_local(session);
  session.started = needs_.clock.now();
  session.started_wall = std::chrono::system_clock::now();
  base::make_room(needs_.census.owners);
  needs_.census.owners[token] = as_owner();
  needs_.serving.children.expect(needs_.census.owners.size());  // once it runs, nothing may fail
  base::Fd socket = std::move(session.handler_end ? session.handler_end : session.socket);
  spawn::Job job{token, needs_.setup.recipe, std::move(socket), base::AddressText(session.peer.address), std::move(*context)};
  if (tells_of_connections(service())) job.own = own_words(service(), facts_of(service(), token, session, job.socket.get()));
  errors_.direct(token, job);
  const auto load = session.alone ? spawn::Spawner::Load::alone : spawn::Spawner::Load::many;
  if (auto outcome = needs_.serving.spawner.start(std::move(job), load)) on_outcome(std::move(*outcome));
}

/// Of one that came without a proxy the connection says what is true, and one under TLS is a pair already.
bool ServerProcesses::wants_pair(const Session& session) const {
  return session.proxied() && shows_real_peer(service()) && !session.covered && !session.handler_end;
}

void ServerProcesses::make_pair(Token token) {
  if (!needs_.serving.conversations.has_room()) return needs_.decider.feed(Denied{token, policy::Reason::fork});
  Session& session = needs_.sessions.at(token);
  session.started = needs_.clock.now();  // time limits reckon from here
  const PairEnds ends = pair_ends(session, Shows::client);
  session.pair = needs_.serving.pairs->make(ends.peer, ends.local, needs_.life.guard([this, token](base::Result<net::TruePair> pair) {
    needs_.endings.attempt(token, [&] { paired(token, std::move(pair)); });
  }));
}

void ServerProcesses::paired(Token token, base::Result<net::TruePair> pair) {
  Session* session = needs_.sessions.find(token);
  if (!session || std::exchange(session->pair, 0) == 0) return;
  if (!pair) return never_began(token, fmt::format("service {}: {}", service().id, pair.error().sentence));
  session->handler_end = std::move(pair->handler);
  session->carrier_end = std::move(pair->carrier);
  start(token);
}

void ServerProcesses::watch(Token token, pid_t pid, base::Fd pidfd) {
  needs_.census.owners[token] = as_owner();
  needs_.serving.children.watch(token, pid, std::move(pidfd));
}

/// For services with the flag LABELED; empty for all others.
base::Result<std::string> ServerProcesses::exec_context(const Session& session) const {
  if (!service().has(config::Flag::labeled)) return std::string();
  if (!needs_.serving.labels) return base::Error{0, "this kernel has no SELinux"};
  return needs_.serving.labels->exec_context(session.socket.get(), needs_.setup.recipe->path);
}

/// Without its label nobody is served (fact B6.15).
void ServerProcesses::context_failed(Token token, const std::string& why) {
  never_began(token, fmt::format("Changing process context failed for {}: {}", service().id, why));
}

/// To try again would change nothing. No process existed, so the service's log has nothing to tell.
void ServerProcesses::never_began(Token token, const std::string& why) {
  needs_.sessions.counters().fail(std::chrono::system_clock::now());
  needs_.journal.daemon().error("{}", why);
  const Session ended = std::move(needs_.sessions.at(token));
  needs_.endings.end(token);
  (void)needs_.waiting.drop_unread(ended);
  needs_.decider.feed(StartFailed{token, true});
}

void ServerProcesses::on_outcome(spawn::Outcome outcome) {
  if (auto* good = std::get_if<spawn::Started>(&outcome)) return started(*good);
  auto& bad = std::get<spawn::StartFailed>(outcome);
  needs_.endings.attempt(bad.token, [&] { failed(bad); });
}

void ServerProcesses::started(spawn::Started& outcome) {
  Session& session = needs_.sessions.at(outcome.token);
  session.pid = outcome.pid;
  needs_.way.go(outcome.token, SessionEvent::started);
  needs_.waiting.on_server(session);
  needs_.sessions.counters().serve(needs_.clock.now() - session.accepted);
  needs_.serving.children.watch(outcome.token, outcome.pid, needs_.census.reserve.below(std::move(outcome.pidfd)));
  if (session.carrier_end) carriers_.carry(std::move(session.socket), std::move(session.carrier_end));
  needs_.journal.started(outcome.token, session, outcome.pid);
  errors_.started(outcome.token, outcome.pid);
  needs_.decider.feed(Started{outcome.token});
  needs_.signals.started(outcome.token);
}

void ServerProcesses::failed(spawn::StartFailed& outcome) {
  needs_.census.owners.erase(outcome.token);
  needs_.census.tallies.failed_at(outcome.step);
  errors_.failed(outcome.token);
  if (outcome.step == spawn::Step::box && !may_pass(outcome.error)) return never_began(outcome.token, fmt::format("{}: {}", service().id, outcome.detail));
  outcome.process_existed ? not_executed(outcome) : not_created(outcome);
}

/// It may be tried again.
void ServerProcesses::not_created(spawn::StartFailed& outcome) {
  if (outcome.step == spawn::Step::box)
    needs_.journal.daemon().error("{}: {}", service().id, outcome.detail);
  else if (outcome.step == spawn::Step::enter)
    needs_.journal.daemon().error("{}: {} failed: {}", service().id, spawn::step_text(outcome.step), base::errno_text(outcome.error));
  else
    needs_.journal.daemon().error("{}: fork failed: {}", service().id, base::errno_text(outcome.error));
  Session& session = needs_.sessions.at(outcome.token);
  (session.carrier_end ? session.handler_end : session.socket) = std::move(outcome.socket);
  const State& state = needs_.decider.state();
  const std::size_t before = state.running();
  needs_.decider.feed(StartFailed{outcome.token, false});
  if (state.running() < before && !service().has(config::Flag::noretry))
    needs_.journal.daemon().error("service {}: too many consecutive fork failures", service().id);
}

void ServerProcesses::not_executed(const spawn::StartFailed& outcome) {
  const std::string reason = base::errno_text(outcome.error);
  if (outcome.step == spawn::Step::exec)
    needs_.journal.daemon().error("execv( {} ) failed: {} (service={})", needs_.setup.recipe->path, reason, service().id);
  else
    needs_.journal.daemon().error("{} failed: {} (service={})", spawn::step_text(outcome.step), reason, service().id);
  Session& session = needs_.sessions.at(outcome.token);
  needs_.journal.started(outcome.token, session, outcome.pid);
  needs_.journal.ended(session, {.token = outcome.token, .pid = outcome.pid, .status = {false, outcome.status}});
  needs_.sessions.counters().fail(std::chrono::system_clock::now());
  const Session ended = std::move(session);
  needs_.endings.end(outcome.token);
  (void)needs_.waiting.drop_unread(ended);
  needs_.decider.feed(StartFailed{outcome.token, true});
}

void ServerProcesses::on_ended(const spawn::Ended& end) {
  Session session = std::move(needs_.sessions.at(end.token));
  const auto duration = needs_.clock.now() - session.started;
  needs_.sessions.counters().end(duration);
  needs_.endings.end(end.token);
  std::optional<net::Head> next;
  std::exception_ptr thrown;
  try {
    linger(session, end.pid);
    needs_.waiting.came_back(session);  // before anybody hears of the end: who does may come at once
    tell_limits(session, end);
    needs_.journal.ended(session, {.token = end.token, .pid = end.pid, .status = {end.signalled, end.value}, .duration = duration, .usage = end.usage});
    next = needs_.waiting.drop_unread(session);
  } catch (...) {  // its place is free all the same
    thrown = std::current_exception();
  }
  note_misdeed(session, end);
  next ? needs_.waiting.go_on_with(end.token, *next) : needs_.decider.feed(Exited{end.token});
  if (thrown) std::rethrow_exception(thrown);
}

/// Who is refused another process may well go on; without memory all of them have been ended.
void ServerProcesses::tell_limits(const Session& session, const spawn::Ended& end) const {
  const box::Struck& struck = end.struck;
  const std::pair<bool, std::string_view> limits[]{{struck.tasks, "tasks_max"}, {struck.service_tasks, "service_tasks_max"},
                                                   {struck.memory, "memory_max"}, {struck.service_memory, "service_memory_max"}};
  for (const auto& [met, word] : limits)
    if (met) needs_.journal.limited(end.token, session, end.pid, word);
  const bool ended = (struck.memory || struck.service_memory) && end.signalled && end.value == SIGKILL;
  if (ended && session.limited == base::Moment{}) ++needs_.sessions.counters().limited;
}

/// How its server ended may cost its source time, or have it banned. That of one that has been ended is the limit's price.
void ServerProcesses::note_misdeed(const Session& session, const spawn::Ended& end) const {
  using Cause = config::Penalty::Cause;
  if (!policy::minds_misdeeds(service()) || session.limited != base::Moment{} || session.signalled) return;
  needs_.decider.feed(Misbehaved{session.peer.address, {end.signalled ? Cause::signal : Cause::exit, end.value}, needs_.clock.now(),
                                 session.proxied()});
}

/// Without a descriptor to be had the server is started all the same. One with a pair has no need: who carries its bytes
/// passes on what it has said.
void ServerProcesses::keep_for_lingering(Session& session) const {
  if ((service().lingers() || session.in_kernel) && !session.handler_end) session.lingers.reset(::fcntl(session.socket.get(), F_DUPFD_CLOEXEC, 0));
}

/// A child that the server has left behind may be using the connection: then it is the child's. Where the kernel speaks TLS nobody
/// but us tells the peer that its server has said all.
void ServerProcesses::linger(Session& session, pid_t server) const {
  if (!session.lingers || group_lives(server)) return;
  const auto until = [&](std::chrono::seconds after) { return needs_.clock.now() + after; };
  const std::chrono::seconds time(service().lingers() ? service().settings.linger.value_or(0) : 0);
  Lingering& lingering = *needs_.serving.lingering;
  if (session.in_kernel) return lingering.take_covered(std::move(session.lingers), until(std::max(time, time_to_take_the_rest)), service().lingers());
  lingering.take(std::move(session.lingers), until(time));
}

}  // namespace xsuperd::service
