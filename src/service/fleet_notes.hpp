// SPDX-License-Identifier: MIT
// What an event means for the counts of a fleet. Internal to service.
#pragma once
#include <string>

#include "xsuperd/policy/fleet_counts.hpp"
#include "xsuperd/service/state.hpp"

namespace xsuperd::service {

/// Made before the State is given the event, and asked when all that it has decided is done. Costs next to nothing for
/// services without such limits. Pure.
class FleetNotes {
 public:
  FleetNotes(const policy::FleetCounts& counts, const State& state, const Event& event);
  /// `actions`: what the State has decided. Throws std::bad_alloc.
  void put(policy::FleetCounts& counts, const Actions& actions) const;

 private:
  void put(policy::FleetCounts& counts, const Request& request, const Actions& actions) const;

  const State& state_;
  const Event& event_;
  bool concerned_ = false;   ///< the service has limits of the fleet
  std::string id_;           ///< as it was before
  base::Address source_{};   ///< of the place that the session of the event had before
  bool had_place_ = false;
};

/// Sessions that another image has admitted, or that were there before the limits, are here.
void note_places(policy::FleetCounts& counts, const State& state, base::Moment now);

}  // namespace xsuperd::service
