// SPDX-License-Identifier: MIT
// Workers that outlive the Client that started them: another one goes on with what they hold.
#include <fcntl.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <map>
#include <thread>

#include "worker/harness.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;
using namespace std::chrono_literals;

namespace {

/// The descriptors of a state, as an execve(2) would leave them.
class Copies {
 public:
  explicit Copies(const std::vector<InheritedWorker>& workers) {
    for (const InheritedWorker& worker : workers)
      for (const int number : {worker.pidfd, worker.link})
        if (number >= 0) copies_[number].reset(::fcntl(number, F_DUPFD_CLOEXEC, 0));
  }
  [[nodiscard]] std::function<base::Fd(int)> take() {
    return [this](int number) { return copies_.contains(number) ? std::move(copies_[number]) : base::Fd{}; };
  }

 private:
  std::map<int, base::Fd> copies_;
};

/// Two clients in one process, in the place of two images of the daemon.
struct Upgrade : Bench {
  Upgrade() {
    options_.recipe = test_recipe();
    options_.on_trouble = [this](std::string sentence) { troubles.push_back(std::move(sentence)); };
  }

  /// The first client is no more; its workers have been handed over, each changed by `change`.
  void upgrade(const std::function<void(InheritedWorker&)>& change = [](auto&) {}) {
    REQUIRE(client->settled());
    std::vector<InheritedWorker> workers = client->hand_over();
    Copies copies(workers);
    crash();
    client = std::make_unique<Client>(loop, options_, *spawner);
    for (InheritedWorker& worker : workers) {
      change(worker);
      client->take_over(worker, copies.take());
    }
  }

  Counts progress() {
    std::optional<Counts> told;
    client->progress([&](const Counts& counts) { told = counts; });
    run_until(loop, [&] { return told.has_value(); });
    return *told;
  }

  bool resume(std::uint64_t token) {
    return client->resume(token, [this, token](Ending ending) { endings.emplace(token, std::move(ending)); });
  }

 private:
  /// An execve(2) says no farewell to the workers. ~Client does, but theirs is drained all the same.
  void crash() { client.reset(); }

  Client::Options options_;
};

void no_children() { CHECK(::waitpid(-1, nullptr, WNOHANG) == -1); }

}  // namespace

TEST_CASE("a conversation goes on after an upgrade, and its end is reported to the new image") {
  Upgrade bench;
  base::Fd peer = bench.start(7, Kind::echo);
  bench.talk(peer);
  bench.upgrade();
  REQUIRE(bench.resume(7));
  CHECK_FALSE(bench.resume(8));
  CHECK(bench.client->running() == 1);
  bench.talk(peer);
  peer.reset();
  run_until(bench.loop, [&] { return bench.ended(7); });
  CHECK(bench.endings.at(7).why == Ending::Why::finished);
  CHECK(bench.endings.at(7).report.in == 10);
  run_until(bench.loop, [&] { return bench.client->hand_over().empty(); });  // drained, ended, reaped
  no_children();
  CHECK(bench.troubles.empty());
}

TEST_CASE("a new conversation goes to a new worker, and the old one ends with its last") {
  Upgrade bench;
  base::Fd old = bench.start(1, Kind::echo);
  bench.talk(old);
  const pid_t before = bench.ready_worker();
  bench.upgrade();
  REQUIRE(bench.resume(1));
  const base::Fd fresh = bench.start(2, Kind::echo);
  bench.talk(fresh);
  CHECK(bench.ready_worker() != before);
  bench.talk(old);
  CHECK(bench.client->hand_over().size() == 2);
  old.reset();
  run_until(bench.loop, [&] { return bench.client->hand_over().size() == 1; });
  CHECK(bench.ended(1));
  bench.talk(fresh);
}

TEST_CASE("what is handed over once can be handed over again") {
  Upgrade bench;
  base::Fd peer = bench.start(3, Kind::echo);
  bench.talk(peer);
  for (int times = 0; times < 3; ++times) {
    bench.upgrade();
    REQUIRE(bench.resume(3));
    bench.talk(peer);
  }
  peer.reset();
  run_until(bench.loop, [&] { return bench.ended(3) && bench.client->hand_over().empty(); });
  CHECK(bench.endings.at(3).report.out == 20);
  no_children();
}

TEST_CASE("a conversation of before the upgrade can be stopped, and a connection given back") {
  Upgrade bench;
  const base::Fd stopped = bench.start(1, Kind::echo);
  const base::Fd asking = bench.start(2, Kind::tcpmux);
  bench.talk(stopped);
  bench.upgrade();
  REQUIRE(bench.resume(1));
  REQUIRE(bench.resume(2));
  bench.client->stop(1);
  write_all(asking, "finger");
  run_until(bench.loop, [&] { return bench.ended(1) && bench.ended(2); });
  CHECK(bench.endings.at(1).why == Ending::Why::stopped);
  CHECK(bench.endings.at(2).report.request == "finger");
  write_all(bench.endings.at(2).report.connection, "still open");
  CHECK(read_some(asking, 10) == "still open");
}

