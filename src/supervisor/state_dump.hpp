// SPDX-License-Identifier: MIT
// The state dump of SIGUSR1, in xinetd's layout (facts B8.13 to B8.16, B13.109). Internal to supervisor.
#pragma once
#include <cstdint>
#include <string>

#include "supervisor/file_work.hpp"
#include "supervisor/in_force.hpp"
#include "supervisor/roster.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::supervisor {

/// All servers and conversations, as the dump has them.
[[nodiscard]] std::string servers_text(const Roster& roster);

/// Writes what services, servers and the daemon are like at the moment. Loop thread only; everything it refers to outlives
/// it.
class StateDump {
 public:
  struct Options {
    std::string path;         ///< the file it is appended to; empty: it goes to the daemon's log
    std::string version;      ///< of the program
    std::string config_file;
    std::uint64_t process_limit = 0;  ///< 0: none
  };
  StateDump(Options options, FileWork& files, const log::DaemonLog& log, const Roster& roster, const InForce& in_force);

  /// Writes it soon; the log says when the file has it, or why not.
  void dump();

 private:
  [[nodiscard]] std::string text() const;

  const Options options_;
  FileWork& files_;
  const log::DaemonLog& log_;
  const Roster& roster_;
  const InForce& in_force_;
  loop::Alarm alarm_;
  unsigned looks_ = 0;  ///< how often it was put off
};

}  // namespace xsuperd::supervisor
