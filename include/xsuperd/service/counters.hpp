// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <array>
#include <cstdint>
#include <optional>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/counts.hpp"
#include "xsuperd/base/described.hpp"
#include "xsuperd/base/histogram.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/policy/reason.hpp"

namespace xsuperd::service {

/// What a service has done since it was started. Every request ends up in exactly one of the counts, so that always
///
///     accepted = served + all of refused + failed + withdrawn + those that are not decided yet.
///
/// A value; a Runner owns it, on the loop thread. Counting allocates nothing. What is a plain count is among base::Counts.
struct Counters : base::Counts {
  policy::PerReason<std::uint64_t> refused{};  ///< `fork` is counted in `failed`

  base::WallTime since{};         ///< when counting began
  base::WallTime last_request{};  ///< none: the epoch, as below
  base::WallTime last_refusal{};
  base::WallTime last_failure{};  ///< of those counted in `failed`
  base::Endpoint last_refused_peer{};
  policy::Reason last_reason = policy::Reason::address;
  std::chrono::nanoseconds slowest_start{};  ///< the longest time from `accepted` to `served`
  std::optional<base::Histogram> starts{};     ///< the times from `accepted` to `served`; none before the first
  std::optional<base::Histogram> durations{};  ///< of what has `ended`; none before the first

  void refuse(policy::Reason reason, bool by_ban, const base::Endpoint& peer, base::WallTime when) {
    if (reason == policy::Reason::fork) return fail(when);
    ++refused[reason];
    banned += by_ban ? 1 : 0;
    last_refusal = when;
    last_refused_peer = peer;
    last_reason = reason;
  }
  void fail(base::WallTime when) {
    ++failed;
    last_failure = when;
  }
  void serve(std::chrono::nanoseconds after) {
    ++served;
    slowest_start = slowest_start < after ? after : slowest_start;
    note(starts, after);
  }
  void end(std::chrono::nanoseconds after) {
    ++ended;
    busy_ms += static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(after).count());
    note(durations, after);
  }
  static void note(std::optional<base::Histogram>& in, std::chrono::nanoseconds time) {
    if (!in) in.emplace();
    in->add(time);
  }
  static void add(std::optional<base::Histogram>& to, const std::optional<base::Histogram>& other) {
    if (!other) return;
    if (!to) to.emplace();
    *to += *other;
  }
  [[nodiscard]] std::uint64_t refused_in_all() const {
    std::uint64_t sum = 0;
    for (const policy::ReasonRow& row : policy::reason_table) sum += refused[row.reason];
    return sum;
  }
  /// All that is decided, taken away from here: what is left are requests whose fate is not known yet.
  [[nodiscard]] Counters hand_on() {
    Counters decided_here = *this;
    decided_here.accepted = decided();
    const std::uint64_t rest = accepted - decided();
    *this = {};
    accepted = rest;
    return decided_here;
  }
  /// Requests whose fate is known.
  [[nodiscard]] std::uint64_t decided() const { return served + refused_in_all() + failed + withdrawn; }
  bool operator==(const Counters&) const = default;
  /// Adds the counts, not the times.
  Counters& operator+=(const Counters& other) {
    Counts::operator+=(other);
    for (const policy::ReasonRow& row : policy::reason_table) refused[row.reason] += other.refused[row.reason];
    add(starts, other.starts);
    add(durations, other.durations);
    return *this;
  }
};
BOOST_DESCRIBE_STRUCT(Counters, (base::Counts),
                      (refused, since, last_request, last_refusal, last_failure, last_refused_peer, last_reason,
                       slowest_start, starts, durations))
constexpr auto members_since(const Counters*) { return std::array{base::Since{"starts", 11}, base::Since{"durations", 11}}; }

}  // namespace xsuperd::service
