// SPDX-License-Identifier: MIT
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/policy/network.hpp"

/// What is known of the sources of services with limits of a fleet: fleet_per_source and fleet_rate. Pure; loop thread only.
namespace xsuperd::policy {

/// What was counted in one bucket, a piece of time with a number, and in the one before it.
struct FleetWindow {
  std::int64_t bucket = 0;
  std::uint64_t now = 0, before = 0;
  /// Goes on to that bucket. One that is over by more than one forgets both; a clock that goes back by one bucket is that of
  /// the edge, and changes nothing.
  void shift(std::int64_t to);
  bool operator==(const FleetWindow&) const = default;
};

/// Has the service limits of the fleet?
[[nodiscard]] inline bool has_fleet_limits(const config::Service& service) {
  const config::Settings& s = service.settings;
  return (s.fleet_per_source && !s.fleet_per_source->is_unlimited()) || (s.fleet_rate && !s.fleet_rate->is_unlimited());
}

/// For each service, by its id, and each source what this host has of it and what others are known to have. Services write
/// what is here, and whoever talks with the store what is elsewhere. Time is cut into buckets by the store's clock, so that those
/// of all hosts are the same; what was told counts until the end of the bucket that follows. Bounded: beyond `most` pairs new
/// ones are not counted. A pair that nobody has asked about for two buckets, and that has no session here, is forgotten.
class FleetCounts {
 public:
  static constexpr std::size_t most = 65'536;
  static constexpr std::chrono::milliseconds session_bucket{10'000};

  struct Key {
    std::string service;
    base::Address source;
    bool operator==(const Key&) const = default;
  };
  struct Entry {
    std::uint64_t number = 0;       ///< another one where counting has begun anew
    Network source{};               ///< as all hosts name it
    bool per_source = false;        ///< there is a limit on sessions
    std::uint32_t period = 0;       ///< of fleet_rate, in seconds; 0: there is no such limit
    std::uint64_t running = 0;      ///< sessions here
    std::uint64_t elsewhere = 0;    ///< sessions of others, by what was told in `told_in`
    std::int64_t told_in = -2;
    FleetWindow ours{};             ///< admitted here
    FleetWindow others{};           ///< admitted elsewhere, by what was told last
    base::Moment touched{};
    bool changed = false;
  };
  /// What counts against one more request.
  struct Known {
    std::uint64_t elsewhere = 0;  ///< sessions at other hosts
    std::uint64_t admitted = 0;   ///< in the last period, at all hosts: an estimate, rounded up
    bool rate_reached = false;    ///< one more would be more than fleet_rate
  };

  /// Whether there is a store. Without one nothing is noted, and what was is forgotten.
  void turn(bool on);
  [[nodiscard]] bool on() const { return on_; }
  /// The clock of the store shows that much at `now`, in time since 1970.
  void set_clock(std::chrono::milliseconds shown, base::Moment now) { offset_ = shown - since_start(now); }
  [[nodiscard]] std::chrono::milliseconds clock(base::Moment now) const { return since_start(now) + offset_; }

  // For services. `source` is as Policy::source_network() has it; what has no IP address, or has a scope, is not counted.
  [[nodiscard]] Known look(const config::Service& service, const base::Address& source, base::Moment now) const;
  /// A request has been judged: `running` sessions of its source are here now, and `admitted` more have been let in (-1: one has
  /// been refused after all). Throws std::bad_alloc.
  void asked(const config::Service& service, const Network& source, std::uint64_t running, int admitted, base::Moment now);
  /// A session has ended, after which so many of its source are here.
  void ended(const std::string& service, const base::Address& source, std::uint64_t running);
  /// It has no such limits any more, or goes.
  void forget(const std::string& service);

  // For whoever talks with the store.
  [[nodiscard]] bool any_changed() const { return !changed_.empty(); }
  /// Those that services have touched since this was asked last.
  [[nodiscard]] std::vector<Key> take_changed();
  /// Those with sessions here.
  [[nodiscard]] std::vector<Key> running() const;
  /// Null when nothing is counted of it. Good until the next change.
  [[nodiscard]] const Entry* find(const Key& key) const;
  /// What others have, told in that bucket.
  void tell_sessions(const Key& key, std::int64_t bucket, std::uint64_t elsewhere);
  void tell_admitted(const Key& key, const FleetWindow& others);
  /// Forgets whatever is over.
  void expire(base::Moment now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// How many requests have not been counted for want of room.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  [[nodiscard]] static std::chrono::milliseconds since_start(base::Moment now) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  }
  void change(const Key& key, Entry& entry);

  boost::unordered_flat_map<Key, Entry> entries_;
  std::vector<Key> changed_;
  std::chrono::milliseconds offset_{0};
  std::uint64_t last_number_ = 0;
  std::uint64_t left_out_ = 0;
  bool on_ = false;
};

/// For unordered containers.
[[nodiscard]] std::size_t hash_value(const FleetCounts::Key& key);
/// The number of the bucket of that length.
[[nodiscard]] constexpr std::int64_t bucket_at(std::chrono::milliseconds clock, std::chrono::milliseconds length) { return clock / length; }

}  // namespace xsuperd::policy
