// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/control/schema/daemon.hpp"

namespace xsuperd::control {

namespace reply {

/// How long something took: counts by base::bounds.
struct Times {
  std::vector<std::uint64_t> counts;
  double seconds = 0;
  static constexpr std::array notes{
      Note{"counts", "of those that took at most 0.25, 1, 5, 20, 100 and 500 ms, 1, 5 and 30 s, 5 min, 1 h, and longer; each is counted once"},
      Note{"seconds", "all of them together"}};
};
BOOST_DESCRIBE_STRUCT(Times, (), (counts, seconds))

struct Metrics : Stats {
  std::uint64_t tls_workers = 0;
  std::uint64_t tls_conversations = 0;
  WorkerFailures worker_failures;
  Boxes boxes;
  Maybe<Fleet> fleet;
  Maybe<Crowdsec> crowdsec;
  LeftOut left_out;
  std::uint64_t retiring = 0;
  std::uint64_t errors = 0;
  std::uint64_t warnings = 0;
  Time loaded;
  std::optional<LastReload> last_reload;
  std::uint64_t reloads_applied = 0;
  std::uint64_t reloads_refused = 0;
  std::uint64_t upgrades = 0;
  std::uint64_t log_lost = 0;
  std::uint64_t control_clients = 0;
  Table<std::string, std::uint64_t> failed_starts;
  Table<std::string, std::uint64_t> handshakes;
  static constexpr std::array notes{
      Note{"process_limit", "the value of -limit; null: no limit"}, Note{"workers", "process ids"},
      Note{"cpu", "seconds of the daemon itself"},
      Note{"tls_workers", "how many workers speak TLS"},
      Note{"tls_conversations", "connections that they hold"},
      Note{"fleet", "only with ban_share"},
      Note{"crowdsec", "only with ban_crowdsec"},
      Note{"retiring", "removed services whose servers still run"},
      Note{"errors", "in the configuration when it was last read"},
      Note{"loaded", "when the configuration in effect was read"},
      Note{"log_lost", "lines that could not be written to any of the logs, since the daemon was started"},
      Note{"failed_starts", "how often a server could not be started, by what had failed"},
      Note{"handshakes", "of TLS: how they came out"}};
};
BOOST_DESCRIBE_STRUCT(Metrics, (Stats), (tls_workers, tls_conversations, worker_failures, boxes, fleet, crowdsec, left_out, retiring, errors, warnings, loaded,
                                         last_reload, reloads_applied, reloads_refused, upgrades, log_lost, control_clients,
                                         failed_starts, handshakes))

struct MetricsRow : StatsRow {
  std::string name;
  std::uint64_t sessions = 0;
  std::uint64_t waiting = 0;
  std::optional<Times> starts;
  std::optional<Times> durations;
  static constexpr std::array notes{
      Note{"sessions", "requests that are not over"}, Note{"waiting", "of those, in the queue"},
      Note{"starts", "from the arrival of a request until its server began; null before the first"},
      Note{"durations", "of servers and conversations that have ended; null before the first"}};
};
BOOST_DESCRIBE_STRUCT(MetricsRow, (StatsRow), (name, sessions, waiting, starts, durations))

}  // namespace reply

namespace command {

struct Metrics : Look<Nothing, reply::Metrics, reply::MetricsRow> {
  static constexpr std::string_view name = "metrics";
  static constexpr std::string_view text =
      "What metrics are made of: a row for each service that is served, with its counters and histograms, and what concerns "
      "the daemon as a whole.";
};

}  // namespace command

using MetricsCommands = boost::mp11::mp_list<command::Metrics>;

}  // namespace xsuperd::control
