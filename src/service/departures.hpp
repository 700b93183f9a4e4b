// SPDX-License-Identifier: MIT
// Peers that leave before they are served. Internal to service.
#pragma once
#include "service/endings.hpp"
#include "service/timers.hpp"

namespace xsuperd::service {

/// Looks from time to time whether those who wait for a name or a target have gone: there is no descriptor to spare for
/// each, to be told. Loop thread only.
class Departures {
 public:
  /// All of them outlive it.
  Departures(Sessions& sessions, Endings& endings, Timers& timers)
      : sessions_(sessions), endings_(endings), timers_(timers) {}

  /// One more has begun to wait.
  void watch();

 private:
  void look();
  /// How a look at one of them went.
  enum class Seen : std::uint8_t { not_watched, waits, gone };
  [[nodiscard]] static Seen look_at(Session& session);

  Sessions& sessions_;
  Endings& endings_;
  Timers& timers_;
  bool watching_ = false;
};

}  // namespace xsuperd::service
