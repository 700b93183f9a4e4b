// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// Why a request is refused, and all there is to say about each reason. Pure; safe on any thread.
namespace xsuperd::policy {

/// In the order in which they were added: the numbers outlive an upgrade, so a new one goes before `end`.
enum class Reason : std::uint8_t {
  address,
  time,
  fork,
  service_limit,
  per_source_limit,
  per_source_rate,
  process_limit,
  libwrap,
  load,
  connections_per_second,
  rate,
  queue_full,
  queue_timeout,
  penalty,
  tls,
  certificate,
  proxy,
  fleet_per_source,
  fleet_rate,
  end  ///< none: how many there are
};
inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::end);

/// What is said about one reason.
struct ReasonRow {
  Reason reason = Reason::end;
  std::string_view word;       ///< in logs, counters and answers: xinetd's where it has one (fact B7.19)
  std::string_view check;      ///< the line of explain() that objects with it; empty: it comes after those
  std::string_view attribute;  ///< the one whose value decides; empty: no attribute alone
  std::string_view sentence;   ///< for the manual
  std::uint64_t since = 0;     ///< the version of the handed-over state that has its count first
};

/// In the order of Reason. Explanations, log words, counters, the handed-over state and xsuperd.log(5) are made from it.
inline constexpr std::array<ReasonRow, reason_count> reason_table{{
    {.reason = Reason::address, .word = "address", .check = "only_from", .attribute = "",
     .sentence = "The address or the name is kept out by only_from or no_access, or the peer touches a sensor or is banned."},
    {.reason = Reason::time, .word = "time", .check = "access_times", .attribute = "access_times",
     .sentence = "The time of day is outside access_times."},
    {.reason = Reason::fork, .word = "fork", .check = "", .attribute = "",
     .sentence = "No process could be created after all attempts; for internal services and redirects, too many "
                 "conversations already wait for a worker."},
    {.reason = Reason::service_limit, .word = "service_limit", .check = "instances", .attribute = "instances",
     .sentence = "As many servers of the service run as instances allows."},
    {.reason = Reason::per_source_limit, .word = "per_source_limit", .check = "per_source", .attribute = "per_source",
     .sentence = "As many servers of the service run for the address as per_source allows."},
    {.reason = Reason::per_source_rate, .word = "per_source_rate", .check = "per_source_rate",
     .attribute = "per_source_rate", .sentence = "The address has made as many requests as per_source_rate allows."},
    {.reason = Reason::process_limit, .word = "process_limit", .check = "-limit", .attribute = "",
     .sentence = "As many servers of all services run as the option -limit allows."},
    {.reason = Reason::libwrap, .word = "libwrap", .check = "libwrap", .attribute = "",
     .sentence = "The peer is kept out by hosts.allow or hosts.deny, or twist gave it another program."},
    {.reason = Reason::load, .word = "load", .check = "max_load", .attribute = "max_load",
     .sentence = "The load average has reached max_load."},
    {.reason = Reason::connections_per_second, .word = "connections per second", .check = "cps", .attribute = "cps",
     .sentence = "More requests came than cps allows, and the service is closed for a while. This reason contains blanks."},
    {.reason = Reason::rate, .word = "rate", .check = "rate", .attribute = "rate",
     .sentence = "The service has admitted as many requests as rate allows.", .since = 8},
    {.reason = Reason::queue_full, .word = "queue_full", .check = "queue", .attribute = "queue",
     .sentence = "The request would have to wait, and the queue is full, or this source has its share of it.", .since = 8},
    {.reason = Reason::queue_timeout, .word = "queue_timeout", .check = "", .attribute = "queue",
     .sentence = "The request has waited in the queue as long as queue allows.", .since = 8},
    {.reason = Reason::penalty, .word = "penalty", .check = "penalty", .attribute = "penalty",
     .sentence = "Earlier requests have cost the source a penalty that is not over yet.", .since = 8},
    {.reason = Reason::tls, .word = "tls", .check = "", .attribute = "tls",
     .sentence = "TLS could not be agreed on, or not within tls_timeout.", .since = 10},
    {.reason = Reason::certificate, .word = "certificate", .check = "", .attribute = "only_cert",
     .sentence = "The peer has no certificate, or not a good one, or only_cert does not have it.", .since = 10},
    {.reason = Reason::proxy, .word = "proxy", .check = "", .attribute = "proxy_from",
     .sentence = "A peer in proxy_from did not begin with a header of the PROXY protocol in time, or 256 others of the service "
                 "are waited for already. The address is the proxy's.", .since = 10},
    {.reason = Reason::fleet_per_source, .word = "fleet_per_source", .check = "fleet_per_source", .attribute = "fleet_per_source",
     .sentence = "The hosts of the fleet have as many connections of the address to the service as fleet_per_source allows.", .since = 12},
    {.reason = Reason::fleet_rate, .word = "fleet_rate", .check = "fleet_rate", .attribute = "fleet_rate",
     .sentence = "The hosts of the fleet have admitted as many requests of the address as fleet_rate allows.", .since = 12},
}};

/// Does each reason have its row, in its place, with a word of its own and a sentence?
consteval bool reasons_are_complete() {
  for (std::size_t i = 0; i < reason_count; ++i) {
    const ReasonRow& row = reason_table[i];
    const auto alike = std::count_if(reason_table.begin(), reason_table.end(), [&](const auto& other) { return other.word == row.word; });
    if (row.reason != static_cast<Reason>(i) || row.word.empty() || row.sentence.empty() || alike != 1) return false;
  }
  return true;
}
static_assert(reasons_are_complete());

/// Of any Reason but `end`.
[[nodiscard]] constexpr const ReasonRow& row_of(Reason reason) { return reason_table[static_cast<std::size_t>(reason)]; }
/// Its word in the log.
[[nodiscard]] constexpr std::string_view log_word(Reason reason) { return row_of(reason).word; }

/// Is a peer refused for what it has done or is itself, and not because others take the room, or because there is none? Only
/// the former may have it banned: else anybody could have others banned by filling a service. What other hosts count is not
/// certain enough, and is told by the store. Of any Reason but `end`.
[[nodiscard]] constexpr bool is_peers_doing(Reason reason) {
  switch (reason) {
    case Reason::address:
    case Reason::time:
    case Reason::per_source_limit:
    case Reason::per_source_rate:
    case Reason::libwrap:
    case Reason::penalty:
    case Reason::tls:
    case Reason::certificate:
    case Reason::proxy:
      return true;
    case Reason::fork:
    case Reason::service_limit:
    case Reason::process_limit:
    case Reason::load:
    case Reason::connections_per_second:
    case Reason::rate:
    case Reason::queue_full:
    case Reason::queue_timeout:
    case Reason::fleet_per_source:
    case Reason::fleet_rate:
    case Reason::end:
      return false;
  }
  return false;
}

/// A value for each reason.
template <typename T>
class PerReason {
 public:
  [[nodiscard]] constexpr T& operator[](Reason reason) { return values_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] constexpr const T& operator[](Reason reason) const { return values_[static_cast<std::size_t>(reason)]; }
  bool operator==(const PerReason&) const = default;

 private:
  std::array<T, reason_count> values_{};
};

}  // namespace xsuperd::policy
