// SPDX-License-Identifier: MIT
// An upgrade, as a Runner sees it: one hands over, another goes on.
#include "xsuperd/service/hand_over.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <map>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

struct Upgrade : Bench {
  explicit Upgrade(config::Service the_service) : Bench(the_service), service(std::move(the_service)) {}

  /// Another Runner in the place of the first, which is gone without a word; everything around is new, too.
  void upgrade() {
    around.sockets.holding = true;
    runner->hold();
    const InheritedRunner handed = runner->hand_over();
    std::map<int, base::Fd> copies;
    const auto copy = [&](int number) {
      if (number >= 0) copies[number].reset(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    };
    for (const InheritedEndpoint& endpoint : handed.endpoints) copy(endpoint.listener), copy(endpoint.turned_away);
    for (const InheritedSession& session : handed.sessions) copy(session.socket), copy(session.pidfd);
    runner.reset();
    children.abandon();
    around.census.owners.clear();
    around.census.processes = 0;
    around.sockets.holding = false;
    if (around.serving.conversations.resume(0, {})) FAIL("there is no token 0");
    for (const InheritedSession& session : handed.sessions)
      if (session.conversing) conversations.handed_over.push_back(session.token);
    runner = std::make_shared<Runner>(around, setup_for(service));
    runner->restore(handed, [&](int number) { return copies.contains(number) ? std::move(copies[number]) : base::Fd{}; });
    restored = runner->hand_over();
    CHECK(restored.state == handed.state);
    CHECK(restored.sessions.size() == handed.sessions.size());
    runner->carry_on();
  }

  config::Service service;
  InheritedRunner restored;
};

config::Service with(const std::function<void(config::Service&)>& change) {
  config::Service service = stream_service();
  change(service);
  return service;
}

}  // namespace

TEST_CASE("a running server is logged by the new image, once and with its whole duration") {
  Upgrade bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  CHECK(bench.runner->unsettled() == Runner::Unsettled::no);
  bench.clock = at(60s);
  bench.upgrade();
  CHECK(bench.around.census.processes == 1);
  CHECK(bench.runner->state().running() == 1);
  bench.clock = at(100s);
  CHECK(signal_servers(*bench.runner, SIGKILL) == 1);
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.entries() ==
        fmt::format("START: x pid={0} from=127.0.0.1\nEXIT: x signal=9 pid={0} duration=100(sec)\n", server.pid()));
  CHECK(bench.around.census.processes == 0);
  CHECK(bench.spawner.requests.size() == 1);
}

TEST_CASE("a time limit that one image has seen to be reached is enforced by the next, and not logged twice") {
  Upgrade bench(with([](config::Service& s) { s.settings.runtime_max = 60, s.settings.kill_grace = 10; }));
  bench.hurry = true;
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::sleeping(true);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.clock = at(60s);
  bench.run_until([&] { return bench.sink.has("LIMIT: x"); });
  bench.upgrade();
  bench.clock = at(69s);
  for (int i = 0; i < 20; ++i) bench.loop.run_one_for(5ms);
  CHECK(server.alive());
  bench.clock = at(70s);
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.runner->counters().limited == 1);
  CHECK(bench.entries() == fmt::format("START: x pid={0} from=127.0.0.1\nLIMIT: x pid={0} runtime_max\n"
                                       "EXIT: x signal=9 pid={0} duration=70(sec)\n", server.pid()));
}

TEST_CASE("the times of a session go on in the next image") {
  Upgrade bench(with([](config::Service& s) { s.settings.runtime_max = 60, s.settings.idle_timeout = 30, s.settings.first_data_timeout = 5; }));
  bench.hurry = true;
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.upgrade();
  REQUIRE(bench.restored.sessions.size() == 1);
  CHECK(bench.restored.sessions[0].connection.known());
  bench.clock = at(60s);
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("runtime_max"));
}

TEST_CASE("a server that ended in between is not missed") {
  Upgrade bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::ended(3);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.upgrade();
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x status=3"));
}

TEST_CASE("peers that come while nobody accepts wait, and are served by the new image") {
  Upgrade bench(stream_service());
  REQUIRE(bench.runner->start());
  bench.around.sockets.holding = true;
  bench.runner->hold();
  const Client client(bench.where());
  REQUIRE(client.connected());
  client.send("early");
  bench.settle();
  CHECK(bench.spawner.requests.empty());
  bench.upgrade();
  bench.run_until_jobs(1);
  CHECK(receive(bench.job(0).socket) == "early");
  CHECK(bench.runner->state().arrivals().attempts() == 1);
}

TEST_CASE("an upgrade that comes to nothing leaves a service that accepts") {
  Bench bench(stream_service());
  REQUIRE(bench.runner->start());
  bench.around.sockets.holding = true;
  bench.runner->hold();
  const Client client(bench.where());
  bench.settle();
  bench.around.sockets.holding = false;
  bench.runner->hold(false);
  bench.run_until_jobs(1);
}

