// SPDX-License-Identifier: MIT
// TLS of the sessions of one service. Internal to service.
#pragma once
#include <string>

#include "service/pair_ends.hpp"
#include "service/way.hpp"

namespace xsuperd::service {

/// Why a handshake has failed, as the daemon's log says it: a clause, never empty. Pure.
[[nodiscard]] std::string why_not(const tls::Handshake& handshake);

/// Has a worker shake hands with peers, judges by what it tells, and gives the session a socket of its own, from which
/// comes in the clear what the peer says. The worker passes bytes on until both ends have had their say, whatever becomes of the
/// session. Loop thread only.
class Handshakes {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    Endings& endings;
    Way& way;
    const Serving& serving;
    Tallies& tallies;
    const Journal& journal;
    const Life& life;
  };
  explicit Handshakes(const Needs& needs) : needs_(needs) {}

  /// The session is in its phase `tls`. Without a socket it is one that the previous image of the daemon has given to a worker.
  void begin(Token token);
  /// Nobody waits for the outcome any more: the connection is closed.
  void drop(Token token, Session& session);
  /// The number of the connection of one that waits for a worker, or -1.
  [[nodiscard]] int waiting_connection(Token token) const;

 private:
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  void carry_on(Token token);
  [[nodiscard]] worker::Conversations::OnShaken when_shaken(Token token);
  [[nodiscard]] worker::Conversations::Done when_ended(Token token);
  void shaken(Token token, const tls::Handshake& handshake);
  void refuse(Token token, policy::Reason reason, const std::string& why);
  void let_in(Token token, const tls::Words& words);
  [[nodiscard]] bool goes_onward(const Session& session) const;
  void paired(Token token, base::Result<net::TruePair> pair);
  [[nodiscard]] bool wants_true_pair(const Session& session) const;
  [[nodiscard]] Shows shows() const;
  void stop(Token token);
  void returned(Token token, base::Fd connection);
  void ended(Token token, worker::Ending ending);
  void fail(Token token, const std::string& why);

  const Needs needs_;
};

}  // namespace xsuperd::service
