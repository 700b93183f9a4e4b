// SPDX-License-Identifier: MIT
// list and stats: all services, and what they have done.
#include <sys/resource.h>
#include <unistd.h>

#include "supervisor/control/command.hpp"
#include "supervisor/control/services.hpp"
#include "supervisor/control/totals.hpp"

namespace xsuperd::supervisor {

namespace {

/// One row for each service, made when the client has room for it.
template <typename Row>
auto rows_of(Services services, Row (*make)(const service::Runner&)) {
  return [services = std::move(services), next = std::size_t{0}, make]() mutable -> std::optional<Row> {
    if (next == services.size()) return std::nullopt;
    return make(*services[next++]);
  };
}

/// All services, and with `all` the entries that are not served; or those that are asked for, served or not.
void list(const Call& call, const request::List& arguments, const Answer<command::List>& answer) {
  const auto words = arguments.words();
  const auto config = call.view.configuration();
  std::vector<const config::Absent*> absent;
  Services services;
  if (words.empty()) {
    services = call.view.services();
    if (arguments.all.value_or(false))
      for (const config::Absent& entry : config->absent) absent.push_back(&entry);
  } else {
    Selection selection = select_services(call.view, words, false);
    // One that has details means an entry that is not served.
    if (selection.failure && selection.failure->details.empty()) return answer.refuse(std::move(*selection.failure));
    services = std::move(selection.services);
    absent = select_absent(*config, words);
  }
  answer({time_of(std::chrono::system_clock::now()), left_out(*config)},
         [rows = rows_of<reply::Service>(std::move(services), told), absent = std::move(absent), config,
          next = std::size_t{0}]() mutable -> std::optional<reply::ListRow> {
           if (auto row = rows()) return std::move(*row);
           if (next == absent.size()) return std::nullopt;
           return told(*absent[next++]);
         });
}

reply::StatsRow stats_row(const service::Runner& runner) {
  reply::StatsRow row;
  tell_counters(runner.counters(), row);
  row.id = runner.service().id;
  row.state = state_word(runner);
  row.running = running_sessions(runner);
  row.limit = limit_of(runner.service());
  row.slowest_start = std::chrono::duration<double>(runner.counters().slowest_start).count();
  row.since = time_of(runner.counters().since);
  return row;
}

reply::ProcessorTime processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return {seconds(used.ru_utime), seconds(used.ru_stime)};
}

void stats(const Call& call, const request::Services& arguments, const Answer<command::Stats>& answer) {
  const View& daemon = call.view;
  Selection meant{daemon.services(), {}};
  if (const auto words = arguments.words(); !words.empty()) meant = select_services(daemon, words, false);
  if (meant.failure) return answer.refuse(std::move(*meant.failure));
  reply::Stats stats;
  stats.version = daemon.version();
  stats.pid = ::getpid();
  stats.now = time_of(std::chrono::system_clock::now());
  stats.started = time_of(daemon.started());
  stats.process_limit = process_limit_of(daemon);
  stats.workers = workers_of(daemon);
  stats.conversations = daemon.conversations();
  stats.totals = totals_of(daemon);
  stats.load = daemon.load();
  stats.cpu = processor_time();
  stats.bans = daemon.bans().list().size();
  answer(stats, rows_of<reply::StatsRow>(std::move(meant.services), stats_row));
}

constexpr std::array rows{row<command::List, list>(), row<command::Stats, stats>()};

}  // namespace

std::span<const ControlCommand> list_commands() { return rows; }

}  // namespace xsuperd::supervisor
