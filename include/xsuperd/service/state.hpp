// SPDX-License-Identifier: MIT
#pragma once
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <memory>
#include <variant>

#include "xsuperd/policy/verdict.hpp"
#include "xsuperd/service/arrivals.hpp"
#include "xsuperd/service/open_endpoints.hpp"
#include "xsuperd/service/places.hpp"
#include "xsuperd/service/queue_turns.hpp"
#include "xsuperd/service/state_snapshot.hpp"

/// The state machine of one service: events in, actions out. Pure: no sockets, no clock, no log, so that every rule is
/// tested by plain calls. Owned by a Runner, which does what is decided here; lives on the loop thread.
///
/// A service has one socket or several, its endpoints. Limits and rates are those of the service; with wait = yes each
/// endpoint has a server of its own.
///
/// | phase     | means                                       | left by                                             |
/// | --------- | ------------------------------------------- | --------------------------------------------------- |
/// | closed    | no endpoint is open (never opened, it failed, or an administrator closed it) | Opened -> listening |
/// | listening | an endpoint is open and watched             | cps trips -> paused; wait = yes admits -> busy      |
/// | paused    | cps closed all endpoints (fact B4.44)       | Due -> opening: the Runner answers Opened or Closed |
/// | busy      | a wait = yes server owns one of them        | its end -> listening                                |
/// | retiring  | removed; waits for its servers to end       | nothing                                             |
namespace xsuperd::service {

// Events.
/// A connection was accepted, or the socket of a wait = yes service is readable.
struct Request {
  Token token = 0;
  policy::Question question;  ///< running counts and rate are filled in by the State
  base::Moment now;
  bool again = false;  ///< judged before, and not counted twice: a name came in, or a limit may have eased
  EndpointId endpoint = 0;
};
/// The peer is sent its banner before it is judged, which may take time.
struct Greeted {
  Token token = 0;
  base::Address peer;
};
/// An endpoint is open and can be watched.
struct Opened { EndpointId endpoint = 0; };
/// An endpoint could not be opened, or was closed.
struct Closed { EndpointId endpoint = 0; };
struct Started { Token token = 0; };
struct StartFailed {
  Token token = 0;
  bool final = false;  ///< a process existed, or it is of no use to try again
};
struct RetryDue { Token token = 0; };
struct Exited { Token token = 0; };
struct Denied {
  Token token = 0;
  policy::Reason reason = policy::Reason::libwrap;
};                                      ///< refused after it had been admitted
/// The peer went away before its server was started.
struct Withdrawn {
  Token token = 0;
  EndpointId endpoint = 0;  ///< by which it came
};
struct Due {};                          ///< the pause of cps is over
struct Reconfigured {
  std::shared_ptr<const policy::Policy> policy;
  bool counts_on = false;  ///< nothing but places in files is different: rates go on as they were
  base::Moment now{};
  std::vector<std::pair<Token, base::Address>> waiting = {};  ///< the peers of those in the queue
};
struct Retire {};
/// A source has done something for which `penalty` may have a price, or ban_on a ban.
struct Misbehaved {
  base::Address peer;
  policy::Misdeed misdeed;
  base::Moment now;
  bool proxied = false;  ///< a proxy has told who it is
};
/// The moment that next_look() told has come, or something that others share has become free.
struct Look { base::Moment now; };
using Event = std::variant<Request, Greeted, Opened, Closed, Started, StartFailed, RetryDue, Exited, Denied, Withdrawn, Due,
                           Reconfigured, Retire, Misbehaved, Look>;

// Actions, in the order in which they are to be done.
struct Listen { EndpointId endpoint = 0; };   ///< wait for the socket again
struct Suspend { EndpointId endpoint = 0; };  ///< stop waiting for the socket, keep it open
struct CloseSocket {};           ///< close all endpoints: peers get ECONNREFUSED
struct OpenSocket {};            ///< open all of them anew; answer with Opened or Closed for each
struct Spawn { Token token = 0; };
struct Refuse {
  Token token = 0;
  policy::Verdict verdict;
};
struct AskName { Token token = 0; };
struct ArmPause { std::uint32_t seconds = 0; };  ///< come back with Due
struct ArmRetry {
  Token token = 0;
  std::uint32_t seconds = 0;
};  ///< come back with RetryDue
struct Queue { Token token = 0; };  ///< it waits, until it is called or refused
/// Its turn has come: come back, in a later turn of the loop, with a Request that says `again`, or with Withdrawn if its peer
/// has left.
struct Call { Token token = 0; };
/// The peer is to be banned from all services.
struct Ban {
  base::Address peer;
  config::BanCause cause;
};
using Action =
    std::variant<Listen, Suspend, CloseSocket, OpenSocket, Spawn, Refuse, AskName, ArmPause, ArmRetry, Queue, Call, Ban>;
using Actions = boost::container::static_vector<Action, 4>;

class State {
 public:
  explicit State(std::shared_ptr<const policy::Policy> policy);

  [[nodiscard]] Actions handle(const Event& event);

  [[nodiscard]] Phase phase() const { return endpoints_.phase(); }
  /// Which are open, as far as it was told, and which of those are a server's.
  [[nodiscard]] const OpenEndpoints& endpoints() const { return endpoints_; }
  [[nodiscard]] const policy::Policy& policy() const { return *policy_; }
  /// Places taken: servers running, being started or waiting for another try, and peers that wait to be judged. Services
  /// that never wait for their peer (decision B15.9) take a place only until they have begun.
  [[nodiscard]] std::size_t running() const { return places_.count(); }
  [[nodiscard]] const Places& places() const { return places_; }
  [[nodiscard]] const Arrivals& arrivals() const { return arrivals_; }
  /// Those that wait for a place.
  [[nodiscard]] const QueueTurns& queue() const { return queue_; }
  /// When a Look is due, for those that wait; nothing when none does. To be asked after each event.
  [[nodiscard]] std::optional<base::Moment> next_look() const;
  /// The requests seen by another State count as seen by this one, which takes its place.
  void count_on_from(const State& before) { arrivals_.count_on_from(before.arrivals_); }
  [[nodiscard]] StateSnapshot snapshot() const;
  /// Goes on where another State was. To be called on a new one, instead of any event before.
  void restore(const StateSnapshot& snapshot);

  static constexpr unsigned start_tries = 5;          ///< fact B4.48
  static constexpr std::uint32_t retry_seconds = 5;   ///< fact B4.48

 private:
  Actions on(const Request& e);
  Actions on(const Greeted& e);
  Actions on(const Opened& e);
  Actions on(const StartFailed& e);
  Actions on(const RetryDue& e);
  Actions on(const Withdrawn& e);
  Actions admit(const Request& e, const policy::Policy::Source& source, bool need_name);
  Actions refuse(const Request& e, const policy::Verdict& verdict, bool tripped);
  /// Has it wait, if it may and there is room in the line.
  Actions line_up(const Request& e, const policy::Question& question, const policy::Verdict& verdict);
  /// Calls the next one that waits, if there seems to be a place for it.
  Actions call_next();
  /// Refuses one that had been admitted.
  Actions turn_out(Token token, policy::Reason reason);
  Actions free_place(Token token);

  std::shared_ptr<const policy::Policy> policy_;
  OpenEndpoints endpoints_;
  Places places_;
  Arrivals arrivals_;
  QueueTurns queue_;
};

}  // namespace xsuperd::service
