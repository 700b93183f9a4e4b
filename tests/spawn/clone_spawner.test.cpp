// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>

#include "fakes/fake_spawner.hpp"
#include "spawn/harness.hpp"
#include "spawn/launcher.hpp"
#include "spawn/low_descriptors.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
namespace base = xsuperd::base;

namespace {

Job job_for(const std::shared_ptr<const Recipe>& recipe, std::uint64_t token, base::Fd socket) {
  return {
      .token = token, .recipe = recipe, .socket = std::move(socket), .remote_host = std::to_string(token)};
}

/// Gives all jobs to the threads and returns how many were begun on the loop after all.
struct Crowd {
  explicit Crowd(Bench& the_bench) : bench(the_bench) {
    bench.spawner->on_outcome([this](Outcome outcome) { take(std::move(outcome)); });
  }
  void start(const std::shared_ptr<const Recipe>& recipe, std::uint64_t token) {
    Pair pair = make_pair();
    clients[token] = std::move(pair.client);
    auto outcome = bench.spawner->start(job_for(recipe, token, std::move(pair.server)), Spawner::Load::many);
    if (outcome) take(*std::move(outcome));
  }
  void take(Outcome outcome) {
    if (auto* started = std::get_if<Started>(&outcome))
      bench.children.watch(started->token, started->pid, std::move(started->pidfd));
    else
      failed.push_back(std::get<StartFailed>(std::move(outcome)));
  }

