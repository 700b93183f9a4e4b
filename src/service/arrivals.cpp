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

void Arrivals::count(const config::Service& service, const policy::Policy::Source& source, base::Moment now,
                     policy::Question& question) {
  ++attempts_;
  question.rate_tripped = rate_.trips(service.rate(), now);
  look(service, source, now, question);
  const auto per_source = source_rate_of(service);
  if (per_source.burst == 0 && !source.exempt) question.source_rate_tripped = source_rates_.trips(per_source, source.address, now);
}

void Arrivals::look(const config::Service& service, const policy::Policy::Source& source, base::Moment now,
                    policy::Question& question) const {
  if (source.exempt) return;
  const config::Settings& s = service.settings;
  question.out_of_tokens = s.rate && !policy::has_token(*s.rate, bucket_, now);
  if (s.penalty) question.penalised = penalties_.counts(source.address, now);
  question.source_rate_tripped = token_at(service, source.address, now).has_value();
}

void Arrivals::admitted(const config::Service& service, const policy::Policy::Source& source, base::Moment now) {
  if (source.exempt) return;
  const config::Settings& s = service.settings;
  if (s.rate) bucket_ = policy::token_taken(*s.rate, bucket_, now);
  const auto per_source = source_rate_of(service);
  if (per_source.burst == 0 || per_source.connections == 0) return;
  source_buckets_.put_off(source.address, now,
                          [&](base::Moment full) { return policy::token_taken(as_bucket(per_source), full, now); });
}

void Arrivals::give_back(const config::Service& service, const policy::Policy::Source& source, base::Moment now) {
  if (source.exempt) return;
  if (const auto& rate = service.settings.rate) bucket_ -= policy::token_time(*rate);
  const auto per_source = source_rate_of(service);
  if (per_source.burst > 0 && source_buckets_.find(source.address, now))
    source_buckets_.put_off(source.address, now, [&](base::Moment full) { return full - policy::token_time(as_bucket(per_source)); });
}

void Arrivals::fit(const config::Service& service, base::Moment now) {
  const config::Settings& s = service.settings;
  if (s.rate) bucket_ = std::min(bucket_, now + policy::whole_time(*s.rate));
  if (const auto rate = source_rate_of(service); rate.burst > 0) source_buckets_.shorten(now + policy::whole_time(as_bucket(rate)));
  penalties_.shorten(now + std::chrono::seconds(s.penalty_range.value_or(config::PenaltyRange{}).most));
}

const config::BanCause* Arrivals::punish(const config::Service& service, const policy::Policy::Source& source, bool spared,
                                         const policy::Misdeed& misdeed, base::Moment now) {
  if (!source.exempt) penalties_.add(service.settings, source.address, misdeed, now);
  // Whoever has sent a datagram, its address may be somebody else's.
  if (spared || service.datagrams()) return nullptr;
  return offences_.note(service.settings, source.address, misdeed, penalties_.end_of(source.address, now), now);
}

std::optional<base::Moment> Arrivals::token_at(const config::Service& service) const {
  const auto& rate = service.settings.rate;
  return rate ? std::optional(policy::token_at(*rate, bucket_)) : std::nullopt;
}

std::optional<base::Moment> Arrivals::token_at(const config::Service& service, const base::Address& source, base::Moment now) const {
  const auto per_source = source_rate_of(service);
  if (per_source.burst == 0 || per_source.connections == 0) return std::nullopt;
  const auto* bucket = source_buckets_.find(source, now);
  if (!bucket || policy::has_token(as_bucket(per_source), bucket->end, now)) return std::nullopt;
  return policy::token_at(as_bucket(per_source), bucket->end);
}

void Arrivals::forget_rates() {
  rate_.reset();
  source_rates_.reset();
  offences_.reset();
}

void Arrivals::save(StateSnapshot& snapshot) const {
  snapshot.rate = rate_.snapshot();
  snapshot.attempts = attempts_;
  snapshot.source_rates = source_rates_.snapshot();
  snapshot.bucket = bucket_;
  snapshot.source_buckets = source_buckets_.snapshot();
  snapshot.penalties = penalties_.snapshot();
  snapshot.offences = offences_.snapshot();
}

void Arrivals::restore(const StateSnapshot& snapshot) {
  rate_.restore(snapshot.rate);
  source_rates_.restore(snapshot.source_rates);
  attempts_ = snapshot.attempts;
  bucket_ = snapshot.bucket;
  source_buckets_.restore(snapshot.source_buckets);
  penalties_.restore(snapshot.penalties);
  offences_.restore(snapshot.offences);
}

}  // namespace xsuperd::service
