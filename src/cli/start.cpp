// SPDX-License-Identifier: MIT
#include "cli/start.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "xsuperd/base/memory.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/cli/daemon.hpp"
#include "xsuperd/cli/sources.hpp"
#include "xsuperd/config/lint.hpp"
#include "xsuperd/config/names.hpp"
#include "xsuperd/config/vocabulary.hpp"
#include "xsuperd/control/socket_file.hpp"
#include "xsuperd/net/service_manager.hpp"
#include "xsuperd/spawn/spawner.hpp"
#include "xsuperd/supervisor/process.hpp"
#include "xsuperd/worker/user.hpp"

namespace xsuperd::cli {

OpenLog chosen_log(const CommandLine& command, const std::string& filelog) {
  if (command.debug)
    return [](log::Identity who) -> base::Result<std::shared_ptr<log::Output>> {
      base::Fd terminal(::open("/dev/tty", O_WRONLY | O_CLOEXEC));
      if (!terminal) return base::system_error(errno, "can't open /dev/tty");
      return log::debug_output(std::move(terminal), std::move(who));
    };
  if (!filelog.empty())
    return [filelog](log::Identity who) { return log::open_daemon_file(filelog, std::move(who)); };
  const auto facility = config::find_word<int>(config::syslog_facilities(), command.syslog.value_or("daemon"));
  return [facility](log::Identity who) -> base::Result<std::shared_ptr<log::Output>> {
    return log::syslog_output(std::move(who), facility.value_or(LOG_DAEMON));
  };
}

base::Result<worker::WorkerUser> worker_user(const CommandLine& command) {
  if (::geteuid() != 0) return worker::WorkerUser{};
  const std::string name = command.worker_user.value_or(std::string(config::worker_user));
  const auto user = config::SystemNames().user(name);
  if (user && user->uid != 0) return worker::WorkerUser{user->uid, user->gid};
  if (!command.worker_user) return worker::unused_user();
  if (!user && name == "nobody") return worker::WorkerUser{};  // a system without that name still has its number
  return base::Error{0, fmt::format("--worker-user {}: {}", name, user ? "must not be root" : "no such user")};
}

namespace {

/// By name or number.
std::optional<gid_t> group_of(const std::string& word) {
  if (const auto number = base::parse_number(word, 0, 0xfffffffe)) return static_cast<gid_t>(*number);
  return word.empty() ? std::nullopt : config::SystemNames().group(word);
}

}  // namespace

base::Result<std::optional<gid_t>> control_group(const CommandLine& command) {
  const auto group = group_of(command.control_group.value_or(""));
  if (group || !command.control_group) return group;
  return base::Error{0, fmt::format("--control-group {}: no such group", *command.control_group)};
}

namespace {

constexpr unsigned spawner_threads = 2;
/// Where long-lived descriptors begin, above what any version's spawner reserves.
constexpr int first_long_lived = 16;

/// The names of devices stay as they are; a file is opened again by its name after we have left this directory.
std::string log_path(const CommandLine& command) {
  return command.filelog ? supervisor::absolute(*command.filelog) : std::string{};
}

/// Empty: none.
std::string control_path(const CommandLine& command) {
  const std::string path = command.control.value_or(control::default_path());
  return path.empty() || path == "none" ? "" : supervisor::absolute(path);
}

config::Sources absolute_sources(const CommandLine& command) {
  config::Sources sources = sources_of(command);
  if (!sources.main.empty()) sources.main = supervisor::absolute(sources.main);
  for (std::string& file : sources.inetd) file = supervisor::absolute(file);
  return sources;
}

/// An upgrade: files are where they were when the daemon was started.
CommandLine as_invoked(CommandLine command, const supervisor::Invocation& invocation) {
  if (command.inetd)
    command.inetd->files = invocation.inetd_files;
  else
    command.config = invocation.config_path;
  if (!invocation.filelog.empty()) command.filelog = invocation.filelog;
  if (!invocation.pidfile.empty()) command.pidfile = invocation.pidfile;
  if (!invocation.control.empty()) command.control = invocation.control;
  return command;
}

supervisor::Invocation invocation_of(const CommandLine& command, const std::vector<std::string>& arguments) {
  supervisor::Invocation invocation;
  invocation.binary = supervisor::own_binary(arguments.empty() ? std::string{} : arguments[0]);
  const config::Sources sources = absolute_sources(command);
  invocation.config_path = sources.path();
  if (command.inetd) invocation.inetd_files = sources.inetd;
  invocation.filelog = log_path(command);
  if (command.pidfile) invocation.pidfile = supervisor::absolute(*command.pidfile);
  invocation.control = control_path(command);
  return invocation;
}

// The steps, in their order.

base::Result<void> settle_memory(Start&) {
  base::share_memory_between_threads();
  base::keep_large_blocks_out_of_heap();
  return {};
}

/// An upgrade goes on with the command line of the first image, and its files.
base::Result<void> receive_inheritance(Start& start) {
  auto inherited = supervisor::Inheritance::receive(first_long_lived);
  if (!inherited) return inherited.error();
  start.options.inherited = std::move(*inherited);
  if (!start.takes_over()) return {};
  const supervisor::Invocation& invocation = start.options.inherited->invocation();
  supervisor::name_process(invocation.binary);
  start.command = as_invoked(std::move(start.command), invocation);
  return {};
}

/// At an upgrade the trial run has found the user; should it not be found now, nobody (65534) does as well.
base::Result<void> choose_worker_user(Start& start) {
  const auto user = worker_user(start.command);
  if (user) start.options.worker_user = *user;
  return user || start.takes_over() ? base::Result<void>{} : base::Result<void>(user.error());
}

base::Result<void> choose_control_group(Start& start) {
  const auto group = control_group(start.command);
  if (group) start.options.control_group = *group;
  return group || start.takes_over() ? base::Result<void>{} : base::Result<void>(group.error());
}

/// Those of a service manager.
base::Result<void> take_activated_sockets(Start& start) {
  start.options.manager_trouble = net::expected_in_vain();
  if (start.takes_over()) return {};
  auto activated = net::take_activated_sockets(first_long_lived);
  if (!activated) return activated.error();
  start.options.activated = std::move(*activated);
  return {};
}

base::Result<void> close_other_descriptors(Start& start) {
  if (start.takes_over()) return {};
  std::vector<int> kept;
  for (const net::ActivatedSocket& one : start.options.activated) kept.push_back(one.fd.get());
  supervisor::tidy_descriptors(std::move(kept));
  return {};
}

base::Result<void> reserve_low_descriptors(Start&) {
  (void)spawn::reserve_low_descriptors(spawner_threads);
  return {};
}

base::Result<void> set_umask(Start& start) {
  start.options.umask = supervisor::widen_umask();
  return {};
}

base::Result<void> read_options(Start& start) {
  const CommandLine& command = start.command;
  supervisor::Options& options = start.options;
  options.sources = absolute_sources(command);
  options.version = version_text(start.program);
  options.stay_alive = command.stay_alive;
  options.debug = command.debug || (command.inetd && command.inetd->debugs);
  options.facility = config::find_word<int>(config::syslog_facilities(), command.syslog.value_or("daemon")).value_or(LOG_DAEMON);
  options.process_limit = command.limit;
  options.check_interval = command.consistency;
  options.ident_lookups = static_cast<std::size_t>(std::min<std::uint64_t>(command.logprocs, 1024));
  options.container = command.container;
  if (command.container) options.syslog_file = log_path(command);
  options.control_path = control_path(command);
  options.spawner_threads = spawner_threads;
  options.workers = command.workers > 0 ? command.workers : std::max(1u, std::thread::hardware_concurrency() / 2);
  return {};
}

/// Nothing has been started yet: children that are there are not ours.
base::Result<void> look_for_children(Start& start) {
  start.options.adopts_orphans = supervisor::Supervisor::may_adopt_orphans();
  return {};
}

/// Who we are, for the log and for the next image.
base::Result<void> note_invocation(Start& start) {
  supervisor::Options& options = start.options;
  options.identity = {start.program, ::getpid()};
  options.invocation = start.takes_over() ? options.inherited->invocation() : invocation_of(start.command, start.arguments);
  options.arguments = start.arguments;
  return {};
}

/// Descriptor 1 as it was at the start, which /dev/stdout may mean: kept over upgrades.
base::Result<void> keep_standard_output(Start& start) {
  supervisor::Options& options = start.options;
  if (start.command.filelog && start.command.foreground) {
    if (start.takes_over()) {
      start.standard_output = options.inherited->take(options.inherited->invocation().standard_output);
      if (start.standard_output) ::dup2(start.standard_output.get(), 1);
    } else {
      start.standard_output = base::Fd(::fcntl(1, F_DUPFD_CLOEXEC, first_long_lived));
    }
  }
  options.invocation.standard_output = start.standard_output.get();
  return {};
}

/// A daemon that takes over loses nothing for the want of its log.
base::Result<void> open_log(Start& start) {
  start.open_log = chosen_log(start.command, log_path(start.command));
  auto output = start.open_log(start.options.identity);
  if (!output && start.takes_over()) output = log::syslog_output(start.options.identity, start.options.facility);
  if (!output) return base::Error{output.error().code, "msg_init failed: can't open log file: " + output.error().sentence};
  start.output = std::move(*output);
  return {};
}

base::Result<void> block_signals(Start&) {
  supervisor::block_signals();
  return {};
}

/// Descriptor 1 goes on meaning what it meant at the start where logs are written to it by name.
bool keeps_output(const CommandLine& command) {
  return command.container || command.filelog == "/dev/stdout" || command.filelog == "/dev/stderr";
}

/// Those who ran the program by hand see what becomes of it; a log that is on the terminal says the same.
supervisor::StartReport report_on_terminal(const CommandLine& command) {
  const bool logs_there = command.debug || command.container || (command.filelog && command.filelog->starts_with("/dev/"));
  return logs_there ? supervisor::StartReport{} : supervisor::StartReport::on_terminal();
}

base::Result<void> go_into_background(Start& start) {
  auto report = supervisor::daemonize(start.program);
  if (!report) return report.error();
  start.report = std::move(*report);
  // The tag of every line holds the pid, which is another one now.
  start.options.identity.pid = ::getpid();
  return open_log(start);
}

base::Result<void> leave_terminal(Start& start) {
  const CommandLine& command = start.command;
  if (!command.foreground && !command.debug && !start.takes_over()) return go_into_background(start);
  supervisor::silence_stdio(keeps_output(command) ? 0 : 1);
  if (!start.takes_over()) start.report = report_on_terminal(command);
  return {};
}

/// The order is xinetd's (fact B1.23) where that shows; beyond that each step stands where it does for the reason beside
/// it.
constexpr base::Result<void> (*steps[])(Start&) = {
    settle_memory,            // before there is much of it
    receive_inheritance,      // first of all that touches descriptors: only what is inherited stays open
    choose_worker_user,       // what may be refused comes before what changes anything
    choose_control_group,     //
    take_activated_sockets,      // before all others are closed
    close_other_descriptors,  // before any of ours is opened
    reserve_low_descriptors,  // before the first that is to stay open takes one of them
    set_umask,                // before a file is made
    read_options,             //
    look_for_children,        // before there are any of ours
    note_invocation,          // before the directory is left, which relative paths are from
    keep_standard_output,     // before the log is opened, which may be that
    open_log,                 // before the terminal is left, to which a failure is told
    block_signals,            // before there are threads, which inherit it
    leave_terminal,           // before there are threads, which no fork(2) takes along
};

}  // namespace

base::Result<void> make_ready(Start& start) {
  for (const auto step : steps)
    if (auto done = step(start); !done) return done;
  return {};
}

}  // namespace xsuperd::cli
