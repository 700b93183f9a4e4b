// SPDX-License-Identifier: MIT
#include "supervisor/checks.hpp"

#include <utility>

namespace xsuperd::supervisor {

ConsistencyChecks::ConsistencyChecks(boost::asio::io_context& loop, const log::DaemonLog& log, const Roster& roster,
                                     std::function<std::uint64_t()> places)
    : log_(log), roster_(roster), places_(std::move(places)), alarm_(loop, [this] {
        every(interval_);
        check(false);
      }) {}

void ConsistencyChecks::every(std::chrono::seconds interval) {
  interval_ = interval;
  if (interval.count() > 0) alarm_.set(interval);
}

void ConsistencyChecks::check(bool tell) {
  std::size_t errors = 0;
  std::size_t places = 0;
  roster_.for_each([&](const auto& runner) { errors += errors_of(*runner, places); });
  if (const std::uint64_t counted = places_(); places != counted) {
    ++errors;
    log_.error("{} places are taken in all, {} are counted", places, counted);
  }
  if (errors > 0)
    log_.warning("Consistency check detected {} errors", errors);
  else if (tell)
    log_.info("Consistency check passed");
}

std::size_t ConsistencyChecks::errors_of(const service::Runner& runner, std::size_t& places) const {
  const service::State& state = runner.state();
  std::size_t errors = 0;
  places += state.running();
  if (!accounted(runner)) {
    ++errors;
    log_.error("service {}: {} requests were accepted, {} are accounted for", runner.service().id,
               runner.counters().accepted, runner.counters().decided());
  }
  if (state.places().consistent() && state.running() <= runner.sessions().size()) return errors;
  log_.error("service {}: {} places are taken, {} sessions are known", runner.service().id, state.running(),
             runner.sessions().size());
  return errors + 1;
}

}  // namespace xsuperd::supervisor
