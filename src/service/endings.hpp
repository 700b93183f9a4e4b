// SPDX-License-Identifier: MIT
// How sessions come to an end. Internal to service.
#pragma once
#include <exception>

#include "service/decider.hpp"
#include "service/journal.hpp"
#include "xsuperd/service/sessions.hpp"
#include "xsuperd/service/endpoints.hpp"

namespace xsuperd::service {

class Handshakes;

/// Ends sessions of one service so that nothing of them remains, and handles steps of a session that fail. Loop thread only.
class Endings {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    Endpoints& endpoints;
    Endpoint::Owner& doors;
    const Journal& journal;
    Asked& asked;
    Serving& serving;
    Census& census;
    const Hooks& hooks;
    Handshakes& handshakes;
  };
  explicit Endings(const Needs& needs) : needs_(needs) {}

  /// Removes it; nothing that it asked for is answered any more. A session with a place keeps the place until the State
  /// hears of the end, which the caller reports and counts.
  void end(Token token);
  /// The same, and its place is free again. The caller counts it.
  void let_go(Token token);
  /// The peer has gone, or is not wanted after all.
  void withdraw(Token token);
  /// Performs a step of a session. If it runs out of memory, only that session is lost.
  template <typename Step>
  void attempt(Token token, Step step) {
    try {
      step();
    } catch (const std::exception& why) {
      lose(token, why);
    }
  }
  /// Reports its fate, and releases everything it has: place, descriptor, open account. To be called where `why` is
  /// caught, which is rethrown if the fate was reported already.
  void lose(Token token, const std::exception& why);

 private:
  const Needs needs_;
};

}  // namespace xsuperd::service
