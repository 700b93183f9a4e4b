// SPDX-License-Identifier: MIT
// The consistency check of SIGABRT and -cc. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>

#include "supervisor/roster.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::supervisor {

/// Compares what services have counted with one another, and logs what does not agree. Loop thread only; everything it
/// refers to outlives it.
class ConsistencyChecks {
 public:
  /// `places`: how many are taken in all, as the services together have counted them.
  ConsistencyChecks(boost::asio::io_context& loop, const log::DaemonLog& log, const Roster& roster,
                    std::function<std::uint64_t()> places);

  /// Checks now. A check that finds nothing is logged, too, if `tell`.
  void check(bool tell);
  /// Checks each time that so much has passed, from now on; 0: never.
  void every(std::chrono::seconds interval);

 private:
  /// How many errors there are; adds to `places` what the service has taken.
  [[nodiscard]] std::size_t errors_of(const service::Runner& runner, std::size_t& places) const;

  const log::DaemonLog& log_;
  const Roster& roster_;
  std::function<std::uint64_t()> places_;
  std::chrono::seconds interval_{0};
  loop::Alarm alarm_;
};

}  // namespace xsuperd::supervisor
