// SPDX-License-Identifier: MIT
// What concerns the daemon as a whole: how it is, its log, and its program.
#include <sys/resource.h>
#include <unistd.h>

#include "supervisor/control/command.hpp"
#include "supervisor/control/recent.hpp"
#include "supervisor/control/services.hpp"
#include "supervisor/control/totals.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

std::optional<std::uint64_t> process_limit_of(const View& daemon) {
  const std::uint64_t limit = daemon.census().process_limit;
  return limit > 0 ? std::optional(limit) : std::nullopt;
}

std::vector<std::int64_t> workers_of(const View& daemon) {
  const auto pids = daemon.workers();
  return {pids.begin(), pids.end()};
}

reply::ProcessorTime processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return {seconds(used.ru_utime), seconds(used.ru_stime)};
}

reply::Totals totals_of(const View& daemon) {
  reply::Totals totals;
  tell_counters(daemon.counters(), totals);
  for (const auto& one : daemon.services_and_retired()) {
    const std::size_t running = running_sessions(*one);
    totals.running += running;
    totals.undecided += one->sessions().size() - running;
  }
  return totals;
}

namespace {

reply::Configuration configuration_of(const View& daemon) {
  const LoadRecord& last = daemon.last_load();
  reply::Configuration configuration{daemon.configuration_path(), time_of(daemon.loaded_at()), last.errors, last.warnings,
                                     last.unguarded, {}};
  if (last.is_reload) configuration.last_reload = {time_of(last.at), std::string_view(last.outcome)};
  return configuration;
}

reply::ServicesInAll services_of(const View& daemon) {
  const auto config = daemon.configuration();
  const Services served = daemon.services();
  reply::ServicesInAll services{config->services.size(), served.size(), left_out(*config), daemon.retired(), {}};
  for (const auto& one : served) {
    const std::string_view state = state_word(*one);
    const auto found = std::find_if(services.states.begin(), services.states.end(), [&](const auto& s) { return s.first == state; });
    if (found == services.states.end())
      services.states.emplace_back(state, 1);
    else
      ++found->second;
  }
  return services;
}

std::string level_word(log::Level level) { return base::to_lower(log::level_word(level)); }

std::optional<log::Level> level_of(std::string_view word) {
  using log::Level;
  for (const Level level : {Level::critical, Level::error, Level::warning, Level::notice, Level::info, Level::debug})
    if (base::iequals(log::level_word(level), word)) return level;
  return std::nullopt;
}

reply::Status status_of(const View& daemon) {
  reply::Status status;
  status.version = daemon.version();
  status.pid = ::getpid();
  status.started = time_of(daemon.lifetime().started());
  status.now = time_of(std::chrono::system_clock::now());
  status.configuration = configuration_of(daemon);
  status.services = services_of(daemon);
  status.totals = totals_of(daemon);
  status.process_limit = process_limit_of(daemon);
  status.load = daemon.load();
  status.workers = workers_of(daemon);
  status.worker_failures = {daemon.worker_failures().count, time_of(daemon.worker_failures().last)};
  status.conversations = daemon.conversations();
  status.boxes = daemon.boxes();
  status.bans = daemon.bans().list().size();
  if (const auto& trouble = daemon.bans().file().trouble()) status.ban_trouble = *trouble;
  if (const auto& trouble = daemon.bans().firewall().trouble()) status.ban_nft_trouble = *trouble;
  if (auto fleet = daemon.bans().share().state()) status.fleet = std::move(*fleet);
  if (auto crowdsec = daemon.bans().crowdsec().state()) status.crowdsec = std::move(*crowdsec);
  status.log_level = level_word(daemon.log_level());
  status.control_clients = daemon.clients();
  return status;
}

void status(const Call& call, const command::Nothing&, const Answer<command::Status>& answer) {
  call.actions.count_descriptors([daemon = call.view, answer](const base::Result<std::size_t>& used) {
    if (!used) return answer.refuse(Code::failed, used.error().sentence);
    answer.attempt([&] {
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      reply::Status status = status_of(daemon);
      status.descriptors = {*used, limit.rlim_cur};
      status.recent.emplace(recent(daemon.history()));
      answer(status);
    });
  });
}

void log_level(const Call& call, const request::LogLevel& arguments, const Answer<command::LogLevel>& answer) {
  const std::string before = level_word(call.view.log_level());
  if (!arguments.level) return answer({before, {}});
  const auto level = level_of(*arguments.level);
  if (!level)
    return answer.refuse(Code::bad_request, fmt::format("'{}' is not a level: critical, error, warning, notice, info "
                                                        "or debug",
                                                        base::escaped(*arguments.level, 100)));
  call.actions.note(fmt::format("messages are logged down to level {}", level_word(*level)));
  call.actions.set_log_level(*level);
  answer({level_word(*level), control::Word<control::LogLevels>(before)});
}

void reopen_logs(const Call& call, const command::Nothing&, const Answer<command::ReopenLogs>& answer) {
  call.actions.reopen_logs([answer](const std::vector<std::string>& troubles) {
    if (troubles.empty()) return answer({true});
    answer.refuse({Code::failed, "some logs are still written to the files that were open",
                                 control::write(reply::Troubles{troubles})});
  });
}

/// The last word of this image: what is answered goes out before the next one is executed, which opens the socket anew.
void upgrade(const Call& call, const command::Nothing&, const Answer<command::Upgrade>& answer) {
  call.actions.upgrade([answer, version = call.view.version()](const base::Result<void>& ready) {
    if (ready) return answer({version});
    answer.refuse(Code::refused, "still running the old version: " + ready.error().sentence);
  });
}

constexpr std::array daemon_rows{row<command::Status, status>(), row<command::LogLevel, log_level>(),
                          row<command::ReopenLogs, reopen_logs>(), row<command::Upgrade, upgrade>()};

}  // namespace

std::span<const ControlCommand> daemon_commands() { return daemon_rows; }

}  // namespace xsuperd::supervisor
