// SPDX-License-Identifier: MIT
// The way of an admitted session by itself: the test starts its server.
#include "service/way.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>

#include "service/alone.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using Of = SessionPhase;
using Outcome = net::IdentAnswer::Outcome;

namespace {

const base::Endpoint peer{*base::Address::parse("192.0.2.1"), 1025};

struct Walk : Alone {
  explicit Walk(config::Service service, std::vector<base::Endpoint> found = {}) : Alone(std::move(service)) {
    on_spawn = [this](Token token) { endings.attempt(token, [&] { way.admitted(token); }); };
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
    net::ForwardResolver::Options options;
    options.look_up = [found = std::move(found)](const std::string&, std::uint16_t) { return found; };
    around.asked.targets = std::make_unique<net::ForwardResolver>(loop, std::move(options));
  }
  Token walk() { return admitted(peer, std::move(ours)); }

  base::Fd ours, theirs;
  std::vector<Token> started;
  int opened = 0;
  Targets targets{{.setup = setup,
                   .doors = *this,
                   .journal = journal,
                   .timers = timers,
                   .asked = around.asked,
                   .life = lifeline,
                   .open = [this] { ++opened; }}};
  Way way{{.setup = setup,
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
           .start = [this](Token token) { started.push_back(token); }}};
};

config::Service asking(bool idonly = false) {
  config::Service service = stream_service();
  service.settings.log_on_success->add(config::SuccessOption::userid);
  if (idonly) service.settings.flags = {config::Flag::idonly};
  return service;
}

config::Service relaying() {
  config::Service service = stream_service();
  service.kind = config::Kind::redirect;
  service.settings.redirect = config::RedirectTarget{"far.example", 80};
  return service;
}

}  // namespace

TEST_CASE("where nothing is wanted an admitted session starts at once, and again when that has failed") {
  Walk walk(stream_service());
  const Token token = walk.walk();
  CHECK(walk.started == std::vector{token});
  CHECK(walk.phase(token) == Of::starting);
  walk.way.go(token, SessionEvent::start_failed);
  CHECK(walk.phase(token) == Of::retrying);
  walk.way.admitted(token);
  CHECK(walk.started == std::vector{token, token});
}

TEST_CASE("an event that does not belong to the phase, or to no session, comes to nothing") {
  Walk walk(asking());
  const Token token = walk.walk();
  REQUIRE(walk.phase(token) == Of::identity);
  for (const SessionEvent event : {SessionEvent::allowed, SessionEvent::greeted, SessionEvent::started, SessionEvent::retried})
    walk.way.go(token, event);
  CHECK(walk.phase(token) == Of::identity);
  walk.way.go(token + 1, SessionEvent::identified);
  CHECK(walk.started.empty());
}

TEST_CASE("a session whose user is wanted waits for the answer and then starts, whatever it is") {
  Walk walk(asking());
  const Token token = walk.walk();
  REQUIRE(walk.ident.running() == 1);
  CHECK(walk.started.empty());
  walk.ident.answer(0, {Outcome::no_server, {}, {}});
  CHECK(walk.started == std::vector{token});
}

TEST_CASE("with IDONLY a session without an answer is withdrawn, and its place is free") {
  Walk walk(asking(true));
  const Token token = walk.walk();
  REQUIRE(walk.decider.state().running() == 1);
  walk.ident.answer(0, {Outcome::no_server, {}, {}});
  CHECK(walk.started.empty());
  CHECK_FALSE(walk.sessions.contains(token));
  CHECK(walk.sessions.counters().withdrawn == 1);
  CHECK(walk.decider.state().running() == 0);
}

TEST_CASE("a session that ends while it is asked about takes the question back") {
  Walk walk(asking());
  walk.endings.withdraw(walk.walk());
  CHECK(walk.ident.running() == 0);
  CHECK(walk.ident.cancelled.size() == 1);
}

TEST_CASE("an answer that comes when the service has gone comes to nothing") {
  Walk walk(asking());
  const Token token = walk.walk();
  walk.alive.reset();
  walk.ident.answer(0, {Outcome::ok, "UNIX : joe", {}});
  CHECK(walk.phase(token) == Of::identity);
  CHECK(walk.started.empty());
}

TEST_CASE("libwrap's refusal is the State's to hear, and its word is not asked for where it has no rules") {
  if (!net::libwrap_available()) {
    WARN("not tested: built without libwrap");
    return;
  }
  Walk walk(stream_service());
  (void)walk.file("deny", "ALL: ALL\n");
  std::vector<policy::Reason> reasons;
  walk.on_refuse = [&](const Refuse& action) { reasons.push_back(action.verdict.reason); };
  const Token token = walk.walk();
  walk.run_until([&] { return !reasons.empty(); });  // there is no helper: all is refused
  CHECK(reasons == std::vector{policy::Reason::libwrap});
  CHECK(walk.phase(token) == Of::libwrap);
  CHECK(walk.decider.state().running() == 0);

  const Token datagram = walk.sessions.begin(Session(peer));
  walk.sessions.at(datagram).libwrap_has_rules = false;  // there were none when it came
  walk.way.admitted(datagram);
  CHECK(walk.started == std::vector{datagram});
}

TEST_CASE("banner_success is sent before the server starts, which gets the connection back") {
  Walk walk(stream_service());
  auto service = std::make_shared<config::Service>(walk.service());
  service->settings.banner_success = walk.file("banner", "welcome");
  walk.setup.policy = std::make_shared<policy::Policy>(service);
  const Token token = walk.walk();
  CHECK(walk.phase(token) == Of::banner);
  walk.run_until([&] { return !walk.started.empty(); });
  CHECK(walk.sessions.at(token).socket);
  CHECK(receive(walk.theirs) == "welcome");
}

TEST_CASE("a relay without a target waits for it, and all that come later use what was found") {
  const std::vector<base::Endpoint> found{{base::Address::ipv4(INADDR_LOOPBACK), 80}};
  Walk walk(relaying(), found);
  const Token token = walk.walk();
  CHECK(walk.phase(token) == Of::target);
  walk.run_until([&] { return !walk.started.empty(); });
  CHECK(walk.targets.known() == found);
  const Token next = walk.admitted(peer);
  CHECK(walk.started == std::vector{token, next});
}

TEST_CASE("a relay whose target is not found counts as failed, and nothing of it stays") {
  Walk walk(relaying());
  const Token token = walk.walk();
  walk.run_until([&] { return !walk.sessions.contains(token); });
  CHECK(walk.started.empty());
  CHECK(walk.sessions.counters().failed == 1);
  CHECK(walk.decider.state().running() == 0);
}

TEST_CASE("whoever hangs up while a target is looked up is withdrawn") {
  Walk walk(relaying());
  walk.hurry = true;
  const Token token = walk.walk();
  walk.around.asked.targets->cancel(walk.sessions.at(token).target);  // nobody answers
  walk.theirs.reset();
  walk.run_until([&] { return !walk.sessions.contains(token); });
  CHECK(walk.sessions.counters().withdrawn == 1);
}

TEST_CASE("in another image a session waits no more for what is not wanted any more") {
  Walk walk(stream_service());
  for (const Of phase : {Of::libwrap, Of::identity, Of::target}) {
    const Token token = walk.sessions.begin(Session(peer));
    walk.sessions.at(token).phase = phase;
    walk.way.enter_anew(token);
    CHECK(walk.phase(token) == Of::starting);
  }
  CHECK(walk.started.size() == 3);
}
