// SPDX-License-Identifier: MIT
// Certificates are read again, and nothing else. Internal to supervisor.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "supervisor/file_work.hpp"
#include "supervisor/rollout.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/log/daemon_log.hpp"

namespace xsuperd::supervisor {

/// Reads what services name for TLS off the loop, and puts into force what can be used of it in one turn of the loop. Sessions
/// are not touched: each has what it began with. Loop thread only.
class Renewals {
 public:
  struct One {
    SharedService service;
    config::Renewed::Outcome outcome = config::Renewed::Outcome::unchanged;
  };
  using Answered = std::function<void(base::Result<std::vector<One>>)>;

  /// All that it refers to outlives it; `names` is copied for each piece of work.
  Renewals(FileWork& files, const config::SystemNames& names, const log::DaemonLog& log, Rollout& rollout)
      : files_(files), names_(names), log_(log), rollout_(rollout) {}

  /// `answered` is called on the loop, with those of `services` that have TLS; or with an error, and nothing has changed then.
  void renew(std::vector<SharedService> services, Answered answered);

 private:
  [[nodiscard]] base::Result<std::vector<One>> put(const std::vector<SharedService>& before, const std::vector<config::Renewed>& after);

  FileWork& files_;
  const config::SystemNames& names_;
  const log::DaemonLog& log_;
  Rollout& rollout_;
};

}  // namespace xsuperd::supervisor
