// SPDX-License-Identifier: MIT
// How sessions come to an end. Internal to service.
#pragma once
#include <exception>

#include "service/decider.hpp"
#include "service/journal.hpp"
#include "service/sessions.hpp"
#include "xsuperd/service/endpoints.hpp"

namespace xsuperd::service {

/// Ends sessions of one service so that nothing of them stays, and is where it is noticed that a step of a session has
/// failed. Loop thread only.
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
    Census& census;
    const Hooks& hooks;
  };
  explicit Endings(const Needs& needs) : needs_(needs) {}

  /// It is there no more: nothing it asked for is answered. What has a place keeps it until the State hears of the end;
  /// whoever calls this feeds and counts that.
  void end(Token token);
  /// The same, and its place is free again; whoever calls this counts.
  void let_go(Token token);
  /// The peer is gone, or not wanted after all.
  void withdraw(Token token);
  /// Takes a step of a session. What it throws, for want of memory, costs that session alone.
  template <typename Step>
  void attempt(Token token, Step step) {
    try {
      step();
    } catch (const std::exception& why) {
      lose(token, why);
    }
  }
  /// Its fate is told, and nothing of it stays: no place, no descriptor, no open account. To be called where `why` is
  /// caught: when its fate was told already, that is thrown on.
  void lose(Token token, const std::exception& why);

 private:
  const Needs needs_;
};

}  // namespace xsuperd::service
