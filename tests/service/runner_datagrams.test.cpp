// SPDX-License-Identifier: MIT
// Internal datagram services: what waits is taken and answered together, and judged one by one.
#include <fmt/format.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <fstream>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

struct Answering : Bench {
  explicit Answering(
      const std::string& name, const std::function<void(config::Settings&)>& change = [](auto&) {})
      : Bench([&] {
          config::Service service = waiting_service(config::SocketType::dgram);
          service.name = name;
          service.kind = config::Kind::internal;
          service.settings.type = config::Set<config::Type>{config::Type::internal};
          change(service.settings);
          return service;
        }()) {
    REQUIRE(runner->start());
  }
  void run_until_decided(std::uint64_t count) {
    run_until([&] { return runner->counters().decided() >= count; });
    settle();
  }
};

}  // namespace

TEST_CASE("more datagrams than are taken at a time are all answered, in order, and all counted") {
  Answering bench("echo", [](auto& s) { s.cps = config::Rate{0, 10}; });
  const Client client(bench.where(), SOCK_DGRAM);
  constexpr std::size_t count = 2 * udp_turn + 3;
  std::string expected;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string bytes = fmt::format("{:03}", i);
    client.send(bytes);
    expected += bytes;
  }
  bench.run_until_decided(count);
  CHECK(client.read(bench, expected.size()) == expected);
  CHECK(bench.runner->counters().served == count);
  CHECK(accounted(*bench.runner));
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.runner->state().running() == 0);
}

TEST_CASE("each of several peers gets its own answer, an answer that is no part of the request too") {
  Answering bench("chargen");
  const Client one(bench.where(), SOCK_DGRAM), other(bench.where(), SOCK_DGRAM);
  one.send(std::string(1024, 'x'));
  other.send("");
  one.send(std::string(1024, 'y'));
  bench.run_until_decided(3);
  const std::string first = one.read(bench, 1024), second = other.read(bench, 74), third = one.read(bench, 1024);
  CHECK(first.starts_with("!\"#$"));
  CHECK(second.starts_with("/012"));  // 14 lines on
  CHECK(third.starts_with("0123"));  // and one more
  CHECK((first.size() == 1024 && second.size() == 74 && third.size() == 1024));
}

TEST_CASE("datagrams are judged one by one, however many came together") {
  Answering bench("echo", [](auto& s) { s.no_access = pattern("127.0.0.2"); });
  const Client enemy(bench.where(), SOCK_DGRAM, "127.0.0.2"), friendly(bench.where(), SOCK_DGRAM);
  friendly.send("a");
  enemy.send("b");
  friendly.send("c");
  bench.run_until_decided(3);
  CHECK(friendly.read(bench, 2) == "ac");
  CHECK(bench.runner->counters().served == 2);
  CHECK(bench.runner->counters().refused_in_all() == 1);
  CHECK(bench.entries() == "START: x pid=0 from=127.0.0.1\nFAIL: x address from=127.0.0.2\nSTART: x pid=0 from=127.0.0.1\n");
}

TEST_CASE("datagrams admitted before the rate limit closes the socket are answered") {
  Answering bench("echo", [](auto& s) { s.cps = config::Rate{2, 10}; });
  const Client client(bench.where(), SOCK_DGRAM);
  for (const char* bytes : {"1", "2", "3", "4", "5"}) client.send(bytes);
  bench.run_until([&] { return !bench.runner->endpoints().open(); });
  CHECK(bench.runner->counters().served >= 2);
  CHECK(client.read(bench, bench.runner->counters().served) == std::string("12345").substr(0, bench.runner->counters().served));
  CHECK(bench.runner->counters().refused_in_all() == 1);
  CHECK(accounted(*bench.runner));
}

TEST_CASE("a rule that came since the last datagrams holds for the next ones") {
  Answering bench("echo");
  const Client client(bench.where(), SOCK_DGRAM);
  client.send("before");
  bench.run_until_decided(1);
  CHECK(client.read(bench, 6) == "before");
  (void)bench.file("deny", "ALL: ALL\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the files are looked at each 10 ms
  client.send("after");
  client.send("that");
  bench.run_until_decided(3);
  CHECK(bench.runner->counters().served == 1);
  CHECK(bench.runner->counters().refused_in_all() == 2);
}
