// SPDX-License-Identifier: MIT
#include "xsuperd/service/runner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "service/parts.hpp"

namespace xsuperd::service {

Runner::Runner(Surroundings& around, Setup setup) : parts_(std::make_unique<Parts>(*this, around, std::move(setup))) {
  (void)parts_->endpoints.replace(service().places());
}

Runner::~Runner() = default;

bool Runner::start(BoundSockets bound) {
  Parts& p = *parts_;
  p.targets.stop_trying();
  if (!p.doorkeeper.wants_socket()) return true;
  if (p.endpoints.empty()) return p.decider.feed(Closed{}), false;  // what it waits for is looked up by somebody else
  if (p.targets.find_first()) return p.endpoints.stop_tries(), false;  // until then nobody is to be let in
  p.endpoints.start(std::move(bound));
  return p.endpoints.open();
}

bool Runner::start_on_sockets_of(Runner& leaving) { return parts_->endpoints.take_from(leaving.endpoints()); }

void Runner::count_on_from(Runner& before) {
  parts_->decider.count_on_from(before.parts_->decider);
  parts_->sessions.counters() = before.parts_->sessions.counters().hand_on();
}

namespace {

/// A log that could not be opened anew goes on where it is.
void keep_event_log(Setup& setup, const Setup& before) {
  if (setup.event_log_failed) setup.event_log = before.event_log;
}

}  // namespace

void Runner::reconfigure(Setup setup) {
  Parts& p = *parts_;
  keep_event_log(setup, p.setup);
  const bool new_versions = setup.service().settings.rpc_version != service().settings.rpc_version;
  if (new_versions) p.endpoints.unregister_rpc();
  p.targets.forget();  // perhaps another target, in any case looked up anew (fact B10.1)
  p.targets.forget_first();
  p.setup = std::move(setup);
  const auto places = service().places();
  for (const EndpointId closed : p.endpoints.replace(places))
    if (state().endpoints().is_open(closed)) p.decider.feed(Closed{closed});  // else it would end a pause of cps
  p.endpoints.reconfigure(places, new_versions);
  p.announcement.update();
  p.judging.reconfigured(false);
  p.times.watch_all();
}

void Runner::move_to(Setup setup) {
  setup.recipe = parts_->setup.recipe;
  if (setup.logs_stay) {
    setup.service_log = parts_->setup.service_log;
    setup.event_log = parts_->setup.event_log;
  }
  keep_event_log(setup, parts_->setup);
  parts_->setup = std::move(setup);
  parts_->judging.reconfigured(true);
}

void Runner::log_to(Outputs outputs) {
  Setup& setup = parts_->setup;
  if (outputs.service_log) setup.service_log = std::move(*outputs.service_log);
  if (outputs.event_log) setup.event_log = std::move(*outputs.event_log);
}

void Runner::retire(Servers servers) {
  Parts& p = *parts_;
  p.timers.cancel();
  p.targets.forget_first();
  if (servers == Servers::terminate) p.signals.must_end();
  p.decider.feed(Retire{});
  p.headers.give_up();
  // The timers of another try are gone: the peers hear of it now, and the places are free.
  for (const Token token : p.sessions.tokens()) p.decider.feed(RetryDue{token});
  // Nor will a place become free for those who wait for one.
  for (const Token token : p.sessions.tokens())
    if (const Session* session = p.sessions.find(token); session && session->phase == SessionPhase::queued) p.endings.withdraw(token);
  if (servers == Servers::leave) return;
  // Those who wait for a name, a banner or an identity server are sent away; what the spawner has goes on.
  for (const Token token : p.sessions.tokens())
    if (const Session* session = p.sessions.find(token);
        session && !session->served() && session->phase != SessionPhase::starting)
      p.endings.withdraw(token);
  p.conversations.stop_all();
  p.signals.end_all();
}

void Runner::stand(Standing standing) {
  Parts& p = *parts_;
  if (state().phase() == Phase::retiring || p.doorkeeper.standing() == standing) return;
  const bool had_socket = p.doorkeeper.wants_socket();
  p.doorkeeper.stand(standing);
  if (service().kind == config::Kind::tcpmux) return;  // it never has one: receive_from_tcpmux() asks for the standing
  if (had_socket && !wants_socket(standing)) {
    p.targets.stop_trying();
    p.endpoints.close();
    p.decider.feed(Closed{});  // which ends a pause of cps, too
    for (const auto& endpoint : p.endpoints) p.decider.feed(Closed{endpoint->id()});
    return;
  }
  if (!had_socket && wants_socket(standing)) return (void)start();
  if (standing == Standing::held) p.endpoints.pause();
  if (standing == Standing::serving) p.doorkeeper.listen_everywhere();
}

Standing Runner::standing() const { return parts_->doorkeeper.standing(); }

bool Runner::signal_session(Token token, int number) {
  const Session* session = parts_->sessions.find(token);
  if (!session || !session->served()) return false;
  if (session->pid != 0) return parts_->signals.send(token, number);
  parts_->conversations.stop(token);
  return true;
}

std::size_t Runner::signal_servers(int number) { return parts_->signals.send_all(number); }

void Runner::receive_from_tcpmux(base::Fd connection, const Session& before) {
  if (standing() != Standing::serving) return (void)net::send_now(connection.get(), "-Service not available\r\n");
  parts_->connections.receive_from_tcpmux(std::move(connection), before);
}

const config::Service& Runner::service() const { return parts_->setup.service(); }
const State& Runner::state() const { return parts_->decider.state(); }
const Sessions& Runner::sessions() const { return parts_->sessions; }
const Counters& Runner::counters() const { return parts_->sessions.counters(); }
const Endpoints& Runner::endpoints() const { return parts_->endpoints; }
const Targets& Runner::targets() const { return parts_->targets; }

bool accounted(const Runner& runner) {
  const SessionMap& all = runner.sessions().all();
  const auto served = std::count_if(all.begin(), all.end(), [](const auto& one) { return one.second.served(); });
  const std::uint64_t undecided = runner.sessions().size() - static_cast<std::uint64_t>(served);
  return runner.counters().accepted == runner.counters().decided() + undecided;
}

std::string waits_for(const Runner& runner) {
  const config::Service& service = runner.service();
  if (!service.waits_for.empty()) return fmt::format("the address of {}", service.waits_for);
  const bool closed = runner.state().phase() == Phase::closed && wants_socket(runner.standing());
  if (!closed || !runner.targets().needed()) return {};
  return fmt::format("the address of {}", service.settings.redirect->host);
}

}  // namespace xsuperd::service
