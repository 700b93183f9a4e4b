// SPDX-License-Identifier: MIT
#include "supervisor/control/view.hpp"

#include "supervisor/control/door.hpp"
#include "supervisor/tallies.hpp"

namespace xsuperd::supervisor {

Services View::services() const { return {daemon_.roster.served().begin(), daemon_.roster.served().end()}; }

Services View::services_and_retired() const {
  Services all = services();
  all.insert(all.end(), daemon_.roster.retired().begin(), daemon_.roster.retired().end());
  return all;
}

std::size_t View::retired() const { return daemon_.roster.retired().size(); }
service::Counters View::counters() const { return daemon_.roster.counters(); }
bool View::asks() const { return daemon_.roster.asks(); }

std::shared_ptr<const config::Config> View::configuration() const { return daemon_.in_force.config(); }
const std::string& View::configuration_path() const { return daemon_.configuration_path; }
base::WallTime View::loaded_at() const { return daemon_.in_force.loaded_at(); }
const LoadRecord& View::last_load() const { return daemon_.in_force.last_load(); }
const config::Abilities& View::abilities() const { return daemon_.in_force.abilities(); }

const std::string& View::version() const { return daemon_.version; }
const Lifetime& View::lifetime() const { return daemon_.lifetime; }
log::Level View::log_level() const { return daemon_.log.threshold(); }
std::size_t View::clients() const { return daemon_.door.clients(); }
std::vector<pid_t> View::workers() const { return daemon_.processes.workers().workers(); }
std::size_t View::conversations() const { return daemon_.processes.workers().running(); }
control::reply::Boxes View::boxes() const {
  const box::BoxCounts& counts = daemon_.processes.boxes().counts();
  return {daemon_.processes.spawner().lent(), daemon_.processes.boxes().spare(), counts.made, counts.lent, counts.again,
          counts.discarded, counts.doubtful, counts.failed};
}
const Processes::WorkerFailures& View::worker_failures() const { return daemon_.processes.worker_failures(); }

const log::History& View::history() const { return daemon_.around.history; }

void View::tell_tallies(control::reply::Metrics& to) const {
  for (const HandOver::Tally& one : tallies_of(daemon_.around.census.tallies)) {
    auto& table = one.of == tally_words::start ? to.failed_starts : to.handshakes;
    table.emplace_back(one.word, one.count);
  }
  to.tls_workers = daemon_.processes.tls_workers().workers().size();
  to.tls_conversations = daemon_.processes.tls_workers().running();
  to.reloads_applied = daemon_.in_force.reloads().applied;
  to.reloads_refused = daemon_.in_force.reloads().refused;
  to.upgrades = daemon_.lifetime.upgrades();
  to.log_lost = daemon_.lifetime.lost_before() + daemon_.writer.lost();
}
base::Moment View::now() const { return daemon_.around.clock.now(); }
std::optional<double> View::load() const { return daemon_.around.clock.load ? daemon_.around.clock.load() : std::nullopt; }
const service::Census& View::census() const { return daemon_.around.census; }

}  // namespace xsuperd::supervisor
