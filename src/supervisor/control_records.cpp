// SPDX-License-Identifier: MIT
// What the supervisor remembers for those who ask through the control socket.
#include "supervisor/impl.hpp"

namespace xsuperd::supervisor {

void Supervisor::Impl::record_load(const config::Diagnostics& diagnostics, const std::vector<std::string>& unguarded,
                                   bool is_reload, bool applied) {
  last_load = {std::chrono::system_clock::now(), is_reload, applied ? "applied" : "refused",
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
    if (runner->idle()) gone += runner->counters();
    return runner->idle();
  });
}

}  // namespace xsuperd::supervisor
