// SPDX-License-Identifier: MIT
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "xsuperd/log/output.hpp"
#include "xsuperd/service/counters.hpp"
#include "xsuperd/service/endpoint.hpp"
#include "xsuperd/service/hand_over.hpp"
#include "xsuperd/service/session.hpp"
#include "xsuperd/service/state.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::net {
struct Datagram;
}

namespace xsuperd::service {

/// A service as one configuration has it, with all that was computed from it.
struct Setup {
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const spawn::Recipe> recipe;
  std::shared_ptr<log::Output> service_log;  ///< null: no logging
  [[nodiscard]] const config::Service& service() const { return policy->service(); }
};

/// How long an identity server may take (fact B7.29).
inline constexpr std::chrono::seconds ident_patience{30};

/// Sockets that were bound for a service before it runs, by the index of their places in config::Service::places().
using BoundSockets = std::vector<std::pair<std::size_t, net::Opened>>;

/// Runs one service: owns its State, its endpoints and its timers, performs what the State decides and tells it what
/// happened. Held by shared_ptr because pending waits refer to it. Loop thread only.
class Runner : public std::enable_shared_from_this<Runner>, private Endpoint::Owner {
 public:
  Runner(Surroundings& around, Setup setup);
  ~Runner() override;

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
  /// Takes on a configuration that differs in nothing but where it is written; the recipe stays.
  void move_to(Setup setup);
  /// The configuration is the same, and its log was opened anew.
  void log_to(std::shared_ptr<log::Output> service_log) { setup_.service_log = std::move(service_log); }
  /// What becomes of running servers when a service goes.
  enum class Servers : std::uint8_t { leave, terminate };
  /// Closes the socket and serves no more. `terminate`: TERM to every server, KILL after the grace time.
  void retire(Servers servers);
  /// Lets nobody in any more, or again. A Runner that is not serving opens no socket in start().
  void stand(Standing standing);
  [[nodiscard]] Standing standing() const { return facts_.standing; }
  /// Is its socket to be open?
  [[nodiscard]] bool wants_socket() const override {
    return facts_.standing == Standing::serving || facts_.standing == Standing::held;
  }
  /// Ends one session: a signal to its server, or the end of its conversation, whatever the signal. False when there is
  /// none of that token that can be ended.
  bool signal_session(Token token, int number);

  /// The daemon ends, and its servers go on: another daemon can have the port of datagrams that one of them has (decision
  /// B15.26).
  void leave_to_servers() const;

  /// Sends a signal to every running server; how many there were.
  std::size_t signal_servers(int number);

  /// Takes a connection that tcpmux has read this service's name from.
  void adopt(base::Fd connection, const base::Endpoint& peer);

  // For an upgrade (hand_over.cpp). In the old image, while Surroundings::holding is set:
  /// Stops to wait for the socket; the State does not notice. Peers wait in the backlog.
  void hold();
  /// Waits for it again, when the upgrade has come to nothing.
  void release();
  /// What stands in the way of handing over.
  enum class Unsettled : std::uint8_t {
    no,
    passing,   ///< something that will be over soon, and could be begun anew in the new image
    spawning,  ///< a server is being started: this has to come to its end
  };
  [[nodiscard]] Unsettled unsettled() const;
  /// All that a new image must know. Changes nothing; the numbers are good as long as nothing else happens.
  [[nodiscard]] HandedRunner hand_over() const;
  // In the new image, on a new Runner: first restore() on all of them, then carry_on(). `take` gives the descriptor of a
  // number, or none.
  void restore(const HandedRunner& handed, const std::function<base::Fd(int)>& take);
  void carry_on();

  // From the spawner and from Children, through the Supervisor.
  void on_outcome(spawn::Outcome outcome);
  void on_ended(const spawn::Ended& end);

