// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "spawn/harness.hpp"
#include "spawn/low_descriptors.hpp"
#include "spawn/slow_program.hpp"
#include "spawn/slow_programs.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
using namespace std::chrono_literals;
namespace base = xsuperd::base;

namespace {

/// Sees what the handler gets.
struct Answers {
  explicit Answers(Bench& bench) {
    bench.spawner->on_outcome([this](Outcome outcome) { all.push_back(std::move(outcome)); });
  }
  std::vector<Outcome> all;
};

Job job_for(const Recipe& recipe, base::Fd socket, std::uint64_t token = 1) {
  return {.token = token, .recipe = std::make_shared<const Recipe>(recipe), .socket = std::move(socket)};
}

CloneOptions impatient() {
  return {.threads = threads,
          .without_pidfd_clone = GENERATE(false, true),
          .without_unshare = GENERATE(false, true),
          .loop_patience = 3ms,
          .thread_patience = 3ms};
}

/// What a program writes that is started now, and may take long on a busy machine.
std::string output_of(Bench& bench, Answers& answers, const Recipe& recipe, Spawner::Load load) {
  Pair pair = make_pair();
  auto outcome = bench.spawner->start(job_for(recipe, std::move(pair.server), 99), load);
  if (!outcome) {
    const std::size_t before = answers.all.size();
    run_until(bench.loop, [&] { return answers.all.size() > before; });
    outcome = std::move(answers.all.back());
    answers.all.pop_back();
  }
  CHECK(std::visit([](const auto& one) { return one.token; }, *outcome) == 99);
  bench.wait_for(std::get<Started>(std::move(*outcome)));
  return read_all(pair.client);
}

template <typename Work>
auto time_of(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - begin;
}

}  // namespace

TEST_CASE("an exec that takes long holds up nobody, and its outcome comes when it is there") {
  Bench bench(impatient());
  Answers answers(bench);
  SlowProgram slow;
  if (!slow.possible) return;
  Pair pair = make_pair();
  CHECK_FALSE(bench.spawner->start(job_for(program(slow.path), std::move(pair.server)), Spawner::Load::alone));
  bench.loop.run_for(150ms);
  CHECK(answers.all.empty());
  CHECK(output_of(bench, answers, shell("echo other"), Spawner::Load::alone) == "other\n");
  slow.go_on();
  run_until(bench.loop, [&] { return !answers.all.empty(); });
  CHECK(read_all(pair.client) == "served\n");
  CHECK(bench.wait_for(std::get<Started>(std::move(answers.all[0]))).value == 0);
  CHECK_FALSE(has_children());
}

TEST_CASE("programs that hang in all threads keep no other from being started") {
  Bench bench(impatient());
  Answers answers(bench);
  SlowProgram slow;
  if (!slow.possible) return;
  std::vector<base::Fd> clients;
  for (std::uint64_t token = 1; token <= 20; ++token) {
    Pair pair = make_pair();
    clients.push_back(std::move(pair.client));
    CHECK_FALSE(bench.spawner->start(job_for(program(slow.path), std::move(pair.server), token), Spawner::Load::many));
  }
  CHECK(output_of(bench, answers, shell("echo other"), Spawner::Load::many) == "other\n");
  CHECK(answers.all.empty());
  slow.go_on();
  run_until(bench.loop, [&] { return answers.all.size() == 20; });
  for (const base::Fd& client : clients) CHECK(read_all(client) == "served\n");
  for (Outcome& outcome : answers.all) bench.wait_for(std::get<Started>(std::move(outcome)));
  CHECK_FALSE(has_children());
}

TEST_CASE("a child whose exec takes long keeps no other connection open") {
  Bench bench(impatient());
  SlowProgram slow;
  if (!slow.possible) return;
  Pair other = make_pair();
  REQUIRE(::dup3(other.server.get(), slot_number(1), O_CLOEXEC) != -1);  // as another launcher has it for a moment
  Pair pair = make_pair();
  CHECK_FALSE(bench.spawner->start(job_for(program(slow.path), std::move(pair.server)), Spawner::Load::alone));
  REQUIRE(::dup3(pair.client.get(), slot_number(1), O_CLOEXEC) != -1);
  other.server.reset();
  pollfd end{other.client.get(), POLLIN, 0};
  CHECK(::poll(&end, 1, 5000) == 1);
  const base::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  REQUIRE(::dup3(null.get(), slot_number(1), O_CLOEXEC) != -1);
  bench.spawner.reset();  // takes the child along
  CHECK_FALSE(has_children());
}

