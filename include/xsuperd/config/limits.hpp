// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <limits>
#include <string>

/// How much of a service there may be, at a time and in a time. Values; nothing here changes after the loader has built it.
namespace xsuperd::config {

/// A count with a largest value that means "no limit".
struct Limit {
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = unlimited;
  [[nodiscard]] bool is_unlimited() const { return value == unlimited; }
  bool operator==(const Limit&) const = default;
};

/// cpu_quota and service_cpu_quota, ours: a share of the time of one processor.
struct CpuQuota {
  std::uint32_t percent = 0;  ///< may be above 100; 0: no limit
  [[nodiscard]] bool is_unlimited() const { return percent == 0; }
  bool operator==(const CpuQuota&) const = default;
};

/// cps: connections that trip the service (0: no limit) and the pause in seconds (facts B4.43 to B4.45).
struct Rate {
  std::uint32_t connections = 50;
  std::uint32_t pause = 10;
  std::uint32_t window = 0;  ///< of cps_window: seconds in which they are counted; 0: a rate per second, as in xinetd
  bool operator==(const Rate&) const = default;
};

/// rate, ours: a token bucket. A request takes a token; `count` of them come back in each period, and there are never more
/// than `burst`.
struct TokenRate {
  std::uint32_t count = 0;
  std::uint32_t period = 1;  ///< seconds
  std::uint32_t burst = 1;   ///< at least 1
  bool operator==(const TokenRate&) const = default;
};

/// per_source_rate, ours: connections from one source in so many seconds (0: no limit).
struct SourceRate {
  std::uint32_t connections = 0;
  std::uint32_t window = 60;
  std::uint32_t burst = 0;  ///< 0: they are counted from the first one on; else it is a token bucket of that size
  bool operator==(const SourceRate&) const = default;
};

/// fleet_rate, ours: connections from one source to all hosts of a fleet in each period.
struct FleetRate {
  std::uint32_t count = 0;   ///< 0: no limit
  std::uint32_t period = 1;  ///< seconds
  [[nodiscard]] bool is_unlimited() const { return count == 0; }
  bool operator==(const FleetRate&) const = default;
};

/// source_prefix, ours: how many bits of an address make a source.
struct SourcePrefix {
  std::uint8_t ipv4 = 32;
  std::uint8_t ipv6 = 128;
  bool operator==(const SourcePrefix&) const = default;
};

/// queue, ours: how many requests may wait for a place, and how long.
struct QueueLimit {
  std::uint32_t number = 0;  ///< 0: none waits
  std::uint32_t time = 30;   ///< seconds
  bool operator==(const QueueLimit&) const = default;
};
/// Stands for a daemon that leaves connections in the kernel's queue, which has no time and knows no sources: the share
/// of one source, a quarter, is what such a queue usually holds.
inline constexpr QueueLimit like_backlog{.number = 4 * 128, .time = 3600};

/// One element of penalty, ours: what costs a source how much time.
struct Penalty {
  enum class Cause : std::uint8_t {
    exit,     ///< its server has ended with `status`, or with any but 0
    signal,   ///< its server has been ended by a signal
    timeout,  ///< a time limit has ended its session
    refused,  ///< it has been refused, other than by a penalty
  };
  static constexpr int any_failure = -1;
  Cause cause = Cause::exit;
  int status = any_failure;   ///< of exit: 0 to 255, or any but 0
  std::uint32_t seconds = 0;
  bool operator==(const Penalty&) const = default;
};

/// penalty_range, ours: below `least` penalties have no effect, and they do not grow beyond `most`.
struct PenaltyRange {
  std::uint32_t least = 15;  ///< seconds
  std::uint32_t most = 600;  ///< seconds
  bool operator==(const PenaltyRange&) const = default;
};

/// One element of ban_on, ours: for what a peer is banned from all services.
struct BanCause {
  enum class Kind : std::uint8_t {
    exit,     ///< its server has ended with `status`, or with any but 0
    signal,   ///< its server has been ended by a signal
    timeout,  ///< a time limit has ended its session
    refused,  ///< it has been refused, other than by a ban
    sensor,   ///< it has touched a SENSOR service
    penalty,  ///< its penalties have reached `window`
  };
  static constexpr int any_failure = -1;
  Kind kind = Kind::exit;
  int status = any_failure;  ///< of exit: 0 to 255, or any but 0
  std::uint32_t count = 1;   ///< how often it must happen within `window`
  std::uint32_t window = 0;  ///< seconds; 0 where once is enough
  bool operator==(const BanCause&) const = default;
};

/// ban_time, ours, in seconds: each further ban of one peer takes `factor` times as long as the one before, and none longer
/// than `greatest`.
struct BanTime {
  std::uint32_t first = 600;
  std::uint32_t factor = 2;
  std::uint32_t greatest = 86'400;
  bool operator==(const BanTime&) const = default;
};
/// ban_nft, ours: the table of nftables whose sets are to hold the bans, and what they are called.
struct BanNft {
  std::string family = {};  ///< inet, ip, ip6 or netdev
  std::string table = {};
  std::string set = {};
  bool operator==(const BanNft&) const = default;
};
/// ban_limit, ours, where it is not given.
inline constexpr std::uint32_t usual_ban_limit = 1'000'000;
/// So many can be handed over at an upgrade.
inline constexpr std::uint32_t greatest_ban_limit = 8'000'000;

}  // namespace xsuperd::config