TEST_CASE("a server that is being started stands in the way") {
  Upgrade bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  CHECK(bench.runner->unsettled() == Runner::Unsettled::spawning);
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  CHECK(bench.runner->unsettled() == Runner::Unsettled::no);  // it waits for another try
}

TEST_CASE("a start that waits for another try is tried by the new image, with the connection") {
  Upgrade bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  bench.spawner.deliver_clone_failure(0, EAGAIN);
  bench.upgrade();
  CHECK(bench.runner->state().places().retrying() == 1);
  bench.hurry = true;
  bench.upgrade();
  bench.run_until_jobs(2);
  client.send("again");
  CHECK(receive(bench.job(1).socket) == "again");
  CHECK(bench.restored.state.places.at(0).failures == 1);
}

TEST_CASE("a peer whose name is looked up is judged by the new image and not counted twice") {
  Upgrade bench(with([](config::Service& s) { s.settings.only_from = pattern(".example.com"); }));
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return !bench.runner->sessions().empty(); });
  CHECK(bench.runner->unsettled() == Runner::Unsettled::passing);
  bench.upgrade();
  bench.run_until_jobs(1);
  CHECK(bench.runner->state().arrivals().attempts() == 1);
  CHECK(bench.runner->state().running() == 1);
}

TEST_CASE("a peer that does not take its banner is not sent it again") {
  const std::string text(16 << 20, 'b');
  Upgrade bench(stream_service());
  bench.service.settings.banner = bench.file("banner", text);
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(bench.service));
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return !bench.runner->sessions().empty(); });
  bench.blocking.wait();
  bench.settle();
  REQUIRE(bench.runner->unsettled() == Runner::Unsettled::passing);
  CHECK(bench.runner->state().arrivals().attempts() == 0);
  bench.upgrade();
  bench.run_until_jobs(1);
  CHECK(bench.runner->state().arrivals().attempts() == 1);
  CHECK((::fcntl(bench.job(0).socket.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("the pause of cps goes on with the rest of its time") {
  Upgrade bench(with([](config::Service& s) { s.settings.cps = config::Rate{1, 30}; }));
  REQUIRE(bench.runner->start());
  const Client one(bench.where()), two(bench.where());
  bench.run_until([&] { return bench.runner->state().phase() == Phase::paused; });
  bench.asked.clear();
  bench.clock = at(12s);
  bench.upgrade();
  CHECK(bench.runner->state().phase() == Phase::paused);
  CHECK_FALSE(bench.runner->endpoints().open());
  REQUIRE(bench.asked.size() == 1);
  CHECK(bench.asked[0] == 18s);
}

TEST_CASE("a wait = yes server keeps the socket, and the service listens again after its end") {
  Upgrade bench(waiting_service(config::SocketType::dgram));
  REQUIRE(bench.runner->start());
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("question");
  bench.run_until_jobs(1);
  CHECK(receive(bench.job(0).socket) == "question");
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.upgrade();
  CHECK(bench.runner->state().phase() == Phase::busy);
  client.send("for the server");
  bench.settle();
  CHECK(bench.spawner.requests.size() == 1);
  signal_servers(*bench.runner, SIGKILL);
  bench.run_until_jobs(2);
  CHECK(bench.runner->state().phase() == Phase::busy);
}

TEST_CASE("a datagram that waits for its peer's name is still there afterwards") {
  config::Service service = waiting_service(config::SocketType::dgram);
  service.settings.only_from = pattern(".example.com");
  Upgrade bench(service);
  REQUIRE(bench.runner->start());
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("question");
  bench.run_until([&] { return !bench.runner->sessions().empty(); });
  CHECK(bench.runner->state().phase() == Phase::busy);
  bench.upgrade();
  bench.run_until_jobs(1);
  CHECK(bench.runner->state().arrivals().attempts() == 1);
  CHECK(receive(bench.job(0).socket) == "question");
}

TEST_CASE("an internal datagram that waits for its peer's name is answered by the new image") {
  config::Service service = waiting_service(config::SocketType::dgram);
  service.name = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  service.settings.only_from = pattern(".example.com");
  Upgrade bench(service);
  REQUIRE(bench.runner->start());
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("hello");
  bench.run_until([&] { return !bench.runner->sessions().empty(); });
  bench.upgrade();
  CHECK(client.read(bench, 5) == "hello");
}

TEST_CASE("a conversation goes on with its worker, and one without a worker is lost with an entry") {
  const auto echo = with([](config::Service& s) {
    s.name = "echo";
    s.kind = config::Kind::internal;
    s.settings.type = config::Set<config::Type>{config::Type::internal};
  });
  Upgrade bench(echo);
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  CHECK(bench.runner->unsettled() == Runner::Unsettled::no);
  bench.clock = at(5s);
  bench.upgrade();
  REQUIRE(bench.conversations.requests.size() == 2);  // resumed
  bench.clock = at(9s);
  bench.conversations.finish(1);
  CHECK(bench.entries() == "START: x pid=0 from=127.0.0.1\nEXIT: x status=0 pid=0 duration=9(sec)\n");

  const Client other(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 3; });
  const InheritedRunner handed = bench.runner->hand_over();
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(echo));
  bench.runner->restore(handed, [](int) { return base::Fd{}; });
  bench.runner->carry_on();
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x status=1 pid=0"));
}

TEST_CASE("a conversation that no worker had yet is begun by the new image without another entry") {
  const auto echo = with([](config::Service& s) {
    s.name = "echo";
    s.kind = config::Kind::internal;
    s.settings.type = config::Set<config::Type>{config::Type::internal};
  });
  Upgrade bench(echo);
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  const Token token = bench.conversations.requests[0].token;
  bench.conversations.waiting[token] = bench.conversations.requests[0].connection.get();
  CHECK(bench.runner->unsettled() == Runner::Unsettled::passing);
  bench.upgrade();
  REQUIRE(bench.conversations.requests.size() == 2);
  client.send("hello");
  CHECK(receive(bench.conversations.requests[1].connection) == "hello");
  CHECK(bench.entries() == "START: x pid=0 from=127.0.0.1\n");
}

TEST_CASE("a removed service goes on ending: KILL comes when it would have come") {
  Upgrade bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::sleeping(true);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.runner->retire(Runner::Servers::terminate);
  bench.asked.clear();
  bench.clock = at(1s);
  bench.upgrade();
  CHECK(bench.runner->state().phase() == Phase::retiring);
  REQUIRE(bench.asked == std::vector<std::chrono::milliseconds>{2s});
  bench.hurry = true;
  bench.upgrade();
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.sink.has("EXIT: x signal=9"));
}

