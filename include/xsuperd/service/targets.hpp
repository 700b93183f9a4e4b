// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "xsuperd/service/endpoint.hpp"
#include "xsuperd/net/local_connector.hpp"
#include "xsuperd/service/setup.hpp"

namespace xsuperd::service {

class Journal;
class Life;
class Timers;

/// The addresses of a redirect's target: looked up before the service opens, because nobody is let in as long as there is no
/// way on (decision B15.24), and by sessions again after they could not be reached (fact B10.1). One that is a UNIX socket has
/// none, and is connected to for each session. Loop thread only.
class Targets {
 public:
  struct Needs {
    const Setup& setup;
    const Endpoint::Owner& doors;
    const Journal& journal;
    Timers& timers;
    Asked& asked;
    const Life& life;
    std::function<void()> open;  ///< opens the sockets of the service, or looks up what that takes
  };
  explicit Targets(Needs needs) : needs_(std::move(needs)) {}

  /// Empty: they have to be looked up.
  [[nodiscard]] const std::vector<base::Endpoint>& known() const { return known_; }
  void learn(std::vector<base::Endpoint> found) { known_ = std::move(found); }
  void forget() { known_.clear(); }
  /// Takes the address from the configuration. False when that has a name.
  bool learn_as_written();
  /// Are they known? An address that is written as one always is.
  [[nodiscard]] bool at_hand() { return !known_.empty() || learn_as_written(); }

  /// Does it take a look-up before anybody can be let in?
  [[nodiscard]] bool needed() const;
  /// Is one under way?
  [[nodiscard]] bool asks() const { return first_ != 0; }
  /// Begins one, unless it is under way; false when none is needed. `open` is called when there is a target. Where there is
  /// none it is called with growing pauses.
  bool find_first();
  void find_first_later();
  /// The look-up under way is nothing to us any more.
  void forget_first();
  /// `open` is not called again.
  void stop_trying();

  /// Connects to a target that is a UNIX socket, as the user of the service (LocalConnector::connect).
  net::LocalConnector::Id connect(net::LocalConnector::Done done);
  void cancel(net::LocalConnector::Id connecting);

 private:
  void first_found(const config::RedirectTarget& target, std::vector<base::Endpoint> found);

  const Needs needs_;
  std::vector<base::Endpoint> known_;
  unsigned failures_ = 0;
  net::ForwardResolver::Id first_ = 0;  ///< while they are looked up before the socket is opened
  std::uint64_t next_try_ = 0;          ///< its timer
};

}  // namespace xsuperd::service
