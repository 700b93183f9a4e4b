// SPDX-License-Identifier: MIT
#include "xsuperd/cli/daemon.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "cli/start.hpp"
#include "xsuperd/cli/served.hpp"
#include "xsuperd/config/vocabulary.hpp"
#include "xsuperd/supervisor/process.hpp"

#ifndef XSUPERD_VERSION
#error "the build defines XSUPERD_VERSION"
#endif

namespace xsuperd::cli {

namespace {

/// Tells whoever waits for the start that it is over; a terminal gets to know what is served, too.
void report_start(Start& start, const std::vector<supervisor::Served>& served) {
  if (start.command.foreground && start.report.heard())
    for (const std::string& line : served_list(start.program, ::getpid(), served)) start.report.say(line);
  start.report.done();
}

/// To the terminal, or once that is left by way of whoever waits there.
void report_failure(Start& start, const std::string& sentence) {
  const std::string line = fmt::format("{}: {}", start.program, sentence);
  if (start.report.heard())
    start.report.say(line);
  else
    fmt::print(stderr, "{}\n", line);
}

/// Makes a T. There is no way back from a new image: where the kernel has no memory, descriptor or thread for it, it is tried
/// again there for as long as peers wait without harm.
template <typename T, typename... Arguments>
std::unique_ptr<T> make_patiently(bool takes_over, Arguments&... arguments) {
  constexpr int most_tries = 50;
  for (int tries = 1;; ++tries) {
    try {
      return std::make_unique<T>(arguments...);
    } catch (const std::exception&) {
      if (!takes_over || tries == most_tries) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void check_facility(const CommandLine& command, const log::DaemonLog& log) {
  if (command.syslog && !config::find_word<int>(config::syslog_facilities(), *command.syslog))
    log.error("Bad syslog facility: {}", *command.syslog);
}

void write_pid_file(const Start& start, supervisor::PidFile& file, const log::DaemonLog& log) {
  const auto& path = start.command.pidfile;
  if (!path) return;
  if (start.takes_over()) return file.take_over(*path);
  if (const auto written = file.write(*path); !written) log.error("{}", written.error().sentence);
}

/// A device has nothing to be opened anew.
void let_log_be_reopened(Start& start) {
  const auto& path = start.command.filelog;
  if (!path || path->starts_with("/dev/")) return;
  start.options.reopen_log = [open = start.open_log, who = start.options.identity] { return open(who); };
}

/// Returns the exit status.
int run_daemon(Start& start) {
  supervisor::PidFile pid_file;
  const auto writer = make_patiently<log::Writer>(start.takes_over(), start.output);
  supervisor::StartErrors errors(*writer, *start.output, start.program, start.report);
  log::DaemonLog log(errors, std::move(start.output));
  check_facility(start.command, log);
  write_pid_file(start, pid_file, log);
  let_log_be_reopened(start);
  start.options.on_started = [&start](const std::vector<supervisor::Served>& served) { report_start(start, served); };
  return make_patiently<supervisor::Supervisor>(start.takes_over(), start.options, *writer, log)->run();
}

}  // namespace

std::string version_text(const std::string& program) {
  return program == "xinetd" ? XSUPERD_VERSION : "xsuperd " XSUPERD_VERSION;
}

std::string features() { return std::string(net::libwrap_available() ? " libwrap" : "") + " loadavg"; }

bool is_trial(const std::vector<std::string>& arguments) {
  return arguments.size() > 1 && arguments[1] == supervisor::trial_word;
}

int try_take_over(const std::vector<std::string>& arguments, const std::string& program) {
  const CommandLine command = parse_command_line({arguments.begin() + 2, arguments.end()}, program);
  return supervisor::try_take_over(0, [&](const supervisor::Invocation& invocation) -> base::Result<void> {
    if (command.task != CommandLine::Task::serve)
      return base::Error{0, "invalid command line: " + command.error};
    if (const auto user = worker_user(command); !user) return user.error();
    if (const auto group = control_group(command); !group) return group.error();
    if (command.debug) return {};  // a terminal, which a trial run has not got
    const auto log = chosen_log(command, invocation.filelog)({});
    return log ? base::Result<void>{} : base::Result<void>(log.error());
  });
}

int serve(const CommandLine& command, const std::string& program, const std::vector<std::string>& arguments) {
  Start start(command, program, arguments);
  if (const auto ready = make_ready(start); !ready) return report_failure(start, ready.error().sentence), 1;
  return run_daemon(start);
}

}  // namespace xsuperd::cli
