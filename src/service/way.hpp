// SPDX-License-Identifier: MIT
// The way of a session from being admitted to its server. Internal to service.
#pragma once
#include <functional>

#include "service/departures.hpp"
#include "service/life.hpp"
#include "xsuperd/service/targets.hpp"

namespace xsuperd::service {

/// Moves sessions from phase to phase as the machine of session.hpp says, and does what each phase requires: an admitted
/// session passes through steps that may take time before its server is started (fact B4.24). Loop thread only.
class Way {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    const Endpoints& endpoints;
    Endings& endings;
    Departures& departures;
    Targets& targets;
    Asked& asked;
    const Sending& sending;
    const Journal& journal;
    const Life& life;
  std::function<void(Token)> start;  ///< begins its handshake, or what serves it: it is in the phase `tls` or `starting`
  };
  explicit Way(Needs needs) : needs_(std::move(needs)) {}

  /// Moves a session into its next phase, and does what that requires. Events that do not belong to its phase are ignored,
  /// because an answer may have been under way when the session took another turn. Does nothing if the session has ended.
  void go(Token token, SessionEvent event);
  /// Would its server be next, after the event?
  [[nodiscard]] bool leads_to_server(const Session& session, SessionEvent event) const {
    return after(session.phase, event, wanted(session, false)) == SessionPhase::starting;
  }
  /// The State has admitted it, for the first time or for another try.
  void admitted(Token token);
  /// In a new image: what it waited for may no longer be needed.
  void enter_anew(Token token);

 private:
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  [[nodiscard]] Wanted wanted(const Session& session, bool asks_libwrap) const;
  void enter(Token token);
  /// As go(), but an exception costs only the session: for answers.
  void go_on(Token token, SessionEvent event);
  void ask_libwrap(Token token);
  void wrapped(Token token, net::LibwrapAnswer answer);
  void send_banner(Token token);
  void ask_identity(Token token);
  void identified(Token token, const net::IdentAnswer& answer);
  [[nodiscard]] bool idonly() const;
  void find_targets(Token token);
  void targets_found(Token token, const config::RedirectTarget& target, std::vector<base::Endpoint> found);

  const Needs needs_;
};

}  // namespace xsuperd::service
