// SPDX-License-Identifier: MIT
#include "supervisor/control/metrics.hpp"

#include <unistd.h>

#include "supervisor/control/command.hpp"
#include "supervisor/control/services.hpp"
#include "supervisor/control/totals.hpp"

namespace xsuperd::supervisor {

namespace {

std::optional<reply::Times> times_of(const std::optional<base::Histogram>& histogram) {
  if (!histogram) return std::nullopt;
  reply::Times times;
  times.counts.reserve(base::bounds.size());
  for (const base::Bound& bound : base::bounds) times.counts.push_back((*histogram).*bound.count);
  times.seconds = static_cast<double>(histogram->sum_us) / 1e6;
  return times;
}

void metrics(const Call& call, const command::Nothing&, const Answer<command::Metrics>& answer) {
  reply::Metrics daemon = metrics_of(call.view);
  daemon.totals = totals_of(call.view);
  answer(daemon, [services = call.view.services(), next = std::size_t{0}]() mutable -> std::optional<reply::MetricsRow> {
    if (next == services.size()) return std::nullopt;
    return metrics_row(*services[next++]);
  });
}

constexpr std::array metrics_rows{row<command::Metrics, metrics>()};

}  // namespace

reply::Metrics metrics_of(const View& daemon) {
  reply::Metrics metrics;
  metrics.version = daemon.version();
  metrics.pid = ::getpid();
  metrics.now = time_of(std::chrono::system_clock::now());
  metrics.started = time_of(daemon.lifetime().started());
  metrics.process_limit = process_limit_of(daemon);
  metrics.workers = workers_of(daemon);
  metrics.conversations = daemon.conversations();
  metrics.load = daemon.load();
  metrics.cpu = processor_time();
  metrics.bans = daemon.bans().list().size();
  if (auto fleet = daemon.bans().share().state()) metrics.fleet = std::move(*fleet);
  if (auto crowdsec = daemon.bans().crowdsec().state()) metrics.crowdsec = std::move(*crowdsec);
  metrics.worker_failures = {daemon.worker_failures().count, time_of(daemon.worker_failures().last)};
  metrics.boxes = daemon.boxes();
  metrics.left_out = left_out(*daemon.configuration());
  metrics.retiring = daemon.retired();
  const LoadRecord& last = daemon.last_load();
  metrics.errors = last.errors;
  metrics.warnings = last.warnings;
  metrics.loaded = time_of(daemon.loaded_at());
  if (last.is_reload) metrics.last_reload = {time_of(last.at), std::string_view(last.outcome)};
  metrics.control_clients = daemon.clients();
  daemon.tell_tallies(metrics);
  return metrics;
}

reply::MetricsRow metrics_row(const service::Runner& runner) {
  const service::Counters& counters = runner.counters();
  reply::MetricsRow row;
  static_cast<reply::StatsRow&>(row) = stats_row(runner);
  row.name = runner.service().name;
  row.sessions = runner.sessions().size();
  row.waiting = runner.state().queue().line().size();
  row.starts = times_of(counters.starts);
  row.durations = times_of(counters.durations);
  return row;
}

std::span<const ControlCommand> metrics_commands() { return metrics_rows; }

}  // namespace xsuperd::supervisor
