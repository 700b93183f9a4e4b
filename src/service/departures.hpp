// SPDX-License-Identifier: MIT
// Peers that leave before they are served. Internal to service.
#pragma once
#include "service/endings.hpp"
#include "service/timers.hpp"

namespace xsuperd::service {

/// Checks from time to time whether peers that wait for a name or a target have gone: watching each of them would take a
/// descriptor that cannot be spared. Loop thread only.
class Departures {
 public:
  /// All of them outlive it.
  Departures(Sessions& sessions, Endings& endings, Timers& timers)
      : sessions_(sessions), endings_(endings), timers_(timers) {}

  /// Another peer has begun to wait.
  void watch();

 private:
  void look();
  /// What a check of one of them found.
  enum class Seen : std::uint8_t { not_watched, waits, gone };
  [[nodiscard]] static Seen look_at(Session& session);

  Sessions& sessions_;
  Endings& endings_;
  Timers& timers_;
  bool watching_ = false;
};

}  // namespace xsuperd::service
