// SPDX-License-Identifier: MIT
// The configuration that is in force. Internal to supervisor.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/hand_over.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/net/abilities.hpp"

namespace xsuperd::supervisor {

/// Logs each finding, as its level says.
void log_findings(const log::DaemonLog& log, const config::Diagnostics& findings);

/// Holds the configuration in force, and remembers what came of reading it. Loop thread only.
class InForce {
 public:
  /// `worker_user`: who holds conversations, for the warnings about what he may do. The log outlives it.
  InForce(const log::DaemonLog& log, uid_t worker_user) : log_(log), worker_user_(worker_user) {}

  /// Null before the first load.
  [[nodiscard]] const std::shared_ptr<const config::Config>& config() const { return config_; }
  void put(std::shared_ptr<const config::Config> config) { config_ = std::move(config); }

  /// What this program and this kernel can do.
  [[nodiscard]] const config::Abilities& abilities() const { return abilities_; }
  /// Does the service get a Runner? Not when it needs what is not there.
  [[nodiscard]] bool serves(const config::Service& service) const;
  /// Logs what is configured and has no effect here.
  void say_not_in_effect() const;

  /// Notes what came of a load, and when; `unguarded` are sentences about files that others may change.
  void record(const config::Diagnostics& findings, const std::vector<std::string>& unguarded, bool is_reload, bool applied);
  [[nodiscard]] const LoadRecord& last_load() const { return last_load_; }
  /// How many reloads there were.
  struct ReloadTally {
    std::uint64_t applied = 0;
    std::uint64_t refused = 0;
  };
  [[nodiscard]] const ReloadTally& reloads() const { return reloads_; }
  /// When what is in force was read.
  [[nodiscard]] base::WallTime loaded_at() const { return loaded_at_; }

  /// For an upgrade.
  void hand_over(HandOver& state) const;
  void restore(const HandOver& state, std::shared_ptr<const config::Config> config);

 private:
  const log::DaemonLog& log_;
  const uid_t worker_user_;
  const config::Abilities abilities_ = net::abilities(net::Asking::daemon);
  std::shared_ptr<const config::Config> config_;
  base::WallTime loaded_at_{};
  LoadRecord last_load_;
  ReloadTally reloads_;
};

}  // namespace xsuperd::supervisor
