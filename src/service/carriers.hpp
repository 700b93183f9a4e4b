// SPDX-License-Identifier: MIT
// Servers that have one end of a pair in place of their connection. Internal to service.
#pragma once
#include <boost/unordered/unordered_flat_set.hpp>
#include <vector>

#include "service/journal.hpp"
#include "service/life.hpp"
#include "xsuperd/service/hand_over.hpp"
#include "xsuperd/service/sessions.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// Has bytes carried between connections and the far ends of pairs, in conversations of a worker. Each lasts until both ends are
/// closed, which may be longer than the session: what the server has said last is passed on. Loop thread only.
class Carriers {
 public:
  struct Needs {
    const Setup& setup;
    const Journal& journal;
    const Life& life;
    Sessions& sessions;  ///< whose counters are told
    worker::Conversations& conversations;
    Census& census;
  };
  explicit Carriers(const Needs& needs) : needs_(needs) {}

  /// Begins. If it comes to nothing, both are closed, and the daemon's log says so.
  void carry(base::Fd connection, base::Fd far_end);
  /// Does one wait for a worker? Then nothing can be handed over.
  [[nodiscard]] bool waits() const;

  /// For an upgrade: the conversations that go on.
  [[nodiscard]] std::vector<InheritedCarrier> hand_over() const;
  void carry_on(const std::vector<InheritedCarrier>& carriers);

 private:
  [[nodiscard]] worker::Conversations::Done done(Token token);

  const Needs needs_;
  boost::unordered_flat_set<Token> tokens_;
};

}  // namespace xsuperd::service
