// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/described.hpp"
#include "xsuperd/policy/offences.hpp"
#include "xsuperd/policy/source_times.hpp"
#include "xsuperd/policy/verdict.hpp"

/// What a State holds, as plain data, and the names for it.
namespace xsuperd::service {

/// Names one request from its arrival to the end of its server. Unique in the life of the daemon.
using Token = std::uint64_t;

/// Names one endpoint of a service. Unique in the life of the service.
using EndpointId = std::uint32_t;

/// Of a service; state.hpp has the table.
enum class Phase : std::uint8_t { closed, listening, paused, busy, retiring };

/// All that a State holds, for an upgrade.
struct StateSnapshot {
  struct Place {
    Token token = 0;
    base::Address source;
    unsigned failures = 0;
    bool retrying = false;
    bool waiting = false;
    EndpointId endpoint = 0;
    bool operator==(const Place&) const = default;
  };
  struct OpenEndpoint {
    EndpointId id = 0;
    bool busy = false;  ///< a wait = yes server owns it
    bool operator==(const OpenEndpoint&) const = default;
  };
  struct Waiting {
    Token token = 0;
    base::Address source;
    base::Moment since{};
    bool exempt = false;
    bool operator==(const Waiting&) const = default;
  };
  Phase phase = Phase::closed;
  policy::RateWindow::Snapshot rate;
  std::vector<Place> places;  ///< in the order of their tokens
  std::uint64_t attempts = 0;
  std::vector<policy::SourceRates::Count> source_rates = {};
  std::vector<OpenEndpoint> endpoints = {};  ///< where it is not said, by the phase: a single one
  std::vector<Waiting> waiting = {};         ///< in the queue, in the order in which their turns come
  base::Moment bucket{};                     ///< of rate: when it is full again
  std::vector<policy::SourceTimes::Entry> source_buckets = {};
  std::vector<policy::SourceTimes::Entry> penalties = {};
  std::vector<policy::Offences::Entry> offences = {};
  bool operator==(const StateSnapshot&) const = default;
};
BOOST_DESCRIBE_STRUCT(StateSnapshot::Place, (), (token, source, failures, retrying, waiting, endpoint))
BOOST_DESCRIBE_STRUCT(StateSnapshot::OpenEndpoint, (), (id, busy))
BOOST_DESCRIBE_STRUCT(StateSnapshot::Waiting, (), (token, source, since, exempt))
BOOST_DESCRIBE_STRUCT(StateSnapshot, (),
                      (phase, rate, source_rates, places, attempts, endpoints, waiting, bucket, source_buckets, penalties, offences))
constexpr auto members_since(const StateSnapshot::Place*) {
  return std::array{base::Since{"waiting", 5}, base::Since{"endpoint", 6}};
}
constexpr auto members_since(const StateSnapshot*) {
  return std::array{base::Since{"endpoints", 6}, base::Since{"waiting", 8}, base::Since{"bucket", 8},
                    base::Since{"source_buckets", 8}, base::Since{"penalties", 8}, base::Since{"offences", 11}};
}

}  // namespace xsuperd::service
