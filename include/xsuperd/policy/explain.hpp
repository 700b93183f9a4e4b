// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/policy/verdict.hpp"

/// Why a peer is served or not, in words: for -t --explain, which knows the configuration alone, and for a running
/// daemon, which knows how things stand as well. Pure.
namespace xsuperd::policy {

/// How things stand for one service and one peer in a running daemon.
struct Live {
  std::string state;                      ///< of the service's socket, in a word or two
  bool lets_in = true;                    ///< the socket takes requests
  std::uint64_t recent = 0;               ///< requests that count for cps
  std::uint32_t recent_from_source = 0;   ///< of the peer's source, for per_source_rate
  std::optional<double> load;
  std::uint64_t running = 0;              ///< servers of the service
  std::uint64_t running_from_source = 0;  ///< of these, for the peer's source
  std::uint64_t processes = 0;            ///< servers of all services
  double penalty = 0;                     ///< seconds for which the peer's source is refused yet
  double token_in = 0;                    ///< seconds until rate admits another one
  double source_token_in = 0;             ///< seconds until per_source_rate with a period admits another one of the source
  std::uint64_t waiting = 0;              ///< requests in the queue
  std::uint64_t waiting_before = 0;       ///< of these, that would be served before one of the peer
  bool promised = false;                  ///< a place that is free belongs to one that waits
  bool queue_takes = false;               ///< and one of the peer as well
  double expected_wait = 0;               ///< seconds; 0: not known
  std::optional<FleetCounts::Known> fleet = {};  ///< what the fleet has of the source; none: no limit of the fleet is in effect for it
  bool banned = false;     ///< and the service does not spare it
  std::string ban = {};    ///< what is known of the ban that the peer is under; empty: none
};

/// What is asked.
struct Inquiry {
  base::Address peer;
  base::LocalTime at;               ///< hour and minute count
  std::uint64_t process_limit = 0;  ///< -limit; 0: none
  std::string hindrance = {};       ///< why the service is not opened at all; empty: it is
  std::optional<Live> live = {};    ///< none: nothing runs
  std::optional<std::vector<gid_t>> groups = {};  ///< of a local peer, by the group database; none: not known
  std::optional<base::Address> via = {};  ///< the proxy that the peer comes through; none: it comes by itself
  std::optional<std::string> cert = {};  ///< a name in the certificate of the peer, or its digest; none: nothing is known of one
};

/// Whose address the service judges: the peer's, or that of a proxy that it does not trust.
[[nodiscard]] const base::Address& judged_peer(const Policy& policy, const Inquiry& inquiry);

/// The outcome of one check, as a line of text; or its limit, where only a running daemon knows the outcome.
struct CheckOutcome {
  std::string_view what;
  std::string outcome;
};

struct Explanation {
  bool needs_name = false;  ///< the peer's name decides: ask again with it; nothing else is filled in
  bool admitted = false;
  std::vector<CheckOutcome> checks;  ///< in the order in which the daemon makes them (fact B4.24)
  std::string verdict;               ///< with the element or attribute that decides, and where it stands
};

/// Whether the service admits the peer. `name`: not_asked, or the outcome of asking.
[[nodiscard]] Explanation explain(const Policy& policy, const Inquiry& inquiry, const PeerName& name);
/// The same as lines, with a title, escaped for a terminal.
[[nodiscard]] std::string explanation_text(const config::Service& service, const Inquiry& inquiry,
                                           const Explanation& explanation);

/// Takes H:MM into hour and minute; false when there is no such time of day.
[[nodiscard]] bool set_clock(std::string_view word, base::LocalTime& time);

}  // namespace xsuperd::policy
