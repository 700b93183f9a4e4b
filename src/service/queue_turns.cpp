// SPDX-License-Identifier: MIT
#include "xsuperd/service/queue_turns.hpp"

#include <algorithm>

namespace xsuperd::service {

namespace {

config::QueueLimit limit_of(const config::Settings& settings) { return settings.queue.value_or(config::QueueLimit{}); }
std::chrono::seconds longest_wait(const config::Settings& settings) { return std::chrono::seconds(limit_of(settings).time); }

}  // namespace

bool QueueTurns::add(const config::Settings& settings, Token token, const policy::Policy::Source& source, base::Moment now) {
  if (line_.contains(token)) return true;
  const std::uint32_t number = limit_of(settings).number;
  const bool has_share = source.exempt || line_.count_from(source.address) < std::max(number / 4, 1u);
  if (line_.size() >= number || !has_share) return false;
  line_.push(token, source.address, now);
  return true;
}

std::optional<Token> QueueTurns::callable(const config::Settings& settings, const Places& places) const {
  if (line_.empty() || called_ != 0 || !has_room(settings.instances, places.count())) return std::nullopt;
  return line_.next([&](const base::Address& source) { return has_room(settings.per_source, places.count_from(source)); });
}

std::optional<Token> QueueTurns::call(const config::Settings& settings, const Places& places) {
  const auto next = callable(settings, places);
  if (next) called_ = *next;
  return next;
}

void QueueTurns::goes_on_waiting(policy::Reason reason, base::Moment now) {
  next_try_.reset();
  if (reason == policy::Reason::process_limit) next_try_ = now + others_pause;
}

std::optional<Token> QueueTurns::expire(const config::Settings& settings, base::Moment now) {
  const auto token = line_.expired(now - longest_wait(settings));
  if (token) remove(*token);
  return token;
}

std::optional<base::Moment> QueueTurns::next_look(const config::Settings& settings, const Places& places,
                                                  std::optional<base::Moment> token) const {
  const auto oldest = line_.oldest();
  if (!oldest) return std::nullopt;
  const base::Moment due = *oldest + longest_wait(settings);
  if (!callable(settings, places)) return due;
  if (next_try_) return std::min(due, *next_try_);
  return token ? std::min(due, *token) : due;
}

}  // namespace xsuperd::service
