// SPDX-License-Identifier: MIT
#include "xsuperd/service/arrivals.hpp"

#include "xsuperd/policy/token_bucket.hpp"

namespace xsuperd::service {

namespace {

config::SourceRate source_rate_of(const config::Service& service) {
  return service.settings.per_source_rate.value_or(config::SourceRate{});
}

config::TokenRate as_bucket(const config::SourceRate& rate) { return {rate.connections, rate.window, rate.burst}; }

}  // namespace

void Arrivals::count(const config::Service& service, const base::Address& source, bool exempt, base::Moment now,
                     policy::Question& question) {
  ++attempts_;
  question.rate_tripped = rate_.trips(service.rate(), now);
  look(service, source, exempt, now, question);
  const auto per_source = source_rate_of(service);
  if (per_source.burst == 0 && !exempt) question.source_rate_tripped = source_rates_.trips(per_source, source, now);
}

void Arrivals::look(const config::Service& service, const base::Address& source, bool exempt, base::Moment now,
                    policy::Question& question) const {
  if (exempt) return;
  const config::Settings& s = service.settings;
  question.out_of_tokens = s.rate && !policy::has_token(*s.rate, bucket_, now);
  if (s.penalty) question.penalised = penalties_.counts(source, now);
  const auto per_source = source_rate_of(service);
  if (per_source.burst == 0 || per_source.connections == 0) return;
  const auto* bucket = source_buckets_.find(source, now);
  question.source_rate_tripped = bucket && !policy::has_token(as_bucket(per_source), bucket->end, now);
}

void Arrivals::admitted(const config::Service& service, const base::Address& source, bool exempt, base::Moment now) {
  if (exempt) return;
  const config::Settings& s = service.settings;
  if (s.rate) bucket_ = policy::token_taken(*s.rate, bucket_, now);
  const auto per_source = source_rate_of(service);
  if (per_source.burst == 0 || per_source.connections == 0) return;
  const auto* bucket = source_buckets_.find(source, now);
  source_buckets_.set({source, policy::token_taken(as_bucket(per_source), bucket ? bucket->end : now, now), false}, now);
}

std::optional<base::Moment> Arrivals::token_at(const config::Service& service) const {
  const auto& rate = service.settings.rate;
  return rate ? std::optional(policy::token_at(*rate, bucket_)) : std::nullopt;
}

void Arrivals::forget_rates() {
  rate_.reset();
  source_rates_.reset();
}

void Arrivals::save(StateSnapshot& snapshot) const {
  snapshot.rate = rate_.snapshot();
  snapshot.attempts = attempts_;
  snapshot.source_rates = source_rates_.snapshot();
  snapshot.bucket = bucket_;
  snapshot.source_buckets = source_buckets_.snapshot();
  snapshot.penalties = penalties_.snapshot();
}

void Arrivals::restore(const StateSnapshot& snapshot) {
  rate_.restore(snapshot.rate);
  source_rates_.restore(snapshot.source_rates);
  attempts_ = snapshot.attempts;
  bucket_ = snapshot.bucket;
  source_buckets_.restore(snapshot.source_buckets);
  penalties_.restore(snapshot.penalties);
}

}  // namespace xsuperd::service
