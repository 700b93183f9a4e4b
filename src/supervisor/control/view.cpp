// SPDX-License-Identifier: MIT
#include "supervisor/control/view.hpp"

#include <algorithm>

#include "supervisor/impl.hpp"

namespace xsuperd::supervisor {

Services View::services() const { return {daemon_->runners.begin(), daemon_->runners.end()}; }

Services View::services_and_retired() const {
  Services all = services();
  all.insert(all.end(), daemon_->retired.begin(), daemon_->retired.end());
  return all;
}

std::size_t View::retired() const { return daemon_->retired.size(); }

service::Counters View::counters() const {
  service::Counters sum = daemon_->gone;
  for (const auto* runners : {&daemon_->runners, &daemon_->retired})
    for (const auto& runner : *runners) sum += runner->counters();
  return sum;
}

bool View::asks() const {
  return std::any_of(daemon_->runners.begin(), daemon_->runners.end(), [](const auto& runner) { return runner->targets().asks(); });
}

std::shared_ptr<const config::Config> View::configuration() const { return daemon_->config; }
const std::string& View::configuration_path() const { return daemon_->options.sources.path(); }
base::WallTime View::loaded_at() const { return daemon_->loaded_at; }
const LoadRecord& View::last_load() const { return daemon_->last_load; }
const config::Abilities& View::abilities() const { return daemon_->abilities; }

const std::string& View::version() const { return daemon_->options.version; }
base::WallTime View::started() const { return daemon_->started; }
bool View::ending() const { return daemon_->ending; }
log::Level View::log_level() const { return daemon_->log.threshold(); }
std::size_t View::clients() const { return daemon_->control ? daemon_->control->clients() : 0; }
std::vector<pid_t> View::workers() const { return daemon_->workers.workers(); }
std::size_t View::conversations() const { return daemon_->workers.running(); }
View::WorkerFailures View::worker_failures() const { return {daemon_->worker_failures, daemon_->last_worker_failure}; }

const policy::BanList& View::bans() const { return daemon_->around.bans.list; }
base::Moment View::now() const { return daemon_->around.clock.now(); }
std::optional<double> View::load() const { return daemon_->around.clock.load ? daemon_->around.clock.load() : std::nullopt; }
std::uint64_t View::process_limit() const { return daemon_->around.census.process_limit; }
std::uint64_t View::processes() const { return daemon_->around.census.processes; }

}  // namespace xsuperd::supervisor
