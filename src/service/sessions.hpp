// SPDX-License-Identifier: MIT
// The sessions of one service. Internal to service.
#pragma once
#include <vector>

#include "xsuperd/service/counters.hpp"
#include "xsuperd/service/session.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// The unfinished requests of one service, and the counts of all requests so far. Each session begins here, gets a token
/// that no other session of the daemon has, and is counted. Loop thread only.
class Sessions {
 public:
  /// Counting begins now. Both outlive it.
  Sessions(Census& census, const Clock& clock);

  /// A request came in. Throws std::bad_alloc, and has counted nothing then.
  Token begin(Session session);
  /// A session that the previous image of the daemon began and counted.
  void restore(Token token, Session session) { all_.emplace(token, std::move(session)); }
  /// Null if it has ended. Valid until the next begin().
  [[nodiscard]] Session* find(Token token);
  [[nodiscard]] const Session* find(Token token) const;
  /// Throws std::out_of_range when it has ended.
  [[nodiscard]] Session& at(Token token) { return all_.at(token); }
  [[nodiscard]] bool contains(Token token) const { return all_.contains(token); }
  void erase(Token token);
  /// What is due next of each session; taken out when it ends.
  [[nodiscard]] base::DeadlineQueue<Token>& deadlines() { return deadlines_; }

  [[nodiscard]] const SessionMap& all() const { return all_; }
  [[nodiscard]] SessionMap& all() { return all_; }
  /// In the order in which they came.
  [[nodiscard]] std::vector<Token> tokens() const;
  /// Is there a session that came through this endpoint?
  [[nodiscard]] bool any_at(EndpointId endpoint) const;

  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  Census& census_;
  const Clock& clock_;
  SessionMap all_;
  base::DeadlineQueue<Token> deadlines_;
  Counters counters_;
};

}  // namespace xsuperd::service
