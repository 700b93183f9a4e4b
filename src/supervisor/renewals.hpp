// SPDX-License-Identifier: MIT
// Services are changed without a reload. Internal to supervisor.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "supervisor/file_work.hpp"
#include "supervisor/rollout.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/net/slow_work.hpp"

namespace xsuperd::supervisor {

/// Reads what services name for TLS, or takes lines that an administrator gives for them, off the loop, and puts into force what
/// can be used of it in one turn of the loop. Sessions are not touched: each has what it began with. Loop thread only.
class Renewals {
 public:
  struct One {
    SharedService service;
    config::Renewed::Outcome outcome = config::Renewed::Outcome::unchanged;
  };
  using Answered = std::function<void(base::Result<std::vector<One>>)>;

  /// All that it refers to outlives it; `names` is copied for each piece of work.
  Renewals(FileWork& files, const config::SystemNames& names, const log::DaemonLog& log, Rollout& rollout)
      : files_(files), names_(names), log_(log), rollout_(rollout), threads_(files.loop(), {}) {}

  /// `answered` is called on the loop, with those of `services` that have TLS; or with an error, and nothing has changed then.
  void renew(std::vector<SharedService> services, Answered answered);
  /// As config::amend(), all of them or none, until the next reload: none also when one of `services` is no longer in force once
  /// that is done. `answered` is called on the loop, perhaps at once.
  void amend(std::vector<SharedService> services, std::vector<std::string> lines, std::function<void(base::Result<void>)> answered);

 private:
  [[nodiscard]] base::Result<std::vector<One>> put(const std::vector<SharedService>& before, const std::vector<config::Renewed>& after);

  FileWork& files_;
  const config::SystemNames& names_;
  const log::DaemonLog& log_;
  Rollout& rollout_;
  net::SlowWork threads_;  ///< names of hosts may stand in the lines
};

}  // namespace xsuperd::supervisor
