// SPDX-License-Identifier: MIT
// From the command line to a process that is ready to be the daemon. Internal to cli.
#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/cli/options.hpp"
#include "xsuperd/log/output.hpp"
#include "xsuperd/supervisor/background.hpp"
#include "xsuperd/supervisor/supervisor.hpp"
#include "xsuperd/worker/client.hpp"

namespace xsuperd::cli {

using OpenLog = std::function<base::Result<std::shared_ptr<log::Output>>(log::Identity)>;

/// What a start has come to so far. Belongs to the main thread.
struct Start {
  Start(CommandLine the_command, std::string the_program, std::vector<std::string> the_arguments)
      : command(std::move(the_command)), program(std::move(the_program)), arguments(std::move(the_arguments)) {}

  CommandLine command;
  std::string program;                 ///< the name we were called by
  std::vector<std::string> arguments;  ///< argv as it came

  supervisor::Options options;
  OpenLog open_log;                     ///< the daemon's
  std::shared_ptr<log::Output> output;  ///< of the daemon's log
  base::Fd standard_output;             ///< see Invocation
  supervisor::StartReport report;       ///< once whoever waits for the start is to hear of it there

  /// Was this process started by an upgrade?
  [[nodiscard]] bool takes_over() const { return options.inherited != nullptr; }
};

/// Makes the process ready, step by step. Returns in the process that is to be the daemon: unless that stays in the
/// foreground, it is a child. The error says what went wrong for whoever has started the daemon; nothing is to follow then.
[[nodiscard]] base::Result<void> make_ready(Start& start);

/// How the daemon's log is opened: debug output, the file of that absolute path, or syslog if it is empty.
[[nodiscard]] OpenLog chosen_log(const CommandLine& command, const std::string& filelog);
/// Who workers are to be.
[[nodiscard]] base::Result<worker::WorkerUser> worker_user(const CommandLine& command);
/// Whose members may look through the control socket; nothing: nobody's.
[[nodiscard]] base::Result<std::optional<gid_t>> control_group(const CommandLine& command);

}  // namespace xsuperd::cli
