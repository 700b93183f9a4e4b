// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <chrono>

#include "xsuperd/base/time.hpp"
#include "xsuperd/config/limits.hpp"

/// Token buckets as one moment each: when the bucket is full again. Pure; safe on any thread.
namespace xsuperd::policy {

/// How long a token takes to come back.
[[nodiscard]] inline std::chrono::nanoseconds token_time(const config::TokenRate& rate) {
  return std::chrono::nanoseconds(std::chrono::seconds(rate.period)) / std::max(rate.count, 1u);
}

/// How long an empty bucket takes to be full.
[[nodiscard]] inline std::chrono::nanoseconds whole_time(const config::TokenRate& rate) {
  return token_time(rate) * std::max(rate.burst, 1u);
}

/// When there is a token: `now` or earlier if there is one.
[[nodiscard]] inline base::Moment token_at(const config::TokenRate& rate, base::Moment full) {
  return full - token_time(rate) * (std::max(rate.burst, 1u) - 1);
}
[[nodiscard]] inline bool has_token(const config::TokenRate& rate, base::Moment full, base::Moment now) {
  return token_at(rate, full) <= now;
}
/// When the bucket is full after one more was taken. The longest debt is a whole bucket: one that has been made smaller is
/// not empty for longer than it takes to fill.
[[nodiscard]] inline base::Moment token_taken(const config::TokenRate& rate, base::Moment full, base::Moment now) {
  const auto one = token_time(rate);
  return std::min(std::max(full, now) + one, now + whole_time(rate));
}

}  // namespace xsuperd::policy
