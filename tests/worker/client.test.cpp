// SPDX-License-Identifier: MIT
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "worker/harness.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;
using namespace std::chrono_literals;

TEST_CASE("a conversation runs in another process, and its end is reported with what it counted") {
  Bench bench;
  base::Fd peer = bench.start(7, Kind::echo);
  bench.talk(peer);
  CHECK(bench.ready_worker() != ::getpid());
  CHECK(bench.client->running() == 1);
  peer.reset();
  run_until(bench.loop, [&] { return bench.ended(7); });
  CHECK(bench.endings.at(7).why == Ending::Why::finished);
  CHECK(bench.endings.at(7).report.in == 5);
  CHECK(bench.endings.at(7).report.out == 5);
  CHECK(bench.client->running() == 0);
  CHECK(bench.troubles.empty());
}

TEST_CASE("workers are started with the first conversation, or at once when that is asked for") {
  Bench lazy;
  lazy.loop.poll();
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no child at all
  Bench eager(Client::Options{.workers = 3, .start_now = true});
  eager.ready_worker(3);
}

TEST_CASE("texts longer than a message arrive whole") {
  Bench bench;
  Parameters parameters;
  parameters.texts = {std::string(150'000, 'a'), "b", std::string(70'000, 'c')};
  std::string expected;
  for (const std::string& text : parameters.texts) expected += text;
  const base::Fd peer = bench.start(1, Kind::text, parameters);
  run_until(bench.loop, [&] { return !bench.client->workers().empty(); });
  CHECK(read_some(peer, expected.size() + 1) == expected);
  run_until(bench.loop, [&] { return bench.ended(1); });
  CHECK(bench.endings.at(1).report.out == expected.size());
}

TEST_CASE("stopping a conversation closes its connection and ends nothing else") {
  Bench bench;
  const base::Fd first = bench.start(1, Kind::echo);
  const base::Fd second = bench.start(2, Kind::echo);
  bench.talk(first);
  bench.client->stop(1);
  bench.client->stop(99);
  run_until(bench.loop, [&] { return bench.ended(1); });
  CHECK(bench.endings.at(1).why == Ending::Why::stopped);
  CHECK(at_end(first));
  bench.talk(second);
  CHECK_FALSE(bench.ended(2));
}

TEST_CASE("a conversation that waits for a worker can be stopped") {
  Bench bench;
  const base::Fd peer = bench.start(1, Kind::echo);
  bench.client->stop(1);
  CHECK_FALSE(bench.ended(1));  // never from inside a call
  run_until(bench.loop, [&] { return bench.ended(1); });
  CHECK(bench.endings.at(1).why == Ending::Why::stopped);
  CHECK(at_end(peer));
}

TEST_CASE("a connection comes back from the worker and is still open") {
  Bench bench;
  const base::Fd peer = bench.start(1, Kind::tcpmux);
  write_all(peer, "finger");
  run_until(bench.loop, [&] { return bench.ended(1); });
  const Ending& ending = bench.endings.at(1);
  CHECK(ending.report.request == "finger");
  REQUIRE(ending.report.connection);
  write_all(ending.report.connection, "still here");
  CHECK(read_some(peer, 10) == "still here");
}

TEST_CASE("a conversation that the worker cannot begin is lost, and its connection closed") {
  Bench bench;
  const base::Fd peer = bench.start(1, Kind::discard);
  run_until(bench.loop, [&] { return bench.ended(1); });
  CHECK(bench.endings.at(1).lost());
  CHECK(at_end(peer));
  bench.talk(bench.start(2, Kind::echo));
}