  Bench& bench;
  std::map<std::uint64_t, base::Fd> clients;
  std::vector<StartFailed> failed;
};

void reap_all() {
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

}  // namespace

TEST_CASE("many jobs through the threads are all answered, each with its own connection") {
  CloneOptions options{.threads = threads};
  options.without_unshare = GENERATE(false, true);
  Bench bench(options);
  Crowd crowd(bench);
  const auto recipe = std::make_shared<const Recipe>(shell("echo $REMOTE_HOST"));
  for (std::uint64_t token = 0; token < 200; ++token) crowd.start(recipe, token);
  run_until(bench.loop, [&] { return bench.ended.size() == 200; });
  CHECK(crowd.failed.empty());
  for (const auto& [token, client] : crowd.clients) CHECK(read_all(client) == std::to_string(token) + "\n");
  CHECK_FALSE(has_children());
}

TEST_CASE("failures in the threads are reported with their sockets and leave no zombies") {
  Bench bench;
  Crowd crowd(bench);
  const auto recipe = std::make_shared<const Recipe>(program("/nonexistent"));
  for (std::uint64_t token = 0; token < 50; ++token) crowd.start(recipe, token);
  run_until(bench.loop, [&] { return crowd.failed.size() == 50; });
  for (const StartFailed& failed : crowd.failed) {
    CHECK(failed.error == ENOENT);
    CHECK(failed.socket);
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("more jobs than the ring holds are all answered") {
  Bench bench({.threads = 1});
  Crowd crowd(bench);
  const auto recipe = std::make_shared<const Recipe>(program("/nonexistent"));
  for (std::uint64_t token = 0; token < 1000; ++token) {
    crowd.start(recipe, token);
    crowd.clients.clear();
  }
  run_until(bench.loop, [&] { return crowd.failed.size() == 1000; });
  CHECK_FALSE(has_children());
}

TEST_CASE("a spawner without threads starts everything at once") {
  Bench bench({.threads = 0});
  const auto recipe = std::make_shared<const Recipe>(program("/nonexistent"));
  CHECK(bench.spawner->start(job_for(recipe, 1, make_pair().server), Spawner::Load::many).has_value());
}

TEST_CASE("the handler may start further jobs") {
  Bench bench;
  const auto recipe = std::make_shared<const Recipe>(program("/nonexistent"));
  int answers = 0;
  bench.spawner->on_outcome([&](const Outcome&) {
    if (++answers < 10)
      (void)bench.spawner->start(job_for(recipe, 1, make_pair().server), Spawner::Load::many);
  });
  (void)bench.spawner->start(job_for(recipe, 1, make_pair().server), Spawner::Load::many);
  run_until(bench.loop, [&] { return answers == 10; });
}

TEST_CASE("the end of a spawner closes the sockets of jobs not begun and delivers nothing more") {
  Bench bench;
  const auto before = open_descriptors();
  const auto recipe = std::make_shared<const Recipe>(shell("echo begun"));
  std::vector<base::Fd> clients;
  bench.spawner->on_outcome([](const Outcome&) { FAIL("delivered"); });
  for (std::uint64_t token = 0; token < 100; ++token) {
    Pair pair = make_pair();
    clients.push_back(std::move(pair.client));
    CHECK_FALSE(bench.spawner->start(job_for(recipe, token, std::move(pair.server)), Spawner::Load::many));
  }
  bench.spawner.reset();
  bench.loop.poll();
  for (const base::Fd& client : clients) {
    const std::string output = read_all(client);  // comes to an end
    CHECK((output.empty() || output == "begun\n"));
  }
  clients.clear();
  CHECK(open_descriptors().size() == before.size() - 1);  // without the spawner's own /dev/null
  reap_all();
}

TEST_CASE("a spawner may end before its loop has run at all") {
  boost::asio::io_context loop;
  (void)make_clone_spawner(loop, {.threads = threads});
  CHECK(loop.poll() <= 1);
}

TEST_CASE("pidfds lie above the low descriptors and are close-on-exec") {
  CloneOptions options{.threads = threads};
  options.without_pidfd_clone = GENERATE(false, true);
  Bench bench(options);
  Outcome outcome = bench.start(shell("exit 3"), make_pair().server);
  Started started = std::get<Started>(std::move(outcome));
  CHECK(started.pidfd.get() >= first_high(threads));
  CHECK((::fcntl(started.pidfd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(bench.wait_for(std::move(started)).value == 3);
}

TEST_CASE("low descriptors may be reserved twice, and are given up for nobody else") {
  CHECK(reserve_low_descriptors(threads) == 0);
  CHECK(low_descriptors_reserved(threads));
  base::Fd taken(::dup3(1, slot_number(1), O_CLOEXEC));
  CHECK_FALSE(low_descriptors_reserved(threads));
  CHECK(reserve_low_descriptors(threads) == EBUSY);
  {
    Bench bench;  // does without
    CHECK(choose_manner({.threads = threads}).first_high == 0);
    CHECK(bench.output_of(shell("ls /proc/$$/fd; :")) == "0\n1\n2\n");
  }
  taken.reset();
  CHECK(reserve_low_descriptors(threads) == 0);
}

TEST_CASE("the options that pretend an old kernel have their effect") {
  CHECK(choose_manner({.threads = threads}).first_high == static_cast<unsigned>(first_high(threads)));
  CHECK(choose_manner({.threads = threads}).pidfd_clone);
  CHECK(choose_manner({.threads = threads, .without_unshare = true}).first_high == 0);
  CHECK_FALSE(choose_manner({.threads = threads, .without_pidfd_clone = true}).pidfd_clone);
}

TEST_CASE("the fake spawner keeps jobs and delivers what the test says") {
  xsuperd::fakes::FakeSpawner fake;
  std::vector<Outcome> outcomes;
  fake.on_outcome([&](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
  const auto recipe = std::make_shared<const Recipe>();
  for (std::uint64_t token = 0; token < 3; ++token)
    CHECK_FALSE(fake.start(job_for(recipe, token, make_pair().server), Spawner::Load::many));
  fake.deliver_started(0, 42);
  fake.deliver_clone_failure(1, EAGAIN);
  fake.deliver_child_failure(2, Step::exec, ENOENT, 43, 127);
  REQUIRE(outcomes.size() == 3);
  CHECK(std::get<Started>(outcomes[0]).pid == 42);
  CHECK_FALSE(fake.requests[0].job.socket);
  CHECK(std::get<StartFailed>(outcomes[1]).error == EAGAIN);
  CHECK(std::get<StartFailed>(outcomes[1]).socket);
  CHECK(std::get<StartFailed>(outcomes[2]).process_existed);
}
