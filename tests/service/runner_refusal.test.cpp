// SPDX-License-Identifier: MIT
// Refusals and banners.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <thread>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {
struct Refusing : Bench {
  explicit Refusing(const std::function<void(config::Settings&)>& change)
      : Bench([&] {
          config::Service service = stream_service();
          change(service.settings);
          return service;
        }()) {
    REQUIRE(runner->start());
  }
};
}  // namespace

TEST_CASE("a refused connection is closed and logged, and no process is made") {
  Refusing bench([](auto& s) { s.no_access = pattern("127.0.0.1"); });
  const Client client(bench.where());
  CHECK(client.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x address from=127.0.0.1\n");
  CHECK(bench.spawner.requests.empty());
  CHECK(bench.runner->sessions().empty());
}

TEST_CASE("each limit refuses with its own word") {
  const auto entry = [](const std::function<void(config::Settings&)>& change) {
    Refusing bench(change);
    bench.around.clock.load = [] { return 2.0; };
    bench.around.census.process_limit = 5;
    const Client one(bench.where()), two(bench.where());
    bench.run_until([&] { return !bench.entries().empty(); });
    return bench.entries();
  };
  const std::string from = " from=127.0.0.1\n";
  CHECK(entry([](auto& s) { s.instances = config::Limit{1}; }) == "FAIL: x service_limit" + from);
  CHECK(entry([](auto& s) { s.per_source = config::Limit{1}; }) == "FAIL: x per_source_limit" + from);
  CHECK(entry([](auto& s) { s.access_times.emplace(); }).starts_with("FAIL: x time" + from));
  CHECK(entry([](auto& s) { s.max_load = 2.0; }).starts_with("FAIL: x load" + from));
}

TEST_CASE("a refusal for load is said in the daemon log too") {
  Refusing bench([](auto& s) { s.max_load = 2.0; });
  bench.around.clock.load = [] { return 2.0; };
  const Client client(bench.where());
  CHECK(client.read_all(bench) == "");
  CHECK(bench.sink.has("refused connect from 127.0.0.1 due to excessive load"));
}

TEST_CASE("a peer that both lists match is refused, and the overlap is said") {
  Refusing bench([](auto& s) { s.no_access = s.only_from = pattern("127.0.0.1"); });
  const Client client(bench.where());
  CHECK(client.read_all(bench) == "");
  CHECK(bench.sink.has("Service=x: only_from list and no_access list match equally the address 127.0.0.1"));
}

TEST_CASE("a peer whose name the lists want is looked up, and the service goes on meanwhile") {
  Refusing bench([](auto& s) { s.only_from = pattern(".example.com"); });
  const Client named(bench.where());
  bench.run_until_jobs(1);
  const Client nameless(bench.where(), SOCK_STREAM, "127.0.0.2");
  CHECK(nameless.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x address from=127.0.0.2\n");
  CHECK(bench.runner->state().arrivals().attempts() == 2);
}

TEST_CASE("a peer that is looked up while its service is removed is let go") {
  Refusing bench([](auto& s) { s.only_from = pattern(".example.com"); });
  const Client client(bench.where());
  bench.run_until([&] { return !bench.runner->sessions().empty(); });
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(client.read_all(bench) == "");
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.spawner.requests.empty());
}

TEST_CASE("libwrap is asked when it has rules, and a refusal gives the place back") {
  if (!net::libwrap_available()) {
    WARN("not tested: built without libwrap");
    return;
  }
  Refusing bench([](auto&) {});
  const Client admitted(bench.where());
  bench.run_until_jobs(1);
  (void)bench.file("deny", "ALL: ALL\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the files are looked at each 10 ms
  const Client refused(bench.where());
  CHECK(refused.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x libwrap from=127.0.0.1\n");
  CHECK(bench.around.census.processes == 1);
  CHECK(bench.runner->sessions().size() == 1);
}

TEST_CASE("the limit of processes holds for all services together") {
  Refusing bench([](auto&) {});
  bench.around.census.process_limit = 3;
  bench.around.census.processes = 2;  // of others
  const Client one(bench.where()), two(bench.where());
  bench.run_until_jobs(1);
  CHECK(two.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x process_limit from=127.0.0.1\n");
}

TEST_CASE("who is refused for what others do is not banned for it") {
  const auto bans = [](const std::function<void(config::Settings&)>& change) {
    Refusing bench([&](auto& s) {
      s.ban_on = {{.kind = config::BanCause::Kind::refused}};
      change(s);
    });
    const Client one(bench.where()), two(bench.where());
    bench.run_until([&] { return !bench.entries().empty(); });
    return bench.around.bans.list.size();
  };
  CHECK(bans([](auto& s) { s.instances = config::Limit{1}; }) == 0);
  CHECK(bans([](auto& s) { s.per_source = config::Limit{1}; }) == 1);
}

TEST_CASE("a server that has ended makes room for a peer that waits in the same turn") {
  Refusing bench([](auto& s) { s.instances = config::Limit{1}; });
  const Client first(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::ended(0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(server.pid()), &info, WEXITED | WNOWAIT) == 0);
  const Client second(bench.where());
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.run_until_jobs(2);
  CHECK(bench.entries().find("FAIL") == std::string::npos);
}

TEST_CASE(
    "a peer gets the banner and the banner of success before its server, which finds a blocking socket") {
  Refusing bench([](auto&) {});
  config::Service service = stream_service();
  service.settings.banner = bench.file("banner", "BANNER\n");
  service.settings.banner_success = bench.file("success", "OK\n");
  service.settings.banner_fail = bench.file("fail", "FAIL\n");
  bench.runner->reconfigure(bench.setup_for(service));
  const Client client(bench.where());
  bench.run_until_jobs(1);
  CHECK(client.read(bench, 10) == "BANNER\nOK\n");
  CHECK((::fcntl(bench.job(0).socket.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a refused peer gets the banner and the banner of failure, and then the end") {
  Refusing bench([](auto&) {});
  config::Service service = stream_service();
  service.settings.access_times.emplace();
  service.settings.banner = bench.file("banner", "BANNER\n");
  service.settings.banner_success = bench.file("success", "OK\n");
  service.settings.banner_fail = bench.file("fail", "FAIL\n");
  bench.runner->reconfigure(bench.setup_for(service));
  CHECK(Client(bench.where()).read_all(bench) == "BANNER\nFAIL\n");
  CHECK(bench.entries() == "FAIL: x time from=127.0.0.1\n");
  CHECK(bench.runner->sessions().empty());
}

TEST_CASE("a banner larger than the socket takes is delivered whole while others are served") {
  Refusing bench([](auto&) {});
  const std::string text(16 << 20, 'b');
  config::Service service = stream_service();
  service.settings.banner = bench.file("banner", text);
  bench.runner->reconfigure(bench.setup_for(service));
  const Client slow(bench.where());
  bench.run_until([&] { return bench.runner->sessions().size() == 1; });
  CHECK(slow.read(bench, text.size()) == text);
  bench.run_until_jobs(1);
  CHECK((::fcntl(bench.job(0).socket.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a banner that is changed while peers come is read anew for those who come later") {
  Refusing bench([](auto&) {});
  config::Service service = stream_service();
  service.settings.banner = bench.file("banner", "before\n");
  bench.runner->reconfigure(bench.setup_for(service));
  const Client one(bench.where()), two(bench.where());
  CHECK(one.read(bench, 7) == "before\n");
  CHECK(two.read(bench, 7) == "before\n");
  (void)bench.file("banner", "after\n");
  const Client three(bench.where()), four(bench.where());
  CHECK(three.read(bench, 6) == "after\n");
  CHECK(four.read(bench, 6) == "after\n");
}

TEST_CASE("when too many peers do not take their banner, who has the most of them loses the oldest") {
  Refusing bench([](auto&) {});
  bench.around.sending.banners = make_banners(bench.loop, bench.blocking, bench.log, 3);
  config::Service service = stream_service();
  service.settings.banner = bench.file("banner", std::string(8 << 20, 'b'));
  bench.runner->reconfigure(bench.setup_for(service));
  const auto come = [&](std::string_view from, std::size_t sessions) {
    auto client = std::make_unique<Client>(bench.where(), SOCK_STREAM, from);
    bench.run_until([&] { return bench.around.census.last_token == sessions; });
    return client;
  };
  const auto honest = come("127.0.0.1", 1);
  const auto oldest = come("127.66.0.1", 2), second = come("127.66.0.1", 3), third = come("127.66.0.1", 4);
  CHECK(oldest->read_all(bench).size() < 8U << 20);
  CHECK(bench.runner->sessions().size() == 3);
  CHECK(honest->read(bench, 8U << 20).size() == 8U << 20);
  CHECK(third->read(bench, 8U << 20).size() == 8U << 20);
}

TEST_CASE("a banner that cannot be read is said, and the session goes on") {
  Refusing bench([](auto& s) { s.banner = "/nonexistent/banner"; });
  const Client client(bench.where());
  bench.run_until_jobs(1);
  CHECK(bench.sink.has("service = x, open of banner /nonexistent/banner failed: "));
}

TEST_CASE("a peer that is gone before its banner leaves no session and no place") {
  for (const bool admitted : {false, true}) {
    Refusing bench([](auto&) {});
    config::Service service = stream_service();
    auto& banner = admitted ? service.settings.banner_success : service.settings.banner;
    banner = bench.file("banner", "BANNER\n");
    bench.runner->reconfigure(bench.setup_for(service));
    Client client(bench.where());
    client.abort();
    bench.run_until([&] { return !bench.runner->sessions().empty(); });
    bench.run_until([&] { return bench.runner->sessions().empty(); });
    CHECK(bench.runner->state().running() == 0);
    CHECK(bench.around.census.processes == 0);
    CHECK(bench.spawner.requests.empty());
    CHECK(bench.entries() == "");
  }
}

TEST_CASE("a burst above cps closes the port, and the pause opens it again") {
  Refusing bench([](auto& s) { s.cps = config::Rate{1, 3600}; });
  const base::Endpoint port = bench.where();
  const Client one(port);
  bench.run_until_jobs(1);
  const Client two(port);
  CHECK(two.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x connections per second from=127.0.0.1\n");
  CHECK(bench.sink.has(
      "Deactivating service x due to excessive incoming connections.  Restarting in 3600 seconds."));
  CHECK(bench.asked == std::vector<std::chrono::milliseconds>{3600s});
  CHECK_FALSE(bench.runner->endpoints().open());
  CHECK_FALSE(Client(port).connected());
}

TEST_CASE("the port is open again after the pause of cps, under the limits as they are then") {
  Refusing bench([](auto& s) { s.cps = config::Rate{1, 3600}; });
  bench.hurry = true;
  const Client one(bench.where()), two(bench.where());
  bench.run_until([&] { return bench.sink.has("Activating service x"); });
  CHECK(bench.runner->state().phase() == Phase::listening);
  CHECK(bench.runner->state().running() == 1);
  const Client three(bench.where());
  bench.run_until_jobs(2);
}

TEST_CASE("connections per second are counted by the clock of limits") {
  Refusing bench([](auto& s) { s.cps = config::Rate{1, 3600}; });
  for (int second = 0; second < 5; ++second) {
    bench.clock = at(std::chrono::seconds(2 * second));
    const Client client(bench.where());
    bench.run_until_jobs(static_cast<std::size_t>(second) + 1);
  }
  CHECK(bench.runner->endpoints().open());
}

TEST_CASE("a conversation for which there is no room is refused before it has begun") {
  config::Service service = stream_service();
  service.name = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  Bench bench(service);
  REQUIRE(bench.runner->start());
  bench.conversations.room = false;
  const Client refused(bench.where());
  CHECK(refused.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x fork from=127.0.0.1\n");
  CHECK(bench.conversations.requests.empty());
  CHECK(bench.runner->sessions().empty());
  bench.conversations.room = true;
  const Client served(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  bench.conversations.finish(0);
}