  [[nodiscard]] const config::Service& service() const override { return setup_.service(); }
  [[nodiscard]] std::shared_ptr<const config::Service> shared_service() const { return setup_.policy->shared_service(); }
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] const SessionMap& sessions() const { return sessions_; }
  [[nodiscard]] const Counters& counters() const { return facts_.counters; }
  /// Are all requests accounted for (for the consistency check)?
  [[nodiscard]] bool accounted() const;
  /// Its sockets, in the order of the configuration. Those of a service without a place yet are none.
  [[nodiscard]] const std::vector<std::shared_ptr<Endpoint>>& endpoints() const { return endpoints_; }
  /// Is one of them open? And are all?
  [[nodiscard]] bool open() const;
  [[nodiscard]] bool all_open() const;
  /// The number of the first open socket, or -1.
  [[nodiscard]] int listening_fd() const;
  /// Why a socket that is wanted is not open, as the log was told; empty when all are open, or were never tried.
  [[nodiscard]] const std::string& trouble() const;
  /// What a closed service waits for before it can be opened, as "the address of NAME"; empty: nothing (decision B15.24).
  [[nodiscard]] std::string waits_for() const;
  /// Is an answer under way that says whether it can be opened?
  [[nodiscard]] bool asks() const { return first_targets_ != 0; }
  /// Nothing runs and nothing is pending: a retired Runner may go.
  [[nodiscard]] bool idle() const { return sessions_.empty(); }

 private:
  // Endpoint::Owner
  [[nodiscard]] std::weak_ptr<const void> life() const override { return weak_from_this(); }
  [[nodiscard]] bool has_session(const Endpoint& endpoint) const override;
  [[nodiscard]] bool listens(const Endpoint& endpoint) const override { return state_.listens(endpoint.id()); }
  void listen(Endpoint& endpoint) override;
  void on_readable(Endpoint& endpoint) override;
  void on_turned_away(net::Connection connection) override;
  void on_opened(Endpoint& endpoint) override { feed(Opened{endpoint.id()}); }
  void on_closed(Endpoint& endpoint) override { feed(Closed{endpoint.id()}); }
  void before_closing(Endpoint& endpoint) override;
  void on_socket(Endpoint& endpoint) override;

  [[nodiscard]] Endpoint::Owner& as_owner() { return *this; }
  [[nodiscard]] Endpoint* find(EndpointId id) const;
  [[nodiscard]] std::shared_ptr<Endpoint> new_endpoint(const config::ListenSpec& place);
  void replace_endpoints();
  void close_endpoints();
  /// What is closed is not opened until start().
  void stop_tries();
  void feed(const Event& event);
  void attempt(Token token, void (Runner::*step)(Token));
  void lose(Token token, const std::exception& why);
  void judge_anew(Token token);
  void perform(const Action& action);
  void perform(const Listen& action);
  void perform(const Suspend& action);
  void perform(const CloseSocket&);
  void perform(const OpenSocket&);
  void perform(const Spawn& action);
  void perform(const Refuse& action);
  void perform(const AskName& action);
  void perform(const ArmPause& action);
  void perform(const ArmRetry& action);

