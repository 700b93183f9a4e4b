// SPDX-License-Identifier: MIT
// What the commands of the control socket may see of the daemon. Internal to supervisor.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/bans_watch.hpp"
#include "supervisor/in_force.hpp"
#include "supervisor/lifetime.hpp"
#include "supervisor/processes.hpp"
#include "supervisor/roster.hpp"
#include "xsuperd/control/schema.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/log/writer.hpp"
#include "xsuperd/service/runner.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::supervisor {

using Services = std::vector<std::shared_ptr<const service::Runner>>;

class ControlDoor;

/// The daemon, read-only and as it is at the moment of each call. A value that refers to the parts of a daemon, which
/// outlive it; loop thread only.
class View {
 public:
  struct Of {
    const Roster& roster;
    const InForce& in_force;
    const Processes& processes;
    const service::Surroundings& around;
    const log::DaemonLog& log;
    const Lifetime& lifetime;
    const ControlDoor& door;
    const log::Writer& writer;
    const BansWatch& bans;
    const std::string& version;             ///< of the program
    const std::string& configuration_path;
  };
  explicit View(const Of& daemon) : daemon_(daemon) {}

  /// In reading order.
  [[nodiscard]] Services services() const;
  /// Those that are served, and behind them the removed ones whose servers still run.
  [[nodiscard]] Services services_and_retired() const;
  [[nodiscard]] std::size_t retired() const;
  /// Of all services since the start, those that are no more included.
  [[nodiscard]] service::Counters counters() const;
  /// Does a service that is closed wait for an answer that says whether it can be opened?
  [[nodiscard]] bool asks() const;

  [[nodiscard]] std::shared_ptr<const config::Config> configuration() const;
  [[nodiscard]] const std::string& configuration_path() const;
  [[nodiscard]] base::WallTime loaded_at() const;
  [[nodiscard]] const LoadRecord& last_load() const;
  [[nodiscard]] const config::Abilities& abilities() const;

  [[nodiscard]] const std::string& version() const;
  [[nodiscard]] const Lifetime& lifetime() const;
  [[nodiscard]] log::Level log_level() const;
  /// Of the control socket.
  [[nodiscard]] std::size_t clients() const;
  [[nodiscard]] std::vector<pid_t> workers() const;
  [[nodiscard]] std::size_t conversations() const;
  [[nodiscard]] const Processes::WorkerFailures& worker_failures() const;
  [[nodiscard]] control::reply::Boxes boxes() const;

  /// Adds what is counted for all services together, and for the daemon.
  void tell_tallies(control::reply::Metrics& to) const;

  [[nodiscard]] const BansWatch& bans() const { return daemon_.bans; }
  /// What has happened lately.
  [[nodiscard]] const log::History& history() const;
  /// Steady time, by the clock that bans and sessions go by.
  [[nodiscard]] base::Moment now() const;
  /// One-minute load average; nothing where it is not known.
  [[nodiscard]] std::optional<double> load() const;
  /// The sessions of all services together.
  [[nodiscard]] const service::Census& census() const;

 private:
  Of daemon_;
};

}  // namespace xsuperd::supervisor
