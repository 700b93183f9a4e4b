// SPDX-License-Identifier: MIT
// Which files the logs go to. Internal to supervisor.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "supervisor/file_work.hpp"
#include "supervisor/in_force.hpp"
#include "supervisor/roster.hpp"
#include "supervisor/service_logs.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/log/history.hpp"
#include "xsuperd/log/writer.hpp"

namespace xsuperd::supervisor {

/// Those of the Runners that have one get their new output.
void give_logs(const Runners& to, const LogsOfServices& opened);

/// Logs a text of several lines, each as an entry.
void write_lines(const log::DaemonLog& log, log::Level level, std::string_view text);

/// Owns the outputs of the services of the configuration in force, and opens them and the daemon's own log anew. Loop
/// thread only; everything it refers to outlives it.
class Logs {
 public:
  struct Options {
    log::Identity who;
    std::string syslog_file;  ///< where what is meant for syslog goes instead; empty: to syslog
    /// Opens the daemon's log; null when that is no file.
    std::function<base::Result<std::shared_ptr<log::Output>>()> reopen;
  };
  /// What could not be opened, a sentence each.
  using Answered = std::function<void(std::vector<std::string> troubles)>;

  /// `ours` is the daemon's own log, and `writer` writes it.
  Logs(Options options, log::Writer& writer, log::DaemonLog& ours, FileWork& files, const Roster& roster,
       const InForce& in_force, log::History& history);

  /// Those of the configuration in force.
  [[nodiscard]] ServiceLogs& of_services() { return *of_services_; }
  void put(std::unique_ptr<ServiceLogs> of_services) { of_services_ = std::move(of_services); }

  /// Opens the event log of the defaults, for what concerns no service. Blocks: for the start and the take-over.
  void open_own_events();
  /// Writes a record there, if there is one, and keeps it in the history.
  void record(const log::Event& event) const;

  /// Opens the logs of all services by their names, off the loop; retired ones' too. `told` may be null.
  void reopen_services(Answered answered = {});
  /// Opens the daemon's log as well.
  void reopen(Answered answered);
  /// Goes on with the log that was opened anew; says so where it was not.
  void replace_ours(base::Result<std::shared_ptr<log::Output>> opened);

 private:
  const Options options_;
  log::Writer& writer_;
  log::DaemonLog& ours_;
  FileWork& files_;
  const Roster& roster_;
  const InForce& in_force_;
  log::History& history_;
  std::unique_ptr<ServiceLogs> of_services_;
};

}  // namespace xsuperd::supervisor