TEST_CASE("a service whose socket did not arrive opens another, and a server without a pidfd is forgotten") {
  Upgrade bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  const InheritedRunner handed = bench.runner->hand_over();
  bench.children.abandon();
  bench.around.census.processes = 0;
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(stream_service()));
  bench.runner->restore(handed, [](int) { return base::Fd{}; });
  bench.runner->carry_on();
  CHECK(bench.runner->endpoints().open());
  CHECK(bench.runner->state().phase() == Phase::listening);
  CHECK(bench.runner->state().running() == 0);
  CHECK(bench.around.census.processes == 0);
  CHECK(bench.runner->sessions().empty());
}

TEST_CASE("a refused peer of datagrams is not logged again after an upgrade") {
  config::Service service = waiting_service(config::SocketType::dgram);
  service.name = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  service.settings.no_access = pattern("127.0.0.1");
  Upgrade bench(service);
  REQUIRE(bench.runner->start());
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("one");
  bench.run_until_lines(1);
  bench.upgrade();
  client.send("two");
  bench.run_until([&] { return bench.runner->state().arrivals().attempts() == 2; });
  CHECK(bench.entries() == "FAIL: x address from=127.0.0.1\n");
}

TEST_CASE("a refused peer that does not take its banner is counted as long as it is waited for") {
  Upgrade bench(with([](config::Service& s) { s.settings.no_access = pattern("127.0.0.1"); }));
  bench.service.settings.banner_fail = bench.file("banner", std::string(8 << 20, 'b'));
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(bench.service));
  REQUIRE(bench.runner->start());
  CHECK(bench.around.sending.farewells() == 0);
  Client client(bench.where());
  bench.run_until([&] { return bench.around.sending.farewells() == 1; });
  bench.settle();
  CHECK(bench.runner->unsettled() == Runner::Unsettled::no);
  client.abort();
  bench.run_until([&] { return bench.around.sending.farewells() == 0; });
}

TEST_CASE("a peer that an image without phases has kept waiting for a redirect's target gets one") {
  Bench bench(with([](config::Service& service) {
    service.kind = config::Kind::redirect;
    service.settings.redirect = config::RedirectTarget{"127.0.0.1", 80};
  }));
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  const int listener = bench.runner->endpoints().listening_fd();
  InheritedRunner handed;
  handed.state.phase = Phase::listening;
  handed.state.places = {{.token = 1, .source = *base::Address::parse("127.0.0.1")}};
  InheritedSession& session = handed.sessions.emplace_back();
  session.token = 1;
  session.peer.address = *base::Address::parse("127.0.0.1");
  session.judged = true;
  session.stage = Stage::start;
  session.socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(session.socket >= 0);
  handed.listener = ::fcntl(listener, F_DUPFD_CLOEXEC, 0);
  handed.counters.accepted = 1;
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(bench.runner->service()));
  bench.runner->restore(handed, [](int number) { return base::Fd(number); });
  bench.runner->carry_on();
  REQUIRE(bench.conversations.requests.size() == 1);
  CHECK(bench.conversations.requests[0].parameters.targets.size() == 1);
  CHECK(accounted(*bench.runner));
}
