// SPDX-License-Identifier: MIT
// What the supervisor remembers for those who ask through the control socket.
#include "supervisor/impl.hpp"

namespace xsuperd::supervisor {

namespace {
constexpr std::size_t most_findings = 200;
}

void Supervisor::Impl::record_load(const config::Loaded& loaded, bool is_reload) {
  const bool applied = loaded.fatal == config::Loaded::Fatal::none;
  last_load = {std::chrono::system_clock::now(),
               is_reload,
               applied ? "applied" : "refused",
               loaded.diagnostics.count(config::Level::error),
               loaded.diagnostics.count(config::Level::warning),
               {}};
  if (applied) loaded_at = last_load.at;
  for (const config::Diagnostic& d : loaded.diagnostics.all())
    if (d.level <= config::Level::warning && last_load.findings.size() < most_findings)
      last_load.findings.push_back(config::log_line(d));
}

void Supervisor::Impl::reload_done() {
  for (const auto& then : std::exchange(after_reload, {})) then();
}

/// Their counts stay in the totals.
void Supervisor::Impl::let_go_of_retired() {
  std::erase_if(retired, [this](const auto& runner) {
    if (runner->idle()) gone += runner->counters();
    return runner->idle();
  });
}

/// The daemon's log and those of all services, by name; what could not be opened goes on as it is, and is told.
std::vector<std::string> Supervisor::Impl::reopen_logs() {
  std::vector<std::string> troubles;
  if (auto trouble = reopen_daemon_log()) troubles.push_back(std::move(*trouble));
  service_logs = std::make_unique<ServiceLogs>(options.identity);
  for (const auto& runner : runners) {
    auto output = service_logs->output_for(runner->service());
    if (output)
      runner->change_log(std::move(*output));
    else
      troubles.push_back(fmt::format("service {}: {}", runner->service().id, output.error().sentence));
  }
  for (const std::string& trouble : troubles) log.error("{}", trouble);
  return troubles;
}

}  // namespace xsuperd::supervisor
