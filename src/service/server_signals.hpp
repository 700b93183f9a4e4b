// SPDX-License-Identifier: MIT
// Signals to the servers of one service. Internal to service.
#pragma once
#include <chrono>
#include <csignal>
#include <optional>

#include "service/decider.hpp"
#include "service/journal.hpp"
#include "xsuperd/service/sessions.hpp"
#include "service/timers.hpp"

namespace xsuperd::service {

/// Sends signals to servers, and knows whether the servers of a retired service have to end, and when. Loop thread only.
class ServerSignals {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    const Decider& decider;
    spawn::Children& children;
    Timers& timers;
    const Journal& journal;
    const Clock& clock;
  };
  explicit ServerSignals(const Needs& needs) : needs_(needs) {}

  /// To one server with its process group. One that ignores TERM gets KILL after the grace time (decision B15.31). False
  /// if it is not running.
  bool send(Token token, int number);
  /// TERM to one that has reached a time limit; kill_late() follows, or what it leaves behind gets KILL after `grace`.
  void end(Token token, std::chrono::seconds grace) { (void)needs_.children.signal(token, SIGTERM, grace); }
  /// KILL to one that has ignored that.
  void kill_late(Token token);
  /// To every running server.
  void send_all(int number);

  /// The service is being retired, and its servers have to end. Answered before anything else, because some may be starting.
  void must_end() { must_end_ = true; }
  /// TERM to all of them now, and KILL after the grace time.
  void end_all();
  /// It has been started. If the service was retired meanwhile, it has to end at once.
  void started(Token token);

  // For an upgrade.
  [[nodiscard]] bool servers_must_end() const { return must_end_; }
  [[nodiscard]] std::optional<base::Moment> kill_at() const { return kill_at_; }
  void restore(bool must_end, std::optional<base::Moment> kill_at);
  void carry_on();

 private:
  const Needs needs_;
  bool must_end_ = false;
  std::optional<base::Moment> kill_at_;  ///< when servers of a retired service get KILL
};

}  // namespace xsuperd::service
