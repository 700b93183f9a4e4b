// SPDX-License-Identifier: MIT
// What becomes of peers that are refused. Internal to service.
#pragma once
#include "service/banning.hpp"
#include "service/judging.hpp"

namespace xsuperd::service {

class DatagramDoor;
class WaitingDoor;

/// Refuses requests as the State has decided: counts and logs, bans whoever touched a sensor, and sends the peer away with
/// what the configuration has for it. Loop thread only.
class Refusals {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Endings& endings;
    Judging& judging;
    DatagramDoor& datagrams;
    WaitingDoor& waiting;
    const Journal& journal;
    Asked& asked;
    Banning& banning;
    const Sending& sending;
    const Life& life;
  };
  explicit Refusals(const Needs& needs) : needs_(needs) {}

  void refuse(const Refuse& action);
  /// One that nobody has asked the State about: it is logged and counted, and gets no word.
  void refuse_unjudged(Token token, policy::Reason reason);
  /// By the access lists that the kernel applies for a steered service.
  void turned_away(net::Connection connection);
  void offended(const Ban& action) { needs_.banning.offended({action.peer, 0}, action.cause); }

 private:
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  void tell(Token token, const Session& session, const policy::Verdict& verdict);
  void dismiss(Session session);

  const Needs needs_;
};

}  // namespace xsuperd::service
