// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "xsuperd/service/counters.hpp"
#include "xsuperd/service/endpoints.hpp"
#include "xsuperd/service/hand_over.hpp"
#include "xsuperd/service/sessions.hpp"
#include "xsuperd/service/setup.hpp"
#include "xsuperd/service/state.hpp"
#include "xsuperd/service/surroundings.hpp"
#include "xsuperd/service/targets.hpp"

namespace xsuperd::service {

/// Runs one service: has the parts that own its State, its sockets, its sessions and what serves them, and coordinates
/// what concerns all of them: its start and its end, changes of its configuration and standing, and an upgrade. Held by
/// shared_ptr because pending waits refer to it. Loop thread only.
class Runner : public std::enable_shared_from_this<Runner> {
 public:
  Runner(Surroundings& around, Setup setup);
  ~Runner();

  /// Opens what is not open yet and begins to serve; false, after logging why, where nothing could be opened. What could
  /// not is tried again with growing pauses, until it can or the service is retired. `bound`: sockets that were bound for it
  /// already.
  bool start(BoundSockets bound = {});
  /// Takes the open sockets of a service that goes at whose places this one is to listen: the connections that wait there
  /// are this one's. False if there are none; then nothing has happened. `leaving` is to be retired afterwards.
  bool start_on_sockets_of(Runner& leaving);
  /// Counts on from where a Runner stopped whose place this one takes. That one keeps what it has not decided yet.
  void count_on_from(Runner& before);
  /// Takes on a changed configuration. Sockets at places that both have go on; others are closed, and opened.
  void reconfigure(Setup setup);
  /// Takes on a configuration that differs in nothing but where it is written, and what its files about TLS say; the recipe stays.
  void move_to(Setup setup);
  /// The configuration is the same, and its logs were opened anew.
  void log_to(Outputs outputs);
  /// What becomes of running servers when a service goes.
  enum class Servers : std::uint8_t { leave, terminate };
  /// Closes the socket and serves no more. `terminate`: TERM to every server, KILL after the grace time.
  void retire(Servers servers);
  /// Lets nobody in any more, or again. A Runner that is not serving opens no socket in start().
  void stand(Standing standing);
  [[nodiscard]] Standing standing() const;
  /// Ends one session: a signal to its server, or the end of its conversation, whatever the signal. False when there is
  /// none of that token that can be ended.
  bool signal_session(Token token, int number);
  /// Sends a signal to every running server; how many there were.
  std::size_t signal_servers(int number);

  /// Takes a connection that tcpmux has read this service's name from, in the session `before`.
  void receive_from_tcpmux(base::Fd connection, const Session& before);

  // For an upgrade (hand_over.cpp). In the old image, while Sockets::holding is set:
  /// Stops to wait for the sockets, or waits for them again, when the upgrade has come to nothing. The State does not
  /// notice. Meanwhile peers wait in the backlog.
  void hold(bool on = true);
  /// What stands in the way of handing over.
  enum class Unsettled : std::uint8_t {
    no,
    passing,   ///< something that will be over soon, and could be begun anew in the new image
    spawning,  ///< a server is being started: this has to come to its end
  };
  [[nodiscard]] Unsettled unsettled() const;
  /// All that a new image must know. Changes nothing; the numbers are good as long as nothing else happens.
  [[nodiscard]] InheritedRunner hand_over() const;
  // In the new image, on a new Runner: first restore() on all of them, then carry_on(). `take` gives the descriptor of a
  // number, or none.
  void restore(const InheritedRunner& inherited, const std::function<base::Fd(int)>& take);
  void carry_on();

  [[nodiscard]] const config::Service& service() const;
  [[nodiscard]] const State& state() const;
  /// Those under way. When there are none a retired Runner may go.
  [[nodiscard]] const Sessions& sessions() const;
  [[nodiscard]] const Counters& counters() const;
  [[nodiscard]] const Endpoints& endpoints() const;
  [[nodiscard]] const Targets& targets() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Are all its requests accounted for (for the consistency check)?
[[nodiscard]] bool accounted(const Runner& runner);
/// What a closed service waits for before it can be opened, as "the address of NAME"; empty: nothing (decision B15.24).
[[nodiscard]] std::string waits_for(const Runner& runner);

}  // namespace xsuperd::service
