// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <chrono>
#include <cstdint>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/policy/verdict.hpp"

namespace xsuperd::service {

/// What a service has done since it was started. Every request ends in exactly one of the counts, so that always
///
///     accepted = served + all of refused + failed + withdrawn + those that are not decided yet.
///
/// A value; a Runner owns it, on the loop thread. Counting allocates nothing.
struct Counters {
  static constexpr std::size_t reasons = static_cast<std::size_t>(policy::Reason::connections_per_second) + 1;

  std::uint64_t accepted = 0;  ///< requests: connections taken, datagrams or waiting sockets looked at
  std::uint64_t served = 0;    ///< a server or conversation began, and may have ended since
  std::array<std::uint64_t, reasons> refused{};  ///< by policy::Reason; `fork` is counted in `failed`
  std::uint64_t banned = 0;                      ///< of those refused by address: a sensor has the peer on its list
  std::uint64_t failed = 0;     ///< admitted, but no server could be started, or no target of a redirect was found
  std::uint64_t withdrawn = 0;  ///< the peer, or the service, went away before; or it did not identify itself (IDONLY)

  base::WallTime since{};         ///< when counting began
  base::WallTime last_request{};  ///< none: the epoch, as below
  base::WallTime last_refusal{};
  base::WallTime last_failure{};  ///< of those counted in `failed`
  base::Endpoint last_refused_peer{};
  policy::Reason last_reason = policy::Reason::address;
  std::chrono::nanoseconds slowest_start{};  ///< the longest time from `accepted` to `served`
  std::uint64_t bytes_in = 0;   ///< of conversations that have ended: from the peers
  std::uint64_t bytes_out = 0;  ///< and to them

  void refuse(policy::Reason reason, bool by_ban, const base::Endpoint& peer, base::WallTime when) {
    if (reason == policy::Reason::fork) return fail(when);
    ++refused[static_cast<std::size_t>(reason)];
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
  }
  [[nodiscard]] std::uint64_t refused_in_all() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : refused) sum += count;
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
    accepted += other.accepted;
    served += other.served;
    for (std::size_t i = 0; i < reasons; ++i) refused[i] += other.refused[i];
    banned += other.banned;
    failed += other.failed;
    withdrawn += other.withdrawn;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    return *this;
  }
};

}  // namespace xsuperd::service
