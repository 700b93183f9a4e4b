// SPDX-License-Identifier: MIT
#include "xsuperd/cli/daemon.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "xsuperd/base/text.hpp"
#include "xsuperd/cli/sources.hpp"
#include "xsuperd/config/names.hpp"
#include "xsuperd/config/vocabulary.hpp"
#include "xsuperd/control/socket_file.hpp"
#include "xsuperd/spawn/spawner.hpp"
#include "xsuperd/supervisor/process.hpp"
#include "xsuperd/supervisor/supervisor.hpp"

#ifndef XSUPERD_VERSION
#error "the build defines XSUPERD_VERSION"
#endif

namespace xsuperd::cli {

namespace {

constexpr unsigned spawner_threads = 2;

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

/// Nobody but root has a directory where such a socket would be looked for.
std::string control_path(const CommandLine& command) {
  if (!command.control) return ::geteuid() == 0 ? control::default_path : "";
  return *command.control == "none" ? "" : supervisor::absolute(*command.control);
}

supervisor::Options options_for(const CommandLine& command, const std::string& program, mode_t umask) {
  supervisor::Options options;
  options.sources = sources_of(command);
  if (!options.sources.main.empty()) options.sources.main = supervisor::absolute(options.sources.main);
  for (std::string& file : options.sources.inetd) file = supervisor::absolute(file);
  options.version = version_text(program);
  options.stay_alive = command.stay_alive;
  options.debug = command.debug || (command.inetd && command.inetd->debugs);
  options.facility = config::find_word<int>(config::syslog_facilities(), command.syslog.value_or("daemon")).value_or(LOG_DAEMON);
  options.process_limit = command.limit;
  options.check_interval = command.consistency;
  options.ident_lookups = static_cast<std::size_t>(std::min<std::uint64_t>(command.logprocs, 1024));
  options.umask = umask;
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

int run_daemon(const CommandLine& command, supervisor::Options options, const OpenLog& open_log,
               std::shared_ptr<log::Output> output) {
  supervisor::PidFile pidfile;
  log::Writer writer(output);
  log::DaemonLog log(writer, output);
  if (command.syslog && !config::find_word<int>(config::syslog_facilities(), *command.syslog))
    log.error("Bad syslog facility: {}", *command.syslog);
  if (command.pidfile)
    if (const auto written = pidfile.write(*command.pidfile); !written) log.error("{}", written.error().sentence);
  const bool reopens = command.filelog && !command.filelog->starts_with("/dev/");
  if (reopens) options.reopen_log = [open_log, who = options.identity] { return open_log(who); };
  return supervisor::Supervisor(std::move(options), writer, log).run();
}

}  // namespace

std::string version_text(const std::string& program) {
  return program == "xinetd" ? XSUPERD_VERSION : "xsuperd " XSUPERD_VERSION;
}

std::string features() { return std::string(net::libwrap_available() ? " libwrap" : "") + " loadavg"; }

int serve(const CommandLine& command, const std::string& program) {
  const auto worker_user = config::SystemNames().user(command.worker_user);
  // A system without `nobody` still has its number.
  if (command.worker_user != "nobody" && (!worker_user || worker_user->uid == 0)) {
    fmt::print(stderr, "{}: --worker-user {}: {}\n", program, command.worker_user,
               worker_user ? "must not be root" : "there is no such user");
    return 1;
  }
  const auto control_group = group_of(command.control_group.value_or(""));
  if (command.control_group && !control_group) {
    fmt::print(stderr, "{}: --control-group {}: there is no such group\n", program, *command.control_group);
    return 1;
  }
  const std::string filelog = log_path(command);
  const OpenLog open_log = chosen_log(command, filelog);
  supervisor::tidy_descriptors();
  (void)spawn::reserve_low_descriptors(spawner_threads);
  auto options = options_for(command, program, supervisor::widen_umask());
  if (worker_user) options.worker_user = {worker_user->uid, worker_user->gid};
  options.control_group = control_group;
  options.identity = {program, ::getpid()};
  auto output = open_log(options.identity);
  if (!output) {
    fmt::print(stderr, "{}: msg_init failed: can't open log file: {}\n", program, output.error().sentence);
    return 1;
  }
  supervisor::block_signals();
  if (command.foreground || command.debug) {
    supervisor::silence_stdio(false);
    return run_daemon(command, std::move(options), open_log, std::move(*output));
  }
  if (const auto gone = supervisor::daemonize(); !gone) {
    fmt::print(stderr, "{}: {}\n", program, gone.error().sentence);
    return 1;
  }
  options.identity.pid = ::getpid();
  // The tag of every line holds the pid, which is another one now.
  output = open_log(options.identity);
  if (!output) return 1;
  return run_daemon(command, std::move(options), open_log, std::move(*output));
}

}  // namespace xsuperd::cli
