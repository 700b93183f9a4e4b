// SPDX-License-Identifier: MIT
#pragma once
#include <boost/container/deque.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <list>
#include <optional>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/service/state_snapshot.hpp"

namespace xsuperd::service {

/// Requests that wait for a place (`queue`): first come, first served within a source, and the sources in turn, so that one
/// of them with many requests does not keep others waiting. Pure; a State owns it.
class WaitingLine {
 public:
  /// Adds one at the end of its source. Throws std::bad_alloc, and nothing has happened then.
  void push(Token token, const base::Address& source, base::Moment since);
  /// The next one, whoever's turn it is among the sources for which `may` says so; nothing when no source may.
  template <typename May>
  [[nodiscard]] std::optional<Token> next(const May& may) const {
    for (const Source& source : turns_)
      if (may(source.address)) return source.tokens.front();
    return std::nullopt;
  }
  /// It has its place: its source has the next turn after all others. False when it did not wait.
  bool served(Token token);
  /// It left, or has waited too long. False when it did not wait.
  bool remove(Token token);
  /// The one that has waited longest, if that is since `before` or longer.
  [[nodiscard]] std::optional<Token> expired(base::Moment before) const;

  [[nodiscard]] bool contains(Token token) const { return waiting_.contains(token); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t count_from(const base::Address& source) const;
  /// Since when the first one waits; nothing when none does.
  [[nodiscard]] std::optional<base::Moment> oldest() const;
  /// How many would be served before one that came from that source now, if all sources may.
  [[nodiscard]] std::size_t before(const base::Address& source) const;

  /// In the order in which their turns come.
  [[nodiscard]] std::vector<StateSnapshot::Waiting> snapshot() const;
  /// To be called on a new one.
  void restore(const std::vector<StateSnapshot::Waiting>& waiting);

 private:
  struct Source {
    base::Address address;
    boost::container::deque<Token> tokens;  ///< in the order in which they came
  };
  using Turns = std::list<Source>;
  struct Wait {
    base::Address source;
    base::Moment since{};
  };
  bool take_out(Token token, bool served);

  Turns turns_;  ///< the one whose turn is next first
  boost::unordered_flat_map<base::Address, Turns::iterator> sources_;
  boost::unordered_flat_map<Token, Wait> waiting_;
  /// In the order in which they came; those that have gone since stand there until they are first.
  boost::container::deque<Token> by_age_;
};

}  // namespace xsuperd::service
