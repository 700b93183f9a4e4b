// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

#include "xsuperd/config/model.hpp"
#include "xsuperd/policy/verdict.hpp"
#include "xsuperd/service/state_snapshot.hpp"

namespace xsuperd::service {

/// The requests of a service that have come so far, whatever became of them: how many, and how many lately, for cps and
/// per_source_rate. Pure; a State owns it.
class Arrivals {
 public:
  /// Counts one more, and says in the question whether it trips a limit. Moments never go back.
  void count(const config::Service& service, base::Moment now, policy::Question& question);
  [[nodiscard]] std::uint64_t attempts() const { return attempts_; }
  /// Those that count for cps at `now`.
  [[nodiscard]] std::uint64_t recent(const config::Rate& rate, base::Moment now) const { return rate_.recent(rate, now); }
  /// Those from an address that count for per_source_rate.
  [[nodiscard]] std::uint32_t recent_from(const base::Address& source) const { return source_rates_.recent(source); }

  /// cps counts afresh.
  void forget_rate() { rate_.reset(); }
  /// All limits count afresh.
  void forget_rates();
  /// What was counted by those whose place these take counts as counted here.
  void count_on_from(const Arrivals& before) { attempts_ = before.attempts_; }

  /// Attempts and rates of a snapshot, there and back.
  void save(StateSnapshot& snapshot) const;
  void restore(const StateSnapshot& snapshot);

 private:
  policy::RateWindow rate_;
  policy::SourceRates source_rates_;
  std::uint64_t attempts_ = 0;
};

}  // namespace xsuperd::service
