// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>

#include "xsuperd/config/model.hpp"
#include "xsuperd/policy/offences.hpp"
#include "xsuperd/policy/penalties.hpp"
#include "xsuperd/policy/source_times.hpp"
#include "xsuperd/policy/verdict.hpp"
#include "xsuperd/service/state_snapshot.hpp"

namespace xsuperd::service {

/// The requests of a service that have come so far, whatever became of them: how many, and how many lately, for cps, rate,
/// per_source_rate and penalties. Pure; a State owns it. Moments never go back.
class Arrivals {
 public:
  /// Counts one more, and says in the question whether that trips a limit. One that is exempt counts for cps alone.
  void count(const config::Service& service, const policy::Policy::Source& source, base::Moment now, policy::Question& question);
  /// Says in the question what stands against it now, without counting it.
  void look(const config::Service& service, const policy::Policy::Source& source, base::Moment now, policy::Question& question) const;
  /// It has been admitted: takes the tokens.
  void admitted(const config::Service& service, const policy::Policy::Source& source, base::Moment now);
  /// One that had been admitted has been refused after all.
  void give_back(const config::Service& service, const policy::Policy::Source& source, base::Moment now);
  /// The service has changed: nothing that it owes or is punished for goes beyond what the limits of now would do.
  void fit(const config::Service& service, base::Moment now);
  /// A source has done something that may cost it time, or for which it is to be banned: then that is returned, which is the
  /// service's. `spared`: it is never banned.
  [[nodiscard]] const config::BanCause* punish(const config::Service& service, const policy::Policy::Source& source, bool spared,
                                               const policy::Misdeed& misdeed, base::Moment now);

  [[nodiscard]] std::uint64_t attempts() const { return attempts_; }
  /// Those that count for cps at `now`.
  [[nodiscard]] std::uint64_t recent(const config::Rate& rate, base::Moment now) const { return rate_.recent(rate, now); }
  /// Those from a source that count for per_source_rate.
  [[nodiscard]] std::uint32_t recent_from(const base::Address& source) const { return source_rates_.recent(source); }
  /// When `rate` lets one more in; nothing without it.
  [[nodiscard]] std::optional<base::Moment> token_at(const config::Service& service) const;
  /// When per_source_rate with a period lets one more in from a source; nothing when it does now.
  [[nodiscard]] std::optional<base::Moment> token_at(const config::Service& service, const base::Address& source, base::Moment now) const;
  [[nodiscard]] const policy::Penalties& penalties() const { return penalties_; }

  /// cps counts afresh.
  void forget_rate() { rate_.reset(); }
  /// cps and a per_source_rate of so many seconds count afresh (fact B8.41); buckets and penalties stay.
  void forget_rates();
  /// What was counted by those whose place these take counts as counted here.
  void count_on_from(const Arrivals& before) { attempts_ = before.attempts_; }

  /// Attempts, rates and penalties of a snapshot, there and back.
  void save(StateSnapshot& snapshot) const;
  void restore(const StateSnapshot& snapshot);

 private:
  policy::RateWindow rate_;
  policy::SourceRates source_rates_;
  base::Moment bucket_{};               ///< of rate: when it is full
  policy::SourceTimes source_buckets_;  ///< of per_source_rate with a burst
  policy::Penalties penalties_;
  policy::Offences offences_;
  std::uint64_t attempts_ = 0;
};

}  // namespace xsuperd::service
