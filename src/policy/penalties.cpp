// SPDX-License-Identifier: MIT
#include "xsuperd/policy/penalties.hpp"

#include <algorithm>

namespace xsuperd::policy {

using config::Penalty;

std::uint32_t cost_of(const std::vector<Penalty>& penalties, const Misdeed& misdeed) {
  if (misdeed.by == Misdeed::By::penalty) return 0;
  const auto costs = [&](int status) -> const Penalty* {
    const auto found = std::find_if(penalties.begin(), penalties.end(),
                                    [&](const Penalty& one) { return one.cause == misdeed.cause && one.status == status; });
    return found == penalties.end() ? nullptr : &*found;
  };
  const bool exited = misdeed.cause == Penalty::Cause::exit;
  if (const Penalty* exact = exited ? costs(misdeed.status) : nullptr) return exact->seconds;
  if (exited && misdeed.status == 0) return 0;
  const Penalty* any = costs(Penalty::any_failure);
  return any ? any->seconds : 0;
}

void Penalties::add(const config::Settings& settings, const base::Address& source, const Misdeed& misdeed, base::Moment now) {
  const std::uint32_t seconds = settings.penalty ? cost_of(*settings.penalty, misdeed) : 0;
  if (seconds == 0) return;
  const auto range = settings.penalty_range.value_or(config::PenaltyRange{});
  const SourceTimes::Entry* before = times_.find(source, now);
  const base::Moment from = before ? before->end : now;
  const base::Moment end = std::min(from + std::chrono::seconds(seconds), now + std::chrono::seconds(range.most));
  const bool active = (before && before->active) || end - now >= std::chrono::seconds(range.least);
  times_.set({source, end, active}, now);
}

bool Penalties::counts(const base::Address& source, base::Moment now) const { return end_of(source, now).has_value(); }

std::optional<base::Moment> Penalties::end_of(const base::Address& source, base::Moment now) const {
  const SourceTimes::Entry* entry = times_.find(source, now);
  return entry && entry->active ? std::optional(entry->end) : std::nullopt;
}

}  // namespace xsuperd::policy
