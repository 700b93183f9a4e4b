// SPDX-License-Identifier: MIT
// What the supervisor remembers for those who ask through the control socket.
#include "supervisor/impl.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/control/schema/daemon.hpp"

namespace xsuperd::supervisor {

void Supervisor::Impl::record_load(const config::Diagnostics& diagnostics, const std::vector<std::string>& unguarded,
                                   bool is_reload, bool applied) {
  last_load = {std::chrono::system_clock::now(), is_reload, std::string(applied ? control::Outcomes::applied : control::Outcomes::refused),
               diagnostics.count(config::Level::error), diagnostics.count(config::Level::warning), unguarded};
  if (last_load.unguarded.size() > LoadRecord::most_unguarded) last_load.unguarded.resize(LoadRecord::most_unguarded);
  if (applied) loaded_at = last_load.at;
}

void Supervisor::Impl::worker_failed(const std::string& what) {
  ++worker_failures;
  last_worker_failure = std::chrono::system_clock::now();
  log.error("{}", what);
}

/// Their counts stay in the totals.
void Supervisor::Impl::let_go_of_retired() {
  std::erase_if(retired, [this](const auto& runner) {
    if (runner->sessions().empty()) gone += runner->counters();
    return runner->sessions().empty();
  });
}

/// Kept by id, so that a reload that makes the service anew finds it.
void Supervisor::Impl::set_standing(service::Runner& runner, service::Standing standing) {
  const std::string id = base::to_lower(runner.service().id);
  if (standing == service::Standing::serving)
    standings.erase(id);
  else
    standings[id] = standing;
  runner.stand(standing);
}

void restore_standing(const Standings& standings, service::Runner& runner) {
  if (standings.empty()) return;
  const auto found = standings.find(base::to_lower(runner.service().id));
  if (found != standings.end()) runner.stand(found->second);
}

}  // namespace xsuperd::supervisor
