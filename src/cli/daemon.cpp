// SPDX-License-Identifier: MIT
#include "xsuperd/cli/daemon.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "cli/start.hpp"
#include "xsuperd/base/fd.hpp"
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

/// The loop of a new image begins with epoll_create1(2), and there is no way back from here: where the kernel has no memory or
/// descriptor for that, it is waited for as long as peers wait without harm.
void wait_for_room() {
  constexpr int most_tries = 50;
  for (int tries = 0; tries < most_tries; ++tries) {
    if (base::Fd(::epoll_create1(EPOLL_CLOEXEC))) return;
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
  if (start.takes_over()) return file.adopt(*path);
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
  log::Writer writer(start.output);
  supervisor::StartErrors errors(writer, *start.output, start.program, start.report);
  log::DaemonLog log(errors, std::move(start.output));
  check_facility(start.command, log);
  write_pid_file(start, pid_file, log);
  let_log_be_reopened(start);
  start.options.on_started = [&start](const std::vector<supervisor::Served>& served) { report_start(start, served); };
  if (start.takes_over()) wait_for_room();
  return supervisor::Supervisor(std::move(start.options), writer, log).run();
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
