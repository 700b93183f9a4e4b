// SPDX-License-Identifier: MIT
// The counters of a daemon at one moment, and what has happened between two. Internal to ctl; pure.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctl/commands.hpp"

namespace xsuperd::ctl {

/// Counters as `stats` has them, of a service or of all.
struct Counts {
  std::int64_t accepted = 0, served = 0, refused = 0, failed = 0, withdrawn = 0;
  std::int64_t bytes = 0;  ///< from and to the peers, by conversations that have ended
};

struct ServiceCounts {
  std::string id;     ///< as it came: not fit for a terminal yet, like all texts here
  std::string state;
  Counts counts;
  std::int64_t running = 0;
  std::optional<std::int64_t> limit;                          ///< of servers; nothing: none, or not reported
  std::optional<std::int64_t> sessions;                       ///< also those that have no server yet; nothing: not asked for
  std::optional<double> slowest_start;                        ///< seconds, since the daemon's start
  double since = 0;                                           ///< when counting began, seconds since 1970
  std::vector<std::pair<std::string, std::int64_t>> reasons;  ///< of refusals
  reply::Counters all;                                        ///< as they came
};

/// An answer to `stats`, and when it came.
struct Snapshot {
  std::chrono::steady_clock::time_point taken;
  std::string version;
  std::optional<std::int64_t> pid, process_limit, conversations, bans;
  std::optional<std::size_t> workers;
  std::optional<double> load;
  double started = 0, now = 0;  ///< by the daemon's clock, seconds since 1970
  std::int64_t running = 0;
  Counts totals;
  std::vector<ServiceCounts> services;
};
/// What is missing or of another kind, as a daemon of another version may have it, stays at its default.
[[nodiscard]] Snapshot snapshot_of(const Answer& stats, std::chrono::steady_clock::time_point taken);
/// What an answer to `list` tells besides: how many sessions each service has.
void add_sessions(Snapshot& snapshot, const Answer& list);

/// How much was counted each second.
struct Rates {
  double accepted = 0, served = 0, refused = 0, failed = 0, bytes = 0;
};

struct ServiceActivity {
  ServiceCounts now;
  std::optional<Rates> rates;  ///< nothing: there is nothing to compare with
};

/// The later of two snapshots with what has happened since the earlier.
struct Activity {
  Snapshot now;  ///< without services: they are below
  std::optional<Rates> rates;
  std::vector<ServiceActivity> services;
};
/// Services are recognised by their ids; of those that share an id the first is compared with the first, and so on.
/// Where counting has started again or gone back, as when the daemon was started again, there are no rates.
[[nodiscard]] Activity activity_of(Snapshot now, const Snapshot* before);

/// Those whose id the pattern matches; all, if it is empty. Pure.
[[nodiscard]] Activity matching(const Activity& activity, const std::string& pattern);

enum class Sort : std::uint8_t { rate, running, refused, name, bytes };
/// The word for --sort, and back.
[[nodiscard]] std::string_view word_of(Sort sort);
[[nodiscard]] std::optional<Sort> sort_of(std::string_view word);
/// For programs: rates of the daemon and of each service, in the order in which they stand; null where there is nothing to
/// compare with. Pure.
[[nodiscard]] json::object json_of(const Activity& activity);
/// The busiest first; what is alike by what has happened since the start, then by name.
void sort_services(Activity& activity, Sort sort);

}  // namespace xsuperd::ctl
