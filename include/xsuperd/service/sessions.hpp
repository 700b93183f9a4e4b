// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <utility>
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
  /// Null if it has ended. Valid until the next begin(). Brings back what was put away.
  [[nodiscard]] Session* find(Token token);
  /// Throws std::out_of_range when it has ended. As find().
  [[nodiscard]] Session& at(Token token);
  [[nodiscard]] bool contains(Token token) const { return all_.contains(token) || put_away_.contains(token); }
  void erase(Token token);
  /// It waits in the queue: only what is needed again is kept, about 110 bytes, and it is not among all() until somebody asks
  /// for it. Throws std::bad_alloc, and nothing has happened then.
  void put_away(Token token);
  /// As it would be if it were brought back, but without its connection; nothing for one that was not put away.
  [[nodiscard]] std::optional<Session> queued(Token token) const;
  /// Those that were put away, in the order in which they came.
  [[nodiscard]] std::vector<Token> queued() const;
  void bring_all_back();
  /// The peers of those that were put away.
  [[nodiscard]] std::vector<std::pair<Token, base::Address>> queued_peers() const;
  /// Those that were put away included.
  [[nodiscard]] std::size_t size() const { return all_.size() + put_away_.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// What is due next of each session; taken out when it ends.
  [[nodiscard]] base::DeadlineQueue<Token>& deadlines() { return deadlines_; }

  /// All but those that were put away.
  [[nodiscard]] const SessionMap& all() const { return all_; }
  [[nodiscard]] SessionMap& all() { return all_; }
  /// In the order in which they came.
  [[nodiscard]] std::vector<Token> tokens() const;
  /// Is there a session that came through this endpoint?
  [[nodiscard]] bool any_at(EndpointId endpoint) const;

  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  /// What is left of a session in the queue.
  struct Through {
    base::Endpoint proxy, called, local;
    bool covered = false;
    std::shared_ptr<const tls::Words> words;
  };
  struct PutAway {
    base::Endpoint peer;
    std::unique_ptr<const Through> through;  ///< of a client that a proxy speaks for, or whose connection a worker has
    EndpointId endpoint = 0;
    base::Fd socket;
    base::Moment accepted{}, queued{};
    bool through_tcpmux = false;
    [[nodiscard]] Session session(base::Fd connection) const;
  };
  void bring_back(std::map<Token, PutAway>::iterator which);
  Session& put(Token token, Session session);
  void drop(SessionMap::iterator which);

  Census& census_;
  const Clock& clock_;
  SessionMap all_;
  std::vector<SessionMap::node_type> spare_;  ///< memory of sessions that have ended, for those that come
  std::map<Token, PutAway> put_away_;  ///< each in a piece of memory of its own: a map that grows would have as much again unused
  base::DeadlineQueue<Token> deadlines_;
  Counters counters_;
};

}  // namespace xsuperd::service
