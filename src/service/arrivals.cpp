// SPDX-License-Identifier: MIT
#include "xsuperd/service/arrivals.hpp"

namespace xsuperd::service {

void Arrivals::count(const config::Service& service, base::Moment now, policy::Question& question) {
  ++attempts_;
  question.rate_tripped = rate_.trips(service.rate(), now);
  const auto per_source = service.settings.per_source_rate.value_or(config::SourceRate{});
  question.source_rate_tripped = source_rates_.trips(per_source, question.peer.address, now);
}

void Arrivals::forget_rates() {
  rate_.reset();
  source_rates_.reset();
}

void Arrivals::save(StateSnapshot& snapshot) const {
  snapshot.rate = rate_.snapshot();
  snapshot.attempts = attempts_;
  snapshot.source_rates = source_rates_.snapshot();
}

void Arrivals::restore(const StateSnapshot& snapshot) {
  rate_.restore(snapshot.rate);
  source_rates_.restore(snapshot.source_rates);
  attempts_ = snapshot.attempts;
}

}  // namespace xsuperd::service
