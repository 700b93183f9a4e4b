// SPDX-License-Identifier: MIT
// The turn of the loop in which a prepared configuration comes into force.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "supervisor/impl.hpp"
#include "xsuperd/config/endpoint.hpp"

namespace xsuperd::supervisor {

namespace {

using ByService = std::unordered_map<const config::Service*, std::shared_ptr<service::Runner>>;

std::shared_ptr<service::Runner> find(const ByService& runners, const SharedService& service) {
  const auto found = service ? runners.find(service.get()) : runners.end();
  return found == runners.end() ? nullptr : found->second;
}

/// New Runners that can have the socket of one that goes get it before that one is told to go.
std::shared_ptr<service::Runner> new_runner(service::Surroundings& around, const ByService& old,
                                            const Standings& standings, Step& step) {
  auto runner = std::make_shared<service::Runner>(around, std::move(step.setup));
  restore_standing(standings, *runner);
  if (const auto before = find(old, step.before)) runner->count_on_from(*before);
  for (const SharedService& one : step.donors)
    if (const auto donor = find(old, one)) (void)runner->start_on_sockets_of(*donor);
  return runner;
}

void start_if_not_open(service::Runner& runner, service::BoundSockets sockets) {
  const service::Phase phase = runner.state().phase();
  const bool open = phase == service::Phase::listening || phase == service::Phase::busy;
  if (runner.service().kind == config::Kind::tcpmux || runner.endpoints().all_open()) return;
  if (phase == service::Phase::closed || (open && runner.endpoints().open())) (void)runner.start(std::move(sockets));
}

}  // namespace

void Supervisor::Impl::adjust(service::Runner& runner, Step& step) {
  if (step.kind == Step::Kind::unchanged) return runner.log_to(std::move(step.setup.service_log));
  if (step.kind == Step::Kind::moved) return runner.move_to(std::move(step.setup));
  if (step.kind != Step::Kind::changed) return;  // its log could not be opened: it goes on as it was
  log.notice("readjusting service {}", step.service->id);
  runner.reconfigure(std::move(step.setup));
}

void Supervisor::Impl::give_logs(const Runners& to, const LogsOfServices& opened) {
  for (const auto& runner : to)
    if (const auto output = opened.find(&runner->service()); output != opened.end()) runner->log_to(output->second);
}

ReloadCounts Supervisor::Impl::commit(Prepared prepared) {
  log.notice("Swapping defaults");
  service_logs = std::move(prepared.logs);
  const bool keep = prepared.loaded.config->defaults.removed_sessions == config::RemovedSessions::keep;
  ByService old;
  for (const auto& runner : runners) old.emplace(&runner->service(), runner);

  Runners next(prepared.steps.size());
  for (std::size_t i = 0; i < next.size(); ++i)
    if (Step& step = prepared.steps[i]; step.kind == Step::Kind::fresh) next[i] = new_runner(around, old, standings, step);

  ReloadCounts counts;
  for (const auto& service : prepared.going) {
    const auto runner = find(old, service);
    if (!runner) continue;
    retire(runner, keep ? service::Runner::Servers::leave : service::Runner::Servers::terminate);
    log.notice("service {} deactivated", service->id);
    ++counts.dropped;
  }
  give_logs(retired, prepared.logs_of_gone);

  // What changes first: it may leave a place to one that is new.
  for (std::size_t i = 0; i < next.size(); ++i) {
    Step& step = prepared.steps[i];
    if (step.kind == Step::Kind::fresh) {
      ++counts.fresh;
    } else if (step.kind != Step::Kind::none || step.service == step.before) {
      next[i] = find(old, step.before);
      if (!next[i]) continue;
      ++counts.old;
      adjust(*next[i], step);
    }
  }
  for (std::size_t i = 0; i < next.size(); ++i)
    if (next[i]) start_if_not_open(*next[i], std::move(prepared.steps[i].sockets));
  std::erase(next, nullptr);
  runners = std::move(next);
  config = prepared.loaded.config;
  note_internal_ports();
  awaited.watch(*config);
  collect_retired();
  say_not_in_effect();
  log.notice("Reconfigured: new={} old={} dropped={} (services)", counts.fresh, counts.old, counts.dropped);
  if (available() == 0 && !options.stay_alive) {
    log.critical("hard_reconfig", "No available services. Exiting");
    stop(1);
  }
  return counts;
}

/// What services waited for has addresses now. The configuration stays as it was read, but for their places: nothing else
/// that may have changed in the files comes into force.
void Supervisor::Impl::open_awaited(const std::string& what, const std::vector<base::Address>& found_addresses) {
  if (ending || preparing || upgrading) return;  // it is asked for again
  auto settled = std::make_shared<config::Config>(*config);
  std::vector<std::pair<SharedService, SharedService>> found;
  for (auto& service : settled->services) {
    if (service->waits_for != what) continue;
    auto places = config::places_at(*service, found_addresses);
    if (places.empty()) continue;
    if (service->is(config::Type::rpc)) places.resize(1);
    auto placed = std::make_shared<config::Service>(*service);
    config::place(*placed, std::move(places));
    placed->waits_for.clear();
    found.emplace_back(service, placed);
    service = std::move(placed);
  }
  if (found.empty()) return;
  config = std::move(settled);
  for (const auto& [before, placed] : found) place_awaited(what, before, placed);
  note_internal_ports();
  collect_retired();
  awaited.watch(*config);
}

void Supervisor::Impl::place_awaited(const std::string& what, const SharedService& before, const SharedService& placed) {
  log.notice("service {}: {} has an address now", placed->id, what);
  if (const std::string owner = config::taken_by_another(*config, *placed); !owner.empty())
    log.error("Service {} cannot be opened: {}", placed->id, owner);
  const auto old = std::find_if(runners.begin(), runners.end(), [&](const auto& one) { return one->state().policy().shared_service() == before; });
  auto runner = served(*placed) ? make_runner(placed) : nullptr;
  if (old == runners.end()) return;
  if (!runner) {
    retire(*old, service::Runner::Servers::leave);
    runners.erase(old);
    return;
  }
  runner->count_on_from(**old);
  retire(std::exchange(*old, runner), service::Runner::Servers::leave);
  restore_standing(standings, *runner);
  if (runner->service().kind != config::Kind::tcpmux) (void)runner->start();
}

std::shared_ptr<service::Runner> Supervisor::Impl::make_runner(const SharedService& service) {
  auto setup = make_setup(service, *service_logs, facts);
  if (setup) return std::make_shared<service::Runner>(around, std::move(*setup));
  log.error("{}", setup.error().sentence);
  log.error("Service {} failed to start and is deactivated.", service->id);
  return nullptr;
}

void Supervisor::Impl::retire(const std::shared_ptr<service::Runner>& runner, service::Runner::Servers servers) {
  runner->retire(servers);
  retired.push_back(runner);  // an idle one until collect_retired() has taken its counts
}

}  // namespace xsuperd::supervisor
