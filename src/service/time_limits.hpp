// SPDX-License-Identifier: MIT
// Who ends sessions that take too long. Internal to service.
#pragma once
#include <optional>

#include "service/server_signals.hpp"
#include "service/service_conversations.hpp"
#include "service/session_times.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::service {

/// Watches the times of all sessions of one service, with one alarm for the next that is due, looks at connections, and ends
/// sessions that have reached a limit. Loop thread only.
class TimeLimits {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    const Endpoints& endpoints;
    ServerSignals& signals;
    ServiceConversations& conversations;
    Asked& asked;
    const Journal& journal;
    const Clock& clock;
    const Life& life;
    boost::asio::io_context& loop;
  };
  explicit TimeLimits(const Needs& needs);

  /// The session is about to be served, and has its connection still.
  void prepare(Session& session);
  /// Its server or conversation is starting, or has begun. Nothing happens if it has ended already.
  void watch(Token token);
  /// All sessions, because the times have changed, or in a new image.
  void watch_all();

 private:
  [[nodiscard]] const config::Settings& settings() const { return needs_.setup.service().settings; }
  void find_connections();
  void look_around();
  void handle(Token token);
  void schedule(Token token, Session& session, base::Moment when);
  void wake();
  [[nodiscard]] bool can_look(const Session& session);
  [[nodiscard]] Sight look(Session& session);
  void end(Token token, const Session& session, TimeLimit limit);
  void tell_blind(int error);

  /// Whether this kernel shows the connections of the service's network.
  enum class Shown : std::uint8_t { untried, yes, no };

  const Needs needs_;
  loop::Alarm alarm_;
  std::optional<base::Moment> wakes_;  ///< when the alarm is set for
  Shown shown_ = Shown::untried;
  bool told_ = false;  ///< that connections cannot be looked at
};

}  // namespace xsuperd::service
