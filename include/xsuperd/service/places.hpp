// SPDX-License-Identifier: MIT
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "xsuperd/service/state_snapshot.hpp"

namespace xsuperd::service {

/// Who takes a place of a service: servers that run, are being started or wait for another try, and peers that wait to be
/// judged. Counts them by the source of the peer: its address, its user or its virtual machine. Pure; a State owns it.
class Places {
 public:
  struct Place {
    base::Address source;   ///< unmapped, and Address::source() of that: one peer, whatever socket it came by
    unsigned failures = 0;  ///< starts of its server that have failed
    bool retrying = false;  ///< it waits for another try
    bool waiting = false;   ///< for its name, or it takes its banner: it has not been judged to the end
    EndpointId endpoint = 0;
  };

  /// Gives that token a place. One that has a place keeps it, and only `waiting` is new. Throws std::bad_alloc, and nothing
  /// has happened then.
  void take(Token token, const base::Address& peer, bool waiting, EndpointId endpoint);
  /// Its place is free; returns through which endpoint it came, and nothing when it had no place.
  std::optional<EndpointId> drop(Token token);

  /// Its server has begun: earlier failures are forgotten.
  void started(Token token);
  /// One more start of its server has failed: it waits for another try, unless it has had `most` of them. False when it
  /// does not wait.
  bool failed(Token token, unsigned most);
  /// The wait for another try is over. To be called for one that waits.
  void tries_again(Token token);

  /// Null when it has no place. Good until the next change.
  [[nodiscard]] const Place* find(Token token) const;
  [[nodiscard]] std::size_t count() const { return places_.size(); }
  [[nodiscard]] std::size_t count_from(const base::Address& source) const;
  /// Looks at all of them.
  [[nodiscard]] std::size_t count_at(EndpointId endpoint) const;
  /// How many wait for another try.
  [[nodiscard]] std::size_t retrying() const { return retrying_; }

  /// In the order of their tokens.
  [[nodiscard]] std::vector<StateSnapshot::Place> snapshot() const;
  /// To be called on new ones. Of two with the same token the first one counts.
  void restore(const std::vector<StateSnapshot::Place>& places);
  /// Do the counts agree with the places (for the consistency check)?
  [[nodiscard]] bool consistent() const;

 private:
  boost::unordered_flat_map<Token, Place> places_;
  boost::unordered_flat_map<base::Address, std::uint64_t> sources_;
  std::size_t retrying_ = 0;
};

}  // namespace xsuperd::service
