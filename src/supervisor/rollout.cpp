// SPDX-License-Identifier: MIT
#include "supervisor/rollout.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "supervisor/inner_services.hpp"
#include "supervisor/surely.hpp"
#include "xsuperd/config/endpoint.hpp"

namespace xsuperd::supervisor {

namespace {

using ByService = std::unordered_map<const config::Service*, std::shared_ptr<service::Runner>>;

std::shared_ptr<service::Runner> find(const ByService& runners, const SharedService& service) {
  const auto found = service ? runners.find(service.get()) : runners.end();
  return found == runners.end() ? nullptr : found->second;
}

ByService by_service(const Roster& roster) {
  ByService all;
  all.reserve(roster.served().size());
  for (const auto& runner : roster.served()) all.emplace(&runner->service(), runner);
  return all;
}

/// Where a service that may be changed is: on the list of the configuration, and who serves it.
struct Place {
  std::size_t index = 0;
  std::shared_ptr<service::Runner> runner;
};

/// The places of the services that are to be changed, in their order; none for one that is no longer there.
std::vector<Place> places_of(const Rollout::Changes& changes, const config::Config& config, const Roster& roster) {
  const ByService runners = by_service(roster);
  std::unordered_map<const config::Service*, std::size_t> indices;
  indices.reserve(config.services.size());
  for (std::size_t i = 0; i < config.services.size(); ++i) indices.emplace(config.services[i].get(), i);
  std::vector<Place> places;
  places.reserve(changes.size());
  for (const auto& [before, after] : changes) {
    const auto index = indices.find(before.get());
    places.push_back(index == indices.end() ? Place{} : Place{index->second, find(runners, before)});
  }
  return places;
}

/// New Runners that can have the socket of one that goes get it before that one is told to go.
std::shared_ptr<service::Runner> new_runner(service::Surroundings& around, const ByService& old, const Roster& roster,
                                            Step& step) {
  auto runner = std::make_shared<service::Runner>(around, std::move(step.setup));
  roster.restore_standing(*runner);
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

/// How many went.
std::size_t retire_going(Roster& roster, const ByService& old, const Prepared& prepared, const log::DaemonLog& log) {
  const bool keep = prepared.loaded.config->defaults.removed_sessions == config::RemovedSessions::keep;
  std::size_t gone = 0;
  for (const auto& service : prepared.going) {
    const auto runner = find(old, service);
    if (!runner) continue;
    roster.retire(runner, keep ? service::Runner::Servers::leave : service::Runner::Servers::terminate);
    log.notice("service {} deactivated", service->id);
    ++gone;
  }
  give_logs(roster.retired(), prepared.logs_of_gone);
  return gone;
}

}  // namespace

Rollout::Rollout(service::Surroundings& around, const service::DaemonFacts& facts, Roster& roster, InForce& in_force,
                 Logs& logs, const log::DaemonLog& log, std::function<bool()> closed)
    : around_(around),
      facts_(facts),
      roster_(roster),
      in_force_(in_force),
      logs_(logs),
      log_(log),
      closed_(std::move(closed)),
      awaited_(around.loop, *around.asked.targets, [this](const std::string& what, const std::vector<base::Address>& addresses) {
        open_awaited(what, addresses);
      }) {}

void Rollout::start_all() {
  for (const auto& service : in_force_.config()->services) {
    if (!in_force_.serves(*service)) continue;
    if (auto runner = make_runner(service)) {
      if (service->kind != config::Kind::tcpmux) runner->start();
      roster_.add(std::move(runner));
    }
  }
  served_anew();
}

void Rollout::served_anew() {
  note_internal_ports(around_, roster_);
  note_places(around_, roster_);
  awaited_.watch(*in_force_.config());
}

Running Rollout::running() const {
  Running running;
  running.config = in_force_.config();
  for (const auto& runner : roster_.served()) {
    running.runners.emplace(&runner->service(), runner->endpoints().open());
    if (!runner->sessions().empty()) running.busy.insert(&runner->service());
  }
  for (const auto& runner : roster_.retired())
    if (!runner->sessions().empty()) running.retired.push_back(runner->state().policy().shared_service());
  running.activated = around_.sockets.activated.facts();
  return running;
}

ReloadReport Rollout::apply(Prepared prepared) {
  if (prepared.daemon_log) logs_.replace_ours(std::move(*prepared.daemon_log));
  log_findings(log_, prepared.loaded.diagnostics);
  for (const auto* problems : {&prepared.problems, &prepared.unbound})
    for (const std::string& problem : *problems) log_.error("{}", problem);
  for (const std::string& lost : prepared.logs_lost) log_.warning("{}", lost);
  ReloadReport report = report_of(prepared);
  if (prepared.refused.empty()) {
    report.counts = commit(std::move(prepared));
    report.applied = true;
  } else {
    log_.warning("reconfiguration failed; the old configuration stays in effect: {}", prepared.refused);
    surely(log_, [this] { logs_.reopen_services(); });  // they may have been moved away all the same
  }
  return report;
}

ReloadCounts Rollout::commit(Prepared prepared) {
  log_.notice("Swapping defaults");
  logs_.put(std::move(prepared.logs));
  const ByService old = by_service(roster_);

  Runners next(prepared.steps.size());
  for (std::size_t i = 0; i < next.size(); ++i)
    if (Step& step = prepared.steps[i]; step.kind == Step::Kind::fresh) next[i] = new_runner(around_, old, roster_, step);

  ReloadCounts counts;
  counts.dropped = retire_going(roster_, old, prepared, log_);

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
  roster_.serve(std::move(next));
  in_force_.put(prepared.loaded.config);
  served_anew();
  roster_.collect();
  in_force_.say_not_in_effect();
  log_.notice("Reconfigured: new={} old={} dropped={} (services)", counts.fresh, counts.old, counts.dropped);
  return counts;
}

void Rollout::adjust(service::Runner& runner, Step& step) {
  if (step.kind == Step::Kind::unchanged) {
    service::Outputs outputs{std::move(step.setup.service_log), {}};
    if (!step.setup.event_log_failed) outputs.event_log = std::move(step.setup.event_log);
    return runner.log_to(std::move(outputs));
  }
  if (step.kind == Step::Kind::moved) return runner.move_to(std::move(step.setup));
  if (step.kind != Step::Kind::changed) return;  // its log could not be opened: it goes on as it was
  log_.notice("readjusting service {}", step.service->id);
  runner.reconfigure(std::move(step.setup));
}

/// What services waited for has addresses now. The configuration stays as it was read, but for their places: nothing else
/// that may have changed in the files comes into force.
void Rollout::open_awaited(const std::string& what, const std::vector<base::Address>& found_addresses) {
  if (closed_()) return;  // it is asked for again
  auto settled = std::make_shared<config::Config>(*in_force_.config());
  std::vector<std::pair<SharedService, SharedService>> found;
  for (auto& service : settled->services) {
    if (service->waits_for != what) continue;
    auto places = config::places_at(*service, found_addresses);
    if (places.empty()) continue;
    if (service->is(config::Type::rpc)) places.resize(1);
    auto placed = std::make_shared<config::Service>(*service);
    config::place(*placed, config::with_elements(*placed, std::move(places)));
    placed->waits_for.clear();
    found.emplace_back(service, placed);
    service = std::move(placed);
  }
  if (found.empty()) return;
  in_force_.put(std::move(settled));
  for (const auto& [before, placed] : found) place_awaited(what, before, placed);
  roster_.collect();
  served_anew();
}

void Rollout::place_awaited(const std::string& what, const SharedService& before, const SharedService& placed) {
  log_.notice("service {}: {} has an address now", placed->id, what);
  if (const std::string owner = config::taken_by_another(*in_force_.config(), *placed); !owner.empty())
    log_.error("Service {} cannot be opened: {}", placed->id, owner);
  const auto old = roster_.find(before);
  const auto runner = in_force_.serves(*placed) ? make_runner(placed) : nullptr;
  if (!old) return;
  if (runner) runner->count_on_from(*old);
  roster_.replace(old, runner);
  roster_.retire(old, service::Runner::Servers::leave);
  if (!runner) return;
  roster_.restore_standing(*runner);
  if (runner->service().kind != config::Kind::tcpmux) (void)runner->start();
}

Rollout::Changed Rollout::renew(const Changes& changes, IfOvertaken overtaken) {
  if (closed_()) return Changed::not_now;
  auto next = std::make_shared<config::Config>(*in_force_.config());
  const std::vector<Place> places = places_of(changes, *next, roster_);
  if (overtaken == IfOvertaken::change_nothing && !std::ranges::all_of(places, [](const Place& one) { return one.runner != nullptr; }))
    return Changed::overtaken;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (!places[i].runner) continue;
    const SharedService& after = changes[i].second;
    next->services[places[i].index] = after;
    places[i].runner->move_to({.policy = std::make_shared<policy::Policy>(after), .recipe = nullptr, .service_log = nullptr, .logs_stay = true});
  }
  in_force_.put(std::move(next));
  return Changed::done;
}

std::shared_ptr<service::Runner> Rollout::make_runner(const SharedService& service) {
  auto setup = make_setup(service, logs_.of_services(), facts_);
  if (setup) {
    if (const auto trouble = add_event_log(*setup, *service, logs_.of_services()); !trouble.empty()) log_.error("{}", trouble);
    return std::make_shared<service::Runner>(around_, std::move(*setup));
  }
  log_.error("{}", setup.error().sentence);
  log_.error("Service {} failed to start and is deactivated.", service->id);
  return nullptr;
}

void Rollout::take_over(const HandOver& state, const std::vector<SharedService>& services,
                        const std::function<base::Fd(int)>& take) {
  Runners all;
  for (const HandOver::Runner& inherited : state.runners) {
    auto runner = take_over_runner(services[inherited.service]);
    runner->restore(inherited.state, take);
    inherited.retired ? roster_.add_retired(runner) : roster_.add(runner);
    all.push_back(std::move(runner));
  }
  served_anew();
  for (const auto& runner : all) runner->carry_on();
  roster_.collect();
}

/// Not being able to write its log is no reason to lose a service that runs.
std::shared_ptr<service::Runner> Rollout::take_over_runner(const SharedService& service) {
  auto output = logs_.of_services().output_for(*service);
  if (!output) log_.error("service {} continues without its log: {}", service->id, output.error().sentence);
  service::Setup setup{std::make_shared<policy::Policy>(service), service::make_recipe(*service, facts_),
                       output ? std::move(*output) : nullptr};
  if (const auto trouble = add_event_log(setup, *service, logs_.of_services()); !trouble.empty()) log_.error("{}", trouble);
  return std::make_shared<service::Runner>(around_, std::move(setup));
}

}  // namespace xsuperd::supervisor
