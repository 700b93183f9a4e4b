// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/departures.hpp"
#include "service/endings.hpp"
#include "service/fixture.hpp"
#include "service/handshakes.hpp"
#include "service/journal.hpp"
#include "service/timers.hpp"
#include "service/way.hpp"
#include "xsuperd/service/targets.hpp"

namespace xsuperd::service::test {

/// What a part of a service stands on, without a Runner: the test is the owner of its sockets, and performs what the State
/// decides.
class Alone : public Bench, public Performer, public Endpoint::Owner {
 public:
  explicit Alone(config::Service service)
      : Bench(service),
        setup(setup_for(std::move(service))),
        lifeline([this] { return std::weak_ptr<const void>(alive); }),
        timers(loop, around.clock, lifeline),
        journal(setup, log, around.history),
        sessions(around.census, around.clock),
        decider(setup.policy, around.census, around.hooks, *this),
        endpoints(around, *this),
        targets({.setup = setup, .doors = *this, .journal = journal, .timers = timers, .asked = around.asked, .life = lifeline, .open = [] {}}),
        endings({setup, sessions, decider, endpoints, *this, journal, around.asked, around.serving, around.census, around.hooks, handshakes}),
        departures(sessions, endings, timers),
        way({.setup = setup,
             .sessions = sessions,
             .decider = decider,
             .endpoints = endpoints,
             .endings = endings,
             .departures = departures,
             .targets = targets,
             .asked = around.asked,
             .sending = around.sending,
             .journal = journal,
             .life = lifeline,
             .start = [](Token) {}}),
        handshakes({setup, sessions, decider, endings, way, around.serving, around.census.tallies, journal, lifeline}) {
    (void)endpoints.replace(setup.service().places());
    runner.reset();
  }

  /// Opens the sockets; where the first of them is.
  base::Endpoint open() {
    endpoints.start();
    REQUIRE(endpoints.open());
    return net::local_endpoint(endpoints.listening_fd());
  }
  /// Has the State judge the request; it has no objection to most.
  void let_in(Token token) {
    policy::Question question;
    question.peer = sessions.at(token).peer;
    decider.feed(Request{token, std::move(question), clock});
  }
  /// A request of that peer, which is let in.
  Token admitted(base::Endpoint peer, base::Fd connection = {}) {
    const Token token = sessions.begin(Session(peer, std::move(connection)));
    let_in(token);
    return token;
  }
  [[nodiscard]] SessionPhase phase(Token token) { return sessions.at(token).phase; }

  std::shared_ptr<int> alive = std::make_shared<int>();
  Setup setup;
  Life lifeline;
  Timers timers;
  Journal journal;
  Sessions sessions;
  Decider decider;
  Endpoints endpoints;
  Targets targets;
  Endings endings;
  Departures departures;
  Way way;
  Handshakes handshakes;
  std::vector<std::string> done;                        ///< what was decided, and the test has not done
  std::function<void(Token)> on_spawn;                  ///< what it has
  std::function<void(const Refuse&)> on_refuse;         ///< the same
  std::function<void(Endpoint&)> on_request;            ///< something waits at the socket
  std::function<void(Endpoint&)> on_closing = [](auto&) {};

  // Performer
  void perform(const Action& action) override {
    const auto* spawn = std::get_if<Spawn>(&action);
    const auto* refuse = std::get_if<Refuse>(&action);
    if (spawn && on_spawn) return on_spawn(spawn->token);
    if (refuse && on_refuse) return on_refuse(*refuse);
    done.push_back(text(Actions{action}));
    if (const auto* one = std::get_if<Listen>(&action)) listen(*endpoints.find(one->endpoint));
  }

  // Endpoint::Owner
  [[nodiscard]] std::weak_ptr<const void> life() const override { return alive; }
  [[nodiscard]] const config::Service& service() const override { return setup.service(); }
  [[nodiscard]] bool wants_socket() const override { return true; }
  [[nodiscard]] bool has_session(const Endpoint& endpoint) const override { return sessions.any_at(endpoint.id()); }
  [[nodiscard]] bool listens(const Endpoint& endpoint) const override { return decider.state().endpoints().is_free(endpoint.id()); }
  void listen(Endpoint& endpoint) override { endpoint.resume(); }
  void on_readable(Endpoint& endpoint) override { on_request(endpoint); }
  void on_turned_away(net::Connection) override {}
  void on_opened(Endpoint& endpoint) override { decider.feed(Opened{endpoint.id()}); }
  void on_closed(Endpoint& endpoint) override { decider.feed(Closed{endpoint.id()}); }
  void on_lost(const Endpoint&) override {}
  void before_closing(Endpoint& endpoint) override { on_closing(endpoint); }
  void on_socket(Endpoint&) override {}
};

}  // namespace xsuperd::service::test
