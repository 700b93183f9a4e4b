// SPDX-License-Identifier: MIT
// Makes connected sockets in a private network. Internal to net.
#pragma once
#include <list>

#include "xsuperd/base/error.hpp"
#include "xsuperd/net/true_pairs.hpp"

namespace xsuperd::net {

/// Makes address-true pairs, one after the other, with listeners that are kept for the addresses that clients call. For a
/// thread that is in a private network, or has a network otherwise in which the addresses are its own; used by that thread
/// only.
class PairMaker {
 public:
  /// Listeners that are kept; the one that was used least recently makes room.
  static constexpr std::size_t most_listeners = 64;

  /// Blocks for some tens of microseconds, and for a second at most. See TruePairs::make() for what is made.
  [[nodiscard]] base::Result<TruePair> make(const base::Endpoint& client, const base::Endpoint& local);
  [[nodiscard]] std::size_t listeners() const { return listeners_.size(); }

 private:
  struct Listening {
    base::Endpoint at;
    base::Fd socket;
  };
  /// The errno value, or 0 and a listener at the head of the list.
  [[nodiscard]] int listen_at(const base::Endpoint& at);
  /// Drops the listener at the head.
  [[nodiscard]] base::Error gave_up(int error);

  std::list<Listening> listeners_;  ///< the one that was used last at the head
};

/// Connected UNIX sockets, for where there can be no private network.
[[nodiscard]] base::Result<TruePair> make_plain_pair();

}  // namespace xsuperd::net
