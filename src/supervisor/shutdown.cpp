// SPDX-License-Identifier: MIT
#include "supervisor/shutdown.hpp"

#include <chrono>
#include <utility>

#include "supervisor/surely.hpp"

namespace xsuperd::supervisor {

namespace {
/// What workers have at the end of the daemon to tell how their conversations have ended.
constexpr std::chrono::seconds worker_grace{2};
/// Beyond the servers' own, until the daemon ends whatever there is still.
constexpr std::chrono::seconds last_grace{2};
}  // namespace

Shutdown::Shutdown(boost::asio::io_context& loop, Lifetime& lifetime, const log::DaemonLog& log, ManagerLink& manager,
                   Facilities& facilities, Roster& roster)
    : lifetime_(lifetime),
      log_(log),
      manager_(manager),
      facilities_(facilities),
      roster_(roster),
      alarm_(loop, [this] { lifetime_.stop(0); }) {}

void Shutdown::terminate() {
  if (!lifetime_.begin_to_end()) return;
  service::Surroundings& around = facilities_.around();
  alarm_.set(around.clock.grace + last_grace);  // first: whatever happens below, this ends
  log_.warning("Exiting...");
  surely(log_, [this] { manager_.stopping(); });
  around.sockets.paths_stay = std::exchange(around.sockets.duplicates_kept, false);  // they are for the next daemon
  for (const auto& runner : Runners(roster_.served()))
    surely(log_, [&] { roster_.retire(runner, service::Runner::Servers::terminate); });
  roster_.serve({});
  Processes& processes = facilities_.processes();
  surely(log_, [&] { processes.spawner().presume(true); });  // so that those servers get TERM, too
  surely(log_, [&] { processes.workers().terminate(worker_grace); });
  // Servers that end now may have last words for their peers.
  surely(log_, [&] { processes.tls_workers().terminate(std::chrono::duration_cast<std::chrono::milliseconds>(around.clock.grace)); });
  collect();
}

void Shutdown::quit() {
  lifetime_.stop(0);
  log_.warning("Exiting...");
  surely(log_, [this] { manager_.stopping(); });
  const bool paths_stay = facilities_.around().sockets.duplicates_kept;
  for (const auto& runner : roster_.served())
    surely(log_, [&] {
      runner->endpoints().leave_to_servers();
      if (!paths_stay) runner->endpoints().remove_paths();
    });
  facilities_.processes().children().abandon();
}

void Shutdown::collect() {
  roster_.collect();
  const bool all_gone = roster_.retired().empty() && facilities_.processes().children().remains() == 0;
  if (lifetime_.ending() && all_gone) lifetime_.stop(lifetime_.status());
}

}  // namespace xsuperd::supervisor
