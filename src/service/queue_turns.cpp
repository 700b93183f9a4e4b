// SPDX-License-Identifier: MIT
#include "xsuperd/service/queue_turns.hpp"

#include <algorithm>
#include <map>

namespace xsuperd::service {

namespace {

config::QueueLimit limit_of(const config::Settings& settings) { return settings.queue.value_or(config::QueueLimit{}); }
std::chrono::seconds longest_wait(const config::Settings& settings) { return std::chrono::seconds(limit_of(settings).time); }

}  // namespace

bool QueueTurns::takes(const config::Settings& settings, const policy::Policy::Source& source) const {
  const std::uint32_t number = limit_of(settings).number;
  const bool has_share = source.exempt || line_.count_from(source.address) < std::max(number / 4, 1u);
  return line_.size() < number && has_share;
}

bool QueueTurns::add(const config::Settings& settings, Token token, const policy::Policy::Source& source, base::Moment now) {
  if (line_.contains(token)) return true;
  if (!takes(settings, source)) return false;
  line_.push(token, source.address, source.exempt, now);
  return true;
}

void QueueTurns::settle(const config::Settings& settings, const Places& places) {
  if (line_.empty() || !has_room(settings.instances, places.count())) return;
  line_.settle([&](const base::Address& source, bool exempt) {
    return exempt || has_room(settings.per_source, places.count_from(source));
  });
}

bool QueueTurns::somebody_is_next(const config::Settings& settings, const Places& places, bool exempt) const {
  if (called_ != 0 && !exempt) return true;
  const auto next = callable(settings, places);
  return next && (next->exempt || !exempt);
}

std::optional<WaitingLine::Next> QueueTurns::callable(const config::Settings& settings, const Places& places) const {
  if (line_.empty() || called_ != 0 || !has_room(settings.instances, places.count())) return std::nullopt;
  return line_.next();
}

std::optional<Token> QueueTurns::call(const config::Settings& settings, const Places& places) {
  settle(settings, places);
  const auto next = callable(settings, places);
  if (!next) return std::nullopt;
  called_ = next->token;
  return called_;
}

/// A newcomer does not put off the next try: those who come ever and again would do so for ever.
void QueueTurns::found_none(Token token, policy::Reason reason, base::Moment now) {
  const bool newcomer = !line_.contains(token);
  if (reason == policy::Reason::process_limit && !(newcomer && next_try_)) next_try_ = now + others_pause;
  if (reason != policy::Reason::process_limit && !newcomer) next_try_.reset();
}

std::optional<Token> QueueTurns::expire(const config::Settings& settings, base::Moment now) {
  const auto oldest = line_.oldest();
  if (!oldest || oldest->since + longest_wait(settings) > now) return std::nullopt;
  remove(oldest->token);
  return oldest->token;
}

std::optional<base::Moment> QueueTurns::next_look(const config::Settings& settings, const Places& places,
                                                  std::optional<base::Moment> token) const {
  const auto oldest = line_.oldest();
  if (!oldest) return std::nullopt;
  const base::Moment due = oldest->since + longest_wait(settings);
  const auto next = callable(settings, places);
  if (!next) return due;
  const base::Moment token_at = next->exempt ? base::Moment{} : token.value_or(base::Moment{});
  return std::min(due, std::max(next_try_.value_or(base::Moment{}), token_at));
}

void QueueTurns::regroup(const policy::Policy& policy, const std::vector<std::pair<Token, base::Address>>& peers) {
  const std::map<Token, base::Address> addresses(peers.begin(), peers.end());
  auto waiting = line_.snapshot();
  for (StateSnapshot::Waiting& one : waiting)
    if (const auto peer = addresses.find(one.token); peer != addresses.end()) {
      const auto [address, exempt] = policy.counted(peer->second);
      one.source = address, one.exempt = exempt;
    }
  WaitingLine line;
  line.restore(std::move(waiting));
  line_ = std::move(line);
}

}  // namespace xsuperd::service
