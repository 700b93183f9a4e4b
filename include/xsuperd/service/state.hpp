// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/container/static_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "xsuperd/base/described.hpp"
#include "xsuperd/policy/verdict.hpp"

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

/// Names one request from its arrival to the end of its server. Unique in the life of the daemon.
using Token = std::uint64_t;

/// Names one endpoint of a service. Unique in the life of the service.
using EndpointId = std::uint32_t;

enum class Phase : std::uint8_t { closed, listening, paused, busy, retiring };

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
};
struct Retire {};
using Event =
    std::variant<Request, Greeted, Opened, Closed, Started, StartFailed, RetryDue, Exited, Denied, Withdrawn, Due, Reconfigured,
                           Retire>;

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
using Action = std::variant<Listen, Suspend, CloseSocket, OpenSocket, Spawn, Refuse, AskName, ArmPause, ArmRetry>;
using Actions = boost::container::static_vector<Action, 4>;

/// All that a State holds, for an upgrade.
struct StateSnapshot {
  struct Place {
    Token token = 0;
    base::Address source;
    unsigned failures = 0;
    bool retrying = false;
    bool waiting = false;
    EndpointId endpoint = 0;
    bool operator==(const Place&) const = default;
  };
  struct OpenEndpoint {
    EndpointId id = 0;
    bool busy = false;  ///< a wait = yes server owns it
    bool operator==(const OpenEndpoint&) const = default;
  };
  Phase phase = Phase::closed;
  policy::RateWindow::Snapshot rate;
  std::vector<Place> places;  ///< in the order of their tokens
  std::uint64_t attempts = 0;
  std::vector<policy::SourceRates::Count> source_rates = {};
  std::vector<OpenEndpoint> endpoints = {};  ///< where it is not said, by the phase: a single one
  bool operator==(const StateSnapshot&) const = default;
};
BOOST_DESCRIBE_STRUCT(StateSnapshot::Place, (), (token, source, failures, retrying, waiting, endpoint))
BOOST_DESCRIBE_STRUCT(StateSnapshot::OpenEndpoint, (), (id, busy))
BOOST_DESCRIBE_STRUCT(StateSnapshot, (), (phase, rate, source_rates, places, attempts, endpoints))
constexpr auto members_since(const StateSnapshot::Place*) {
  return std::array{base::Since{"waiting", 5}, base::Since{"endpoint", 6}};
}
constexpr auto members_since(const StateSnapshot*) { return std::array{base::Since{"endpoints", 6}}; }

class State {
 public:
  explicit State(std::shared_ptr<const policy::Policy> policy);

  [[nodiscard]] Actions handle(const Event& event);

  [[nodiscard]] Phase phase() const;
  /// Is the endpoint open, as far as it was told?
  [[nodiscard]] bool is_open(EndpointId endpoint) const;
  /// And not a server's?
  [[nodiscard]] bool listens(EndpointId endpoint) const;
  [[nodiscard]] const policy::Policy& policy() const { return *policy_; }
  [[nodiscard]] const config::Service& service() const { return policy_->service(); }
  /// Places taken: servers running, being started or waiting for another try, and peers that wait to be judged. Services
  /// that never wait for their peer (decision B15.9) take a place only until they have begun.
  [[nodiscard]] std::size_t running() const { return places_.size(); }
  [[nodiscard]] std::size_t running_from(const base::Address& source) const;
  /// Starts that wait for another try.
  [[nodiscard]] std::size_t retrying() const { return retrying_; }
  /// Requests that count for cps at `now`.
  [[nodiscard]] std::uint64_t recent(base::Moment now) const { return rate_.recent(service().rate(), now); }
  /// Requests from an address that count for per_source_rate.
  [[nodiscard]] std::uint32_t recent_from(const base::Address& source) const { return source_rates_.recent(source); }
  /// Requests seen so far.
  [[nodiscard]] std::uint64_t attempts() const { return attempts_; }
  /// The requests seen by another State count as seen by this one, which takes its place.
  void count_on_from(const State& before) { attempts_ = before.attempts_; }
  /// Is one of the places this token's? And does it wait for another try?
  [[nodiscard]] bool has_place(Token token) const { return places_.contains(token); }
  [[nodiscard]] bool is_retrying(Token token) const;
  /// Does it belong to a peer that has not been judged to the end, and waits for its name or takes its banner?
  [[nodiscard]] bool is_waiting(Token token) const;
  [[nodiscard]] StateSnapshot snapshot() const;
  /// Goes on where another State was. To be called on a new one, instead of any event before.
  void restore(const StateSnapshot& snapshot);
  /// Do the counts agree with each other (for the consistency check)?
  [[nodiscard]] bool consistent() const;

  static constexpr unsigned start_tries = 5;          ///< fact B4.48
  static constexpr std::uint32_t retry_seconds = 5;   ///< fact B4.48

 private:
  struct Place {
    base::Address source;  ///< unmapped: one peer, whatever socket it came by
    unsigned failures = 0;
    bool retrying = false;
    bool waiting = false;
    EndpointId endpoint = 0;
  };
  enum class Mode : std::uint8_t { serving, paused, retiring };

  Actions on(const Request& e);
  Actions on(const Greeted& e);
  Actions on(const Opened& e);
  Actions on(const Closed& e);
  Actions on(const Started& e);
  Actions on(const StartFailed& e);
  Actions on(const RetryDue& e);
  Actions on(const Exited& e);
  Actions on(const Denied& e);
  Actions on(const Withdrawn& e);
  Actions on(const Due&);
  Actions on(const Reconfigured& e);
  Actions on(const Retire&);
  /// The counts of all other sessions.
  void count_others(const Request& e, policy::Question& question) const;
  [[nodiscard]] std::size_t running_at(EndpointId endpoint) const;
  [[nodiscard]] StateSnapshot::OpenEndpoint* find(EndpointId endpoint);
  Actions refuse(const Request& e, const policy::Verdict& verdict, bool tripped);
  /// A session that has one keeps it.
  void take_place(Token token, const base::Address& peer, bool waiting, EndpointId endpoint = 0);
  void drop_place(Token token);
  Actions free_place(Token token);

  std::shared_ptr<const policy::Policy> policy_;
  Mode mode_ = Mode::serving;
  boost::container::small_vector<StateSnapshot::OpenEndpoint, 2> endpoints_;  ///< those that are open
  policy::RateWindow rate_;
  policy::SourceRates source_rates_;
  boost::unordered_flat_map<Token, Place> places_;
  boost::unordered_flat_map<base::Address, std::uint64_t> sources_;
  std::size_t retrying_ = 0;
  std::uint64_t attempts_ = 0;
};

}  // namespace xsuperd::service
