// SPDX-License-Identifier: MIT
// Redirects to UNIX sockets: the daemon connects, a worker holds the conversation.
#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "service/fixture.hpp"
#include "xsuperd/service/hand_over.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

config::Service relaying() {
  config::Service service = stream_service();
  service.kind = config::Kind::redirect;
  service.settings.redirect = config::RedirectTarget{"/run/x.sock", 0};
  return service;
}

/// Connects as the test says, on the connector's threads.
struct Relay {
  explicit Relay(net::LocalConnector::Options options) {
    bench.around.asked.local_targets = std::make_unique<net::LocalConnector>(bench.loop, std::move(options));
    REQUIRE(bench.runner->start());
  }
  static net::LocalConnector::Options failing(int error) {
    return {.connect = [error](const net::LocalTarget&) { return net::LocalConnection{{}, error, false}; }};
  }
  /// A backlog that stays full.
  static net::LocalConnector::Options waiting() {
    net::LocalConnector::Options options = failing(EAGAIN);
    options.deadline = 1h;
    return options;
  }
  void run_until_connecting() {
    bench.run_until([&] {
      const auto& all = bench.runner->sessions().all();
      return !all.empty() && all.begin()->second.connecting != 0;
    });
  }

  Bench bench{relaying()};
};

}  // namespace

TEST_CASE("a redirect to a UNIX socket opens without asking anybody, and hands the connected socket to the worker") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const base::Fd far(ends[0]);
  std::string name;
  Relay r({.connect = [&](const net::LocalTarget& target) {
    name = target.name;
    return net::LocalConnection{base::Fd(ends[1]), 0, false};
  }});
  CHECK(waits_for(*r.bench.runner).empty());
  const Client client(r.bench.where());
  r.bench.run_until([&] { return r.bench.conversations.requests.size() == 1; });
  CHECK(name == "/run/x.sock");
  auto& request = r.bench.conversations.requests[0];
  CHECK(request.kind == worker::Kind::relay);
  CHECK(request.parameters.targets.empty());
  REQUIRE(request.parameters.target);
  REQUIRE(::send(request.parameters.target->get(), "x", 1, 0) == 1);
  CHECK(receive(far) == "x");
  CHECK(r.bench.entries() == "START: x pid=0 from=127.0.0.1\n");
}

TEST_CASE("a UNIX socket that refuses is told of as a host that does, and the session ends") {
  Relay r(Relay::failing(ECONNREFUSED));
  const Client client(r.bench.where());
  r.bench.run_until([&] { return r.bench.sink.has("EXIT: x"); });
  CHECK(r.bench.sink.has("can't connect to remote host unix:/run/x.sock: Connection refused"));
  CHECK(r.bench.conversations.requests.empty());
  CHECK(r.bench.runner->state().running() == 0);
  CHECK(accounted(*r.bench.runner));
  CHECK(client.read_all(r.bench).empty());
}

TEST_CASE("a session that still connects can be stopped") {
  Relay r(Relay::waiting());
  const Client client(r.bench.where());
  r.run_until_connecting();
  CHECK(r.bench.runner->signal_session(r.bench.runner->sessions().all().begin()->first, 15));
  r.bench.run_until([&] { return r.bench.runner->sessions().empty(); });
  CHECK(r.bench.sink.has("EXIT: x signal=15"));
  CHECK(client.read_all(r.bench).empty());
}

TEST_CASE("a removed service ends the sessions that still connect") {
  Relay r(Relay::waiting());
  const Client client(r.bench.where());
  r.run_until_connecting();
  r.bench.runner->retire(Runner::Servers::terminate);
  r.bench.run_until([&] { return r.bench.runner->sessions().empty(); });
  CHECK(client.read_all(r.bench).empty());
}

TEST_CASE("a session that still connects keeps its connection over an upgrade, and connects again") {
  Relay r(Relay::waiting());
  const Client client(r.bench.where());
  r.run_until_connecting();
  const InheritedRunner state = r.bench.runner->hand_over();
  REQUIRE(state.sessions.size() == 1);
  CHECK(state.sessions[0].conversing);
  CHECK(state.sessions[0].socket >= 0);
  CHECK(r.bench.runner->unsettled() == Runner::Unsettled::passing);
  Bench next(relaying());
  int tries = 0;
  next.around.asked.local_targets = std::make_unique<net::LocalConnector>(
      next.loop, net::LocalConnector::Options{.connect = [&](const net::LocalTarget&) {
        ++tries;
        return net::LocalConnection{{}, ECONNREFUSED, false};
      }});
  next.runner->restore(state, [](int number) { return number < 0 ? base::Fd() : base::Fd(::fcntl(number, F_DUPFD_CLOEXEC, 0)); });
  next.runner->carry_on();
  next.run_until([&] { return next.runner->sessions().empty(); });
  CHECK(tries == 1);
}

TEST_CASE("the user of the service connects") {
  std::optional<net::ConnectAs> as;
  config::Service service = relaying();
  service.settings.user = config::User{"joe", "joe", 1000, 100};
  service.supplementary_groups = {7};
  Relay r({.connect = [&](const net::LocalTarget& target) {
    as = target.as;
    return net::LocalConnection{{}, ECONNREFUSED, false};
  }});
  r.bench.runner->reconfigure(r.bench.setup_for(service));
  const Client client(r.bench.where());
  r.bench.run_until([&] { return r.bench.sink.has("EXIT: x"); });
  REQUIRE(as);
  CHECK((as->user == 1000 && as->group == 100 && as->groups == std::vector<gid_t>{7}));
}