TEST_CASE("an exec that fails late is reported like any other, with its socket and without a zombie") {
  Bench bench(impatient());
  Answers answers(bench);
  SlowProgram slow("just words\n");
  if (!slow.possible) return;
  Pair pair = make_pair();
  REQUIRE(::fcntl(pair.server.get(), F_SETFL, O_NONBLOCK) == 0);
  Recipe recipe = program(slow.path);
  recipe.blocking_stdio = true;
  CHECK_FALSE(bench.spawner->start(job_for(recipe, std::move(pair.server)), Spawner::Load::alone));
  slow.go_on();
  run_until(bench.loop, [&] { return !answers.all.empty(); });
  const StartFailed failed = std::get<StartFailed>(std::move(answers.all[0]));
  CHECK(failed.step == Step::exec);
  CHECK(failed.error == ENOEXEC);
  CHECK(failed.process_existed);
  CHECK(failed.status == 126);
  CHECK((::fcntl(failed.socket.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK_FALSE(has_children());
}

TEST_CASE("a child that is killed while its exec takes long counts as a server that ended") {
  Bench bench(impatient());
  Answers answers(bench);
  SlowProgram slow;
  if (!slow.possible) return;
  CHECK_FALSE(bench.spawner->start(job_for(program(slow.path), make_pair().server), Spawner::Load::alone));
  bench.spawner->presume(true);
  REQUIRE(answers.all.size() == 1);
  Started started = std::get<Started>(std::move(answers.all[0]));
  REQUIRE(::kill(started.pid, SIGKILL) == 0);
  const Ended end = bench.wait_for(std::move(started));
  CHECK((end.signalled && end.value == SIGKILL));
  bench.loop.run_for(150ms);
  CHECK(answers.all.size() == 1);
}

TEST_CASE("who presumes gets what the threads have as soon as it takes long, until it presumes no more") {
  Bench bench({.threads = threads, .loop_patience = 3ms, .thread_patience = 50ms});
  Answers answers(bench);
  SlowProgram slow;
  if (!slow.possible) return;
  const auto start = [&](std::uint64_t token, Spawner::Load load) {
    return bench.spawner->start(job_for(program(slow.path), make_pair().server, token), load);
  };
  for (std::uint64_t token = 1; token <= 5; ++token) CHECK_FALSE(start(token, Spawner::Load::many));
  bench.spawner->presume(true);
  CHECK(answers.all.empty());  // a thread has them, or none yet
  run_until(bench.loop, [&] { return answers.all.size() == 5; });
  bench.spawner->presume(false);
  CHECK_FALSE(start(6, Spawner::Load::many));
  bench.loop.restart();
  bench.loop.run_for(150ms);
  CHECK(answers.all.size() == 5);
  slow.go_on();
  run_until(bench.loop, [&] { return answers.all.size() == 6; });
  for (Outcome& one : answers.all) bench.wait_for(std::get<Started>(std::move(one)));
  CHECK_FALSE(has_children());
}

TEST_CASE("a start on the loop while all are presumed comes back as started") {
  Bench bench({.threads = 0, .loop_patience = 3ms});
  SlowProgram slow;
  if (!slow.possible) return;
  bench.spawner->presume(true);
  Pair pair = make_pair();
  auto outcome = bench.spawner->start(job_for(program(slow.path), std::move(pair.server)), Spawner::Load::alone);
  REQUIRE(outcome);
  slow.go_on();
  CHECK(bench.wait_for(std::get<Started>(std::move(*outcome))).value == 0);
  CHECK(read_all(pair.client) == "served\n");
}

TEST_CASE("who must have an outcome at once gets the child, and sees a late failure in its status") {
  Bench bench(impatient());
  SlowProgram slow("just words\n");
  if (!slow.possible) return;
  auto outcome = bench.spawner->start(job_for(program(slow.path), make_pair().server), Spawner::Load::at_once);
  REQUIRE(outcome);
  slow.go_on();
  CHECK(bench.wait_for(std::get<Started>(std::move(*outcome))).value == 126);
  bench.loop.run_for(50ms);
  CHECK_FALSE(has_children());
}

TEST_CASE("of a program that hangs no more are started than the options allow, of others there are") {
  Bench bench({.threads = 0, .loop_patience = 1ms, .most_pending = 3});
  Answers answers(bench);
  SlowProgram slow;
  if (!slow.possible) return;
  for (std::uint64_t token = 1; token <= 3; ++token)
    CHECK_FALSE(bench.spawner->start(job_for(program(slow.path), make_pair().server, token), Spawner::Load::alone));
  auto outcome = bench.spawner->start(job_for(program(slow.path), make_pair().server, 4), Spawner::Load::alone);
  REQUIRE(outcome);
  const auto& failed = std::get<StartFailed>(*outcome);
  CHECK((failed.error == EAGAIN && failed.step == Step::clone && !failed.process_existed && failed.socket));
  CHECK(output_of(bench, answers, shell("echo other"), Spawner::Load::alone) == "other\n");
  slow.go_on();
  run_until(bench.loop, [&] { return answers.all.size() == 3; });
  for (Outcome& one : answers.all) bench.wait_for(std::get<Started>(std::move(one)));
}

TEST_CASE("a slow program costs the loop its patience once, and then none") {
  Bench bench({.threads = 0, .loop_patience = 300ms});
  Answers answers(bench);
  SlowProgram slow;
  if (!slow.possible) return;
  const auto start = [&] {
    CHECK_FALSE(bench.spawner->start(job_for(program(slow.path), make_pair().server), Spawner::Load::alone));
  };
  CHECK(time_of(start) >= 300ms);
  CHECK(time_of([&] { for (int i = 0; i < 10; ++i) start(); }) < 300ms * 10);
  slow.go_on();
  run_until(bench.loop, [&] { return answers.all.size() == 11; });
  for (Outcome& one : answers.all) bench.wait_for(std::get<Started>(std::move(one)));
}

TEST_CASE("a program that was slow and is healthy again is started as often as one likes") {
  Bench bench({.threads = 0, .loop_patience = 3ms, .most_pending = 3});
  Answers answers(bench);
  SlowProgram slow;
  if (!slow.possible) return;
  std::size_t failed = 0;
  const auto start = [&] {
    auto outcome = bench.spawner->start(job_for(program(slow.path), make_pair().server), Spawner::Load::alone);
    if (!outcome) return;
    failed += std::holds_alternative<StartFailed>(*outcome) ? 1U : 0U;
    answers.all.push_back(std::move(*outcome));
  };
  start();
  CHECK(answers.all.empty());
  slow.go_on();
  run_until(bench.loop, [&] { return answers.all.size() == 1; });
  for (int i = 0; i < 10; ++i) start();
  CHECK(failed == 0);
  run_until(bench.loop, [&] { return answers.all.size() == 11; });
  for (Outcome& one : answers.all) bench.wait_for(std::get<Started>(std::move(one)));
}

TEST_CASE("the end of a spawner kills children whose exec takes long, and leaves no zombies") {
  Bench bench(impatient());
  bench.spawner->on_outcome([](const Outcome&) { FAIL("delivered"); });
  SlowProgram slow;
  if (!slow.possible) return;
  std::vector<base::Fd> clients;
  for (const auto load : {Spawner::Load::alone, Spawner::Load::many, Spawner::Load::many, Spawner::Load::many}) {
    Pair pair = make_pair();
    clients.push_back(std::move(pair.client));
    CHECK_FALSE(bench.spawner->start(job_for(program(slow.path), std::move(pair.server)), load));
  }
  std::this_thread::sleep_for(50ms);
  bench.spawner.reset();
  for (const base::Fd& client : clients) CHECK(read_all(client).empty());
  bench.loop.poll();
  CHECK_FALSE(has_children());
}

TEST_CASE("while no start takes long the spawner never wakes the loop") {
  Bench bench({.threads = 0});
  CHECK(bench.output_of(shell("echo one")) == "one\n");
  bench.loop.restart();
  CHECK(bench.loop.run_for(100ms) == 0);
}

TEST_CASE("slow programs are remembered for a while after the last slow start") {
  SlowPrograms slow;
  const auto now = SlowPrograms::Clock::now();
  CHECK_FALSE((slow.hangs("a") || slow.remembers("a", now)));
  slow.add("a");
  slow.add("a");
  slow.remove("a", now);
  CHECK(slow.hangs("a"));
  CHECK_FALSE(slow.hangs("b"));
  slow.remove("a", now);
  CHECK_FALSE(slow.hangs("a"));
  CHECK(slow.remembers("a", now + SlowPrograms::memory - 1s));
  CHECK_FALSE(slow.remembers("a", now + SlowPrograms::memory));
}
