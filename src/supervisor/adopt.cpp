// SPDX-License-Identifier: MIT
// The new image's part of an upgrade: it goes on where the old one was.
#include <csignal>

#include "supervisor/hand_over_config.hpp"
#include "supervisor/impl.hpp"
#include "supervisor/noted_names.hpp"

namespace xsuperd::supervisor {

bool Supervisor::Impl::take_over() {
  const HandOver& state = options.inherited->state();
  NotedNames noted(names);
  noted.remember(state.notes);
  const auto restored = restore_configuration(state, noted);
  if (!restored) {
    log.critical("take_over", restored.error().sentence);
    return false;
  }
  config = restored->config;
  service_logs = std::make_unique<ServiceLogs>(options.identity, options.syslog_file);
  take_over_rest(state);
  take_over_runners(state, restored->services);
  open_control();
  log.notice("{} has taken over from {}: {} available services, {} servers and conversations go on", options.version,
             state.daemon.program_version, available(), around.census.processes);
  if (state.log_behind) log.warning("the logs could not take everything before the upgrade: lines may be missing");
  say_not_in_effect();
  manager.ready();
  if (state.reload_wanted) reload();  // which says when it is ready again
  options.inherited.reset();  // what nobody wanted is closed
  return true;
}

/// Before the Runners: sessions go on as soon as they are there.
void Supervisor::Impl::take_over_rest(const HandOver& state) {
  const auto take = [this](int number) { return options.inherited->take(number); };
  started = state.started;
  loaded_at = state.loaded;
  last_load = state.last_load;
  log.set_threshold(state.log_level);
  gone = state.gone;
  worker_failures = state.worker_failures;
  last_worker_failure = state.last_worker_failure;
  for (const HandOver::Standing& one : state.standings) standings[one.id] = one.standing;
  around.census.last_token = state.last_token;
  around.bans.list.restore(state.bans);
  around.bans.displaced_told = state.displaced_told;
  around.datagrams.chargen.line = state.chargen_line;
  for (const worker::HandedWorker& worker : state.workers) workers.adopt(worker, take);
  for (const HandOver::HandedSocket& handed : state.handed)
    if (base::Fd socket = take(handed.socket)) around.sockets.handed.give_back({handed.name, std::move(socket), handed.foreign});
  for (const service::HandedLinger& one : state.lingering)
    if (base::Fd socket = take(one.socket)) around.serving.lingering->take(std::move(socket), one.until);
  for (const HandOver::Leftover& leftover : state.leftovers)
    if (base::Fd pidfd = take(leftover.pidfd)) end_leftover(std::move(pidfd));
  expire_bans();
}

/// It ends by itself, unless it is stopped or hangs.
void Supervisor::Impl::end_leftover(base::Fd pidfd) {
  leftovers.watch(++last_leftover, 0, std::move(pidfd));
  (void)leftovers.signal(last_leftover, SIGKILL);
}

void Supervisor::Impl::take_over_runners(const HandOver& state,
                                         const std::vector<std::shared_ptr<const config::Service>>& services) {
  Runners all;
  for (const HandOver::Runner& handed : state.runners) {
    auto runner = take_over_runner(services[handed.service]);
    runner->restore(handed.state, [this](int number) { return options.inherited->take(number); });
    (handed.retired ? retired : runners).push_back(runner);
    all.push_back(std::move(runner));
  }
  note_internal_ports();
  awaited.watch(*config);
  for (const auto& runner : all) runner->carry_on();
  collect_retired();
}

/// Not being able to write its log is no reason to lose a service that runs.
std::shared_ptr<service::Runner> Supervisor::Impl::take_over_runner(
    const std::shared_ptr<const config::Service>& service) {
  auto output = service_logs->output_for(*service);
  if (!output) log.error("service {} goes on without its log: {}", service->id, output.error().sentence);
  service::Setup setup{std::make_shared<policy::Policy>(service), service::make_recipe(*service, facts),
                       output ? std::move(*output) : nullptr};
  return std::make_shared<service::Runner>(around, std::move(setup));
}

}  // namespace xsuperd::supervisor