TEST_CASE("a worker from before the upgrade tells what its conversations have carried since they began") {
  Upgrade bench;
  const base::Fd old = bench.start(1, Kind::echo);
  bench.talk(old);
  bench.upgrade();
  REQUIRE(bench.resume(1));
  bench.talk(old);
  const base::Fd fresh = bench.start(2, Kind::echo);
  bench.talk(fresh);
  CHECK(bench.progress() == Counts{{1, {10, 10}}, {2, {5, 5}}});
}

TEST_CASE("an answer that the old image had asked for does the worker no harm, and is not taken for a new one") {
  Upgrade bench;
  const base::Fd peer = bench.start(1, Kind::echo);
  bench.talk(peer);
  bench.client->progress([](const Counts&) { FAIL("its image is gone"); });
  std::this_thread::sleep_for(100ms);  // the answer lies in the socket: this loop does not run
  bench.upgrade();
  REQUIRE(bench.resume(1));
  bench.talk(peer);
  CHECK(bench.progress() == Counts{{1, {10, 10}}});
  CHECK(bench.troubles.empty());
  CHECK_FALSE(bench.ended(1));
}

TEST_CASE("a worker of another version is not asked what it has carried") {
  Upgrade bench;
  base::Fd old = bench.start(1, Kind::echo);
  bench.talk(old);
  bench.upgrade([](InheritedWorker& worker) { worker.protocol = protocol_version - 1; });
  REQUIRE(bench.resume(1));
  const base::Fd fresh = bench.start(2, Kind::echo);
  bench.talk(fresh);
  CHECK(bench.progress() == Counts{{2, {5, 5}}});
  bench.talk(old);
  old.reset();
  run_until(bench.loop, [&] { return bench.ended(1); });
  CHECK(bench.endings.at(1).why == Ending::Why::unseen);
  CHECK(bench.troubles.empty());
}

TEST_CASE("an end that the old image had not read yet reaches the new one") {
  Upgrade bench;
  base::Fd peer = bench.start(5, Kind::echo);
  bench.talk(peer);
  peer.reset();
  // The worker's message lies in the socket: this loop does not run.
  std::this_thread::sleep_for(100ms);
  bench.upgrade();
  REQUIRE(bench.resume(5));
  run_until(bench.loop, [&] { return bench.ended(5); });
  CHECK(bench.endings.at(5).why == Ending::Why::finished);
}

TEST_CASE("a worker that dies after the upgrade loses its conversations, and the log hears of it") {
  Upgrade bench;
  const base::Fd peer = bench.start(5, Kind::echo);
  bench.talk(peer);
  const pid_t worker = bench.ready_worker();
  bench.upgrade();
  REQUIRE(bench.resume(5));
  ::kill(worker, SIGKILL);
  run_until(bench.loop, [&] { return bench.ended(5) && !bench.troubles.empty(); });
  CHECK(bench.endings.at(5).why == Ending::Why::lost);
  CHECK(bench.troubles[0].find("1 conversation is lost") != std::string::npos);
  run_until(bench.loop, [&] { return bench.client->hand_over().empty(); });
  no_children();
}

TEST_CASE("a worker of another version finishes, and its conversations end with it, unseen") {
  Upgrade bench;
  base::Fd one = bench.start(1, Kind::echo);
  base::Fd two = bench.start(2, Kind::echo);
  bench.talk(one);
  bench.talk(two);
  bench.upgrade([](InheritedWorker& worker) { worker.protocol = 99; });
  REQUIRE(bench.resume(1));
  REQUIRE(bench.resume(2));
  bench.client->stop(1);  // it would not understand
  bench.talk(one);
  one.reset();
  bench.talk(two);
  CHECK_FALSE(bench.ended(1));
  two.reset();
  run_until(bench.loop, [&] { return bench.ended(1) && bench.ended(2); });
  CHECK(bench.endings.at(1).why == Ending::Why::unseen);
  CHECK(bench.endings.at(2).why == Ending::Why::unseen);
  run_until(bench.loop, [&] { return bench.client->hand_over().empty(); });
  CHECK(bench.troubles.empty());
  no_children();
}

TEST_CASE("a worker whose descriptors did not arrive is none, and its conversations cannot be resumed") {
  Upgrade bench;
  const base::Fd peer = bench.start(1, Kind::echo);
  bench.talk(peer);
  bench.upgrade([](InheritedWorker& worker) { worker.pidfd = -1; });
  CHECK_FALSE(bench.resume(1));
  CHECK(bench.client->running() == 0);
}

TEST_CASE("a conversation that waits for a worker can be begun anew in the new image") {
  Upgrade bench;
  const base::Fd peer = bench.start(1, Kind::echo);
  CHECK(bench.client->waiting_connection(2) == -1);
  base::Fd connection(::fcntl(bench.client->waiting_connection(1), F_DUPFD_CLOEXEC, 0));
  REQUIRE(connection);
  bench.upgrade();  // the worker that was being started is drained before it is ready
  CHECK_FALSE(bench.resume(1));
  bench.client->start(1, Kind::echo, std::move(connection), {}, [&](Ending ending) { bench.endings.emplace(1, std::move(ending)); });
  bench.talk(peer);
  run_until(bench.loop, [&] { return bench.client->hand_over().size() == 1; });
  CHECK(bench.troubles.empty());
}
