// SPDX-License-Identifier: MIT
#include "xsuperd/cli/daemon.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/memory.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/cli/served.hpp"
#include "xsuperd/cli/sources.hpp"
#include "xsuperd/config/lint.hpp"
#include "xsuperd/config/names.hpp"
#include "xsuperd/config/vocabulary.hpp"
#include "xsuperd/control/socket_file.hpp"
#include "xsuperd/net/service_manager.hpp"
#include "xsuperd/spawn/spawner.hpp"
#include "xsuperd/supervisor/background.hpp"
#include "xsuperd/supervisor/process.hpp"
#include "xsuperd/supervisor/supervisor.hpp"
#include "xsuperd/worker/user.hpp"

#ifndef XSUPERD_VERSION
#error "the build defines XSUPERD_VERSION"
#endif

namespace xsuperd::cli {

namespace {

constexpr unsigned spawner_threads = 2;
/// Where long-lived descriptors begin, above what any version's spawner reserves.
constexpr int first_long_lived = 16;
constexpr const char* no_log = "msg_init failed: can't open log file: ";

using OpenLog = std::function<base::Result<std::shared_ptr<log::Output>>(log::Identity)>;

/// How the daemon log is opened: debug output, a file, or syslog.
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

supervisor::Options options_for(const CommandLine& command, const std::string& program, mode_t umask) {
  supervisor::Options options;
  options.sources = absolute_sources(command);
  options.version = version_text(program);
  options.stay_alive = command.stay_alive;
  options.debug = command.debug || (command.inetd && command.inetd->debugs);
  options.facility = config::find_word<int>(config::syslog_facilities(), command.syslog.value_or("daemon")).value_or(LOG_DAEMON);
  options.process_limit = command.limit;
  options.check_interval = command.consistency;
  options.ident_lookups = static_cast<std::size_t>(std::min<std::uint64_t>(command.logprocs, 1024));
  options.umask = umask;
  options.container = command.container;
  if (command.container) options.syslog_file = log_path(command);
  options.control_path = control_path(command);
  options.spawner_threads = spawner_threads;
  options.workers = command.workers > 0 ? command.workers : std::max(1u, std::thread::hardware_concurrency() / 2);
  options.adopts_orphans = supervisor::Supervisor::may_adopt_orphans();
  return options;
}

/// By name or number.
std::optional<gid_t> group_of(const std::string& word) {
  if (const auto number = base::parse_number(word, 0, 0xfffffffe)) return static_cast<gid_t>(*number);
  return word.empty() ? std::nullopt : config::SystemNames().group(word);
}

/// Of --control-group.
base::Result<std::optional<gid_t>> control_group(const CommandLine& command) {
  const auto group = group_of(command.control_group.value_or(""));
  if (group || !command.control_group) return group;
  return base::Error{0, fmt::format("--control-group {}: no such group", *command.control_group)};
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

/// Descriptor 1 as it was at the start, which /dev/stdout may mean: kept over upgrades.
base::Fd original_output(const CommandLine& command, supervisor::Inheritance* inherited) {
  if (!command.filelog || !command.foreground) return {};
  if (!inherited) return base::Fd(::fcntl(1, F_DUPFD_CLOEXEC, first_long_lived));
  base::Fd output = inherited->take(inherited->invocation().standard_output);
  if (output) ::dup2(output.get(), 1);
  return output;
}

/// Descriptor 1 goes on meaning what it meant at the start where logs are written to it by name.
bool keeps_output(const CommandLine& command) {
  return command.container || command.filelog == "/dev/stdout" || command.filelog == "/dev/stderr";
}

/// The log of a daemon that takes over: nothing is lost for the want of it.
base::Result<std::shared_ptr<log::Output>> first_log(const OpenLog& open_log, const supervisor::Options& options) {
  auto output = open_log(options.identity);
  if (!output && options.inherited) return log::syslog_output(options.identity, options.facility);
  return output;
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

/// Those who ran the program by hand see what becomes of it; a log that is on the terminal says the same.
supervisor::StartReport report_on_terminal(const CommandLine& command) {
  const bool logs_there = command.debug || command.container || (command.filelog && command.filelog->starts_with("/dev/"));
  return logs_there ? supervisor::StartReport{} : supervisor::StartReport::on_terminal();
}

/// Tells whoever waits for the start that it is over; a terminal gets to know what is served, too.
void report_start(supervisor::StartReport& report, const CommandLine& command, const std::string& program,
                  const std::vector<supervisor::Served>& served) {
  if (command.foreground && report.heard())
    for (const std::string& line : served_list(program, ::getpid(), served)) report.say(line);
  report.done();
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

int run_daemon(const CommandLine& command, supervisor::Options options, const OpenLog& open_log,
               std::shared_ptr<log::Output> output, supervisor::StartReport report) {
  supervisor::PidFile pidfile;
  log::Writer writer(output);
  supervisor::StartErrors errors(writer, *output, options.identity.program, report);
  log::DaemonLog log(errors, std::move(output));
  if (command.syslog && !config::find_word<int>(config::syslog_facilities(), *command.syslog))
    log.error("Bad syslog facility: {}", *command.syslog);
  if (command.pidfile && options.inherited)
    pidfile.adopt(*command.pidfile);
  else if (command.pidfile)
    if (const auto written = pidfile.write(*command.pidfile); !written) log.error("{}", written.error().sentence);
  const bool reopens = command.filelog && !command.filelog->starts_with("/dev/");
  if (reopens) options.reopen_log = [open_log, who = options.identity] { return open_log(who); };
  options.on_started = [&, program = options.identity.program](const std::vector<supervisor::Served>& served) {
    report_start(report, command, program, served);
  };
  if (options.inherited) wait_for_room();
  return supervisor::Supervisor(std::move(options), writer, log).run();
}

std::vector<int> numbers_of(const std::vector<net::HandedSocket>& sockets) {
  std::vector<int> numbers;
  for (const net::HandedSocket& one : sockets) numbers.push_back(one.fd.get());
  return numbers;
}

int complain(const std::string& program, const std::string& sentence) {
  fmt::print(stderr, "{}: {}\n", program, sentence);
  return 1;
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

int serve(const CommandLine& original, const std::string& program, const std::vector<std::string>& arguments) {
  base::share_memory_between_threads();
  base::keep_large_blocks_out_of_heap();
  auto inherited = supervisor::Inheritance::receive(first_long_lived);
  if (!inherited) return complain(program, inherited.error().sentence);
  const bool takes_over = *inherited != nullptr;
  if (takes_over) supervisor::name_process((*inherited)->invocation().binary);
  const CommandLine command = takes_over ? as_invoked(original, (*inherited)->invocation()) : original;
  const auto worker = worker_user(command);
  // At an upgrade the trial run has found the user; should it not be found now, nobody (65534) does as well.
  if (!worker && !takes_over) return complain(program, worker.error().sentence);
  const auto group = control_group(command);
  if (!group && !takes_over) return complain(program, group.error().sentence);
  const std::string filelog = log_path(command);
  const OpenLog open_log = chosen_log(command, filelog);
  const std::string manager_trouble = net::expected_in_vain();
  auto handed = takes_over ? std::vector<net::HandedSocket>{} : net::take_handed_sockets(first_long_lived);
  if (!handed) return complain(program, handed.error().sentence);
  if (!takes_over) supervisor::tidy_descriptors(numbers_of(*handed));
  (void)spawn::reserve_low_descriptors(spawner_threads);
  auto options = options_for(command, program, supervisor::widen_umask());
  if (worker) options.worker_user = *worker;
  if (group) options.control_group = *group;
  options.handed = std::move(*handed);
  options.manager_trouble = manager_trouble;
  options.identity = {program, ::getpid()};
  options.invocation = takes_over ? (*inherited)->invocation() : invocation_of(command, arguments);
  options.inherited = std::move(*inherited);
  options.arguments = arguments;
  const base::Fd standard_output = original_output(command, options.inherited.get());
  options.invocation.standard_output = standard_output.get();
  auto output = first_log(open_log, options);
  if (!output) return complain(program, no_log + output.error().sentence);
  supervisor::block_signals();
  if (command.foreground || command.debug || takes_over) {
    supervisor::silence_stdio(keeps_output(command) ? 0 : 1);
    auto report = takes_over ? supervisor::StartReport{} : report_on_terminal(command);
    return run_daemon(command, std::move(options), open_log, std::move(*output), std::move(report));
  }
  auto report = supervisor::daemonize(program);
  if (!report) return complain(program, report.error().sentence);
  options.identity.pid = ::getpid();
  // The tag of every line holds the pid, which is another one now.
  output = open_log(options.identity);
  if (!output) return report->say(fmt::format("{}: {}{}", program, no_log, output.error().sentence)), 1;
  return run_daemon(command, std::move(options), open_log, std::move(*output), std::move(*report));
}

}  // namespace xsuperd::cli