  void accept_connections(Endpoint& endpoint);
  [[nodiscard]] bool stays_with_us() const;
  void accept_failed(const Endpoint& endpoint, int error);
  void greet(Token token);
  bool signal_server(Token token, int number);
  void request_waiting(Endpoint& endpoint);
  void request_of(Endpoint& endpoint, const net::Head& head);
  void request(Token token);
  [[nodiscard]] policy::Question question(Token token) const;
  Token new_session(Session session);
  void end_session(Token token);
  void spawn(Token token);
  void started(spawn::Started& outcome);
  void start_failed(spawn::StartFailed& outcome);
  void drop_waiting_request(const Session& session);
  void keep_for_lingering(Session& session) const;
  void linger(Session& session, pid_t server);
  std::optional<net::Head> drop_unread_datagram(const Session& session);
  void find_first_targets_later();
  void give_up_retries();
  bool judge_again(const Refuse& action);
  void dismiss(Session session);
  void sensed(const base::Address& peer);
  void named(Token token, base::PeerName name);
  void tell_failed_look_up(const Session& session);
  void watch_departures();
  void look_for_departures();
  [[nodiscard]] Wanted wanted(const Session& session, bool asks_libwrap);
  void go(Token token, SessionEvent event);
  void enter(Token token);
  void enter_anew(Token token);
  void admitted(Token token);
  void allowed(Token token);
  void greeted(Token token);
  void known(Token token);
  void withdraw(Token token);
  void let_go(Token token);
  void drop_unstarted();
  [[nodiscard]] std::optional<net::MdnsService> announcement() const;
  void announce();
  void end_announcement();
  base::Result<std::string> exec_context(const Session& session);
  void context_failed(Token token, const std::string& why);
  void serve_datagrams(Endpoint& endpoint);
  void serve_datagram(Endpoint& endpoint, const net::Datagram& datagram);
  void answer_datagram(Token token);
  void answer_late(EndpointId endpoint, const net::Datagram& datagram);
  [[nodiscard]] std::optional<std::string_view> answer_to(const net::Datagram& datagram,
                                                          std::span<char, udp_room> buffer);
  bool logged_lately(const base::Endpoint& peer);
  void converse(Token token);
  [[nodiscard]] worker::Parameters conversation_parameters() const;
  void begin_conversation(Token token, worker::Parameters parameters);
  [[nodiscard]] worker::Conversations::Done when_ended(Token token);
  [[nodiscard]] bool in_conversation(Token token) const;
  [[nodiscard]] HandedSession handed(Token token, const Session& session) const;
  [[nodiscard]] Session taken(const HandedSession& handed, const std::function<base::Fd(int)>& take);
  void restore_endpoints(const HandedRunner& handed, const std::function<base::Fd(int)>& take);
  void carry_on(Token token);
  void find_targets(Token token);
  void targets_found(Token token, const config::RedirectTarget& target, std::vector<base::Endpoint> found);
  [[nodiscard]] bool needs_target() const;
  bool find_first_targets();
  void first_targets_found(const config::RedirectTarget& target, std::vector<base::Endpoint> found);
  void forget_first_targets();
  void conversation_ended(Token token, worker::Ending ending);
  void tell_end(const Session& session, const worker::Ending& ending);
  void mux_request(base::Fd connection, const base::Endpoint& peer, const std::string& request);
  void ask_libwrap(Token token);
  [[nodiscard]] bool no_libwrap_rules();
  void wrapped(Token token, net::LibwrapAnswer answer);
  void send_success_banner(Token token);
  void ask_identity(Token token);
  [[nodiscard]] bool idonly() const;
  void identified(Token token, const net::IdentAnswer& answer);
  void log_identity(const net::IdentAnswer& answer, const base::Address& peer, bool refused);
  void log_event(const std::optional<log::Event>& event);
  void log_start(const Session& session, pid_t pid);
  void log_refusal(const Session& session, policy::Reason reason);
  /// The timer's number, by which it can be cancelled.
  std::uint64_t arm(std::chrono::milliseconds delay, std::function<void(Runner&)> then);

  Surroundings& around_;
  Setup setup_;
  State state_;
  std::vector<std::shared_ptr<Endpoint>> endpoints_;
  /// At places that it has no more: closed, but a server has their sockets, and whom it must not meet is turned away.
  std::vector<std::shared_ptr<Endpoint>> leaving_;
  EndpointId next_endpoint_ = 0;
  SessionMap sessions_;
  ServiceFacts facts_;
  struct Timers;
  std::unique_ptr<Timers> timers_;
  unsigned target_failures_ = 0;
  std::uint64_t looking_ = 0;  ///< the timer of the next look-up of a redirect's targets
  Servers retired_servers_ = Servers::leave;
  std::optional<net::MdnsService> announced_;
  const net::Datagram* current_datagram_ = nullptr;  ///< while it is being judged
  EndpointId current_endpoint_ = 0;                  ///< where it came in
  std::optional<bool> no_libwrap_rules_;  ///< what was found for the datagrams that came together with it
  /// wait = yes: found waiting when the server before has ended, and where.
  std::optional<std::pair<EndpointId, net::Head>> next_datagram_;
  boost::unordered_flat_map<base::Endpoint, base::Moment> refused_lately_;
  net::ForwardResolver::Id first_targets_ = 0;  ///< while they are looked up before the socket is opened
  bool watches_departures_ = false;
};

}  // namespace xsuperd::service