TEST_CASE("a worker that is killed loses its conversations, and new ones are served at once") {
  Bench bench(Client::Options{.healthy_after = std::chrono::hours(1)});
  std::vector<base::Fd> peers;
  for (std::uint64_t token = 1; token <= 20; ++token) peers.push_back(bench.start(token, Kind::echo));
  bench.talk(peers.back());
  const pid_t dead = bench.ready_worker();
  REQUIRE(::kill(dead, SIGKILL) == 0);
  const auto killed = std::chrono::steady_clock::now();
  run_until(bench.loop, [&] { return bench.endings.size() == 20; });
  for (const auto& [token, ending] : bench.endings) CHECK(ending.lost());
  for (const base::Fd& peer : peers) CHECK(at_end(peer));

  const base::Fd next = bench.start(21, Kind::echo);
  bench.talk(next);
  const auto took = std::chrono::steady_clock::now() - killed;
  INFO(std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms");
  CHECK(took < 2s);  // 50 ms of pause and the start; a busy machine must not fail us
  CHECK(bench.ready_worker() != dead);
  REQUIRE(bench.troubles.size() == 1);
  CHECK(bench.troubles[0] ==
        "worker " + std::to_string(dead) +
            " ended with signal 9; 20 conversations are lost; starting another in 50 ms");
}

TEST_CASE("two workers share many conversations, and one may die without the other") {
  Bench bench(Client::Options{.workers = 2});
  constexpr std::uint64_t count = 200;
  std::vector<base::Fd> peers(count);
  peers[0] = bench.start(0, Kind::echo);
  bench.ready_worker(2);
  for (std::uint64_t token = 1; token < count; ++token) peers[token] = bench.start(token, Kind::echo);
  for (const base::Fd& peer : peers) write_all(peer, "hi");
  for (const base::Fd& peer : peers) CHECK(read_some(peer, 2) == "hi");
  REQUIRE(::kill(bench.client->workers()[0], SIGKILL) == 0);
  run_until(bench.loop, [&] { return bench.endings.size() == count / 2; });
  CHECK(bench.client->running() == count / 2);
  peers.clear();
  run_until(bench.loop, [&] { return bench.endings.size() == count; });
}

TEST_CASE("more conversations than the sockets hold are all served") {
  Bench bench;
  constexpr std::uint64_t count = 2000;  // no more than may wait: the loop does not run meanwhile
  bench.talk(bench.start(count, Kind::echo));
  for (std::uint64_t token = 0; token < count; ++token) (void)bench.start(token, Kind::echo);
  run_until(bench.loop, [&] { return bench.endings.size() == count + 1; });
  for (const auto& [token, ending] : bench.endings) CHECK(ending.why == Ending::Why::finished);
}

TEST_CASE("a program that cannot be started costs a line for each try, and nobody waits for ever") {
  auto recipe = std::make_shared<spawn::Recipe>(*test_recipe());
  recipe->path = "/nonexistent/program";
  Bench bench(Client::Options{.recipe = recipe, .first_pause = 1ms, .longest_pause = 8ms, .patience = 20ms});
  const base::Fd peer = bench.start(1, Kind::echo);
  run_until(bench.loop, [&] { return bench.ended(1) && bench.troubles.size() >= 5; });
  CHECK(bench.endings.at(1).lost());
  CHECK(at_end(peer));
  CHECK(bench.troubles[0] ==
        "a worker could not be started: executing the server: No such file or directory "
        "(errno = 2); starting another in 1 ms");
  CHECK(bench.troubles[3].find("starting another in 8 ms") != std::string::npos);
  CHECK(bench.troubles.back().find("starting another in 8 ms") != std::string::npos);
}

TEST_CASE("a worker without work ends, and the next conversation starts another") {
  Bench bench(Client::Options{.idle_after = 1ms});
  base::Fd peer = bench.start(1, Kind::echo);
  bench.talk(peer);
  const pid_t first = bench.ready_worker();
  peer.reset();
  run_until(bench.loop, [&] { return bench.ended(1) && bench.client->workers().empty(); });
  peer = bench.start(2, Kind::echo);
  bench.talk(peer);
  CHECK(bench.ready_worker() != first);
  CHECK(bench.troubles.empty());
}

TEST_CASE("a worker that cannot enter its sandbox says why") {
  if (!root()) return;
  Bench bench(Client::Options{.recipe = test_recipe({.uid = 0, .gid = 0}), .start_now = true});
  run_until(bench.loop, [&] { return !bench.troubles.empty(); });
  CHECK(bench.troubles[0].find(
            "failed (changing to the worker's user failed: Invalid argument (errno = 22))") !=
        std::string::npos);
}

TEST_CASE("terminating ends the workers and loses what they held") {
  Bench bench(Client::Options{.workers = 2});
  const base::Fd peer = bench.start(1, Kind::echo);
  bench.talk(peer);
  bench.ready_worker(2);
  bench.client->terminate();
  CHECK(bench.ended(1));
  CHECK(bench.client->workers().empty());
  const base::Fd late = bench.start(2, Kind::echo);
  run_until(bench.loop,
            [&] { return bench.ended(2) && ::waitpid(-1, nullptr, WNOHANG) == -1; });  // all reaped
  CHECK(bench.endings.at(2).lost());
  CHECK(at_end(peer));
  CHECK(bench.troubles.empty());
}

TEST_CASE("a worker whose daemon is gone finishes its conversations, and then ends") {
  Bench bench;
  base::Fd peer = bench.start(1, Kind::echo);
  bench.talk(peer);
  const pid_t pid = bench.ready_worker();
  bench.client.reset();
  bench.loop.poll();
  write_all(peer, "are you there");
  CHECK(read_some(peer, 13) == "are you there");
  CHECK(::waitpid(pid, nullptr, WNOHANG) == 0);
  peer.reset();
  int status = -1;
  CHECK(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
  CHECK_FALSE(bench.ended(1));
}

TEST_CASE("the client may be destroyed by the end of a conversation") {
  Bench bench;
  bench.talk(bench.start(1, Kind::echo));
  const pid_t pid = bench.ready_worker();
  int ends = 0;
  std::vector<base::Fd> peers;
  for (std::uint64_t token = 2; token < 5; ++token) {
    Connection connection = make_connection();
    peers.push_back(std::move(connection.peer));
    bench.client->start(token, Kind::echo, std::move(connection.server), {}, [&](const Ending&) {
      ++ends;
      bench.client.reset();
    });
  }
  REQUIRE(::kill(pid, SIGKILL) == 0);
  run_until(bench.loop, [&] { return ends > 0; });
  bench.loop.poll();
  CHECK(ends == 1);
  CHECK(::waitpid(pid, nullptr, 0) == pid);
}
