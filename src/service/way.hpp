// SPDX-License-Identifier: MIT
// The way of a session from being admitted to its server. Internal to service.
#pragma once
#include <functional>

#include "service/departures.hpp"
#include "service/life.hpp"
#include "xsuperd/service/targets.hpp"

namespace xsuperd::service {

/// Takes sessions from phase to phase as the machine of session.hpp says, and does what each phase takes: an admitted one
/// goes through what may take time before its server is started (fact B4.24). Loop thread only.
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
    std::function<void(Token)> start;  ///< starts what serves it; it is in its phase then
  };
  explicit Way(Needs needs) : needs_(std::move(needs)) {}

  /// Takes a session into its next phase, and does what that takes. Events that do not belong to its phase come to nothing:
  /// an answer may have been on its way when the session took another turn. Nor does anything when the session has ended.
  void go(Token token, SessionEvent event);
  /// The State has admitted it, for the first time or for another try.
  void admitted(Token token);
  /// In another image: what it waited for may not be wanted any more.
  void enter_anew(Token token);

 private:
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  [[nodiscard]] Wanted wanted(const Session& session, bool asks_libwrap) const;
  void enter(Token token);
  /// As go(), and what that throws costs the session alone: for answers.
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
