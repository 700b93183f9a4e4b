// SPDX-License-Identifier: MIT
// Outcomes on their way to the loop: the box of the threads, and the starts that are looked at from time to time.
#include "spawn/pending.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>

#include "spawn/harness.hpp"
#include "spawn/outcome_box.hpp"
#include "spawn/slow_program.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
using namespace std::chrono_literals;

namespace {

Outcome failed(std::uint64_t token) {
  StartFailed one;
  one.token = token;
  return one;
}

std::uint64_t token_of(const Launched& launched) { return std::get<StartFailed>(std::get<Outcome>(launched)).token; }

/// The loop runs on after whatever a handler throws, as the daemon's does. How often something was thrown.
int run_through(boost::asio::io_context& loop, const std::function<bool()>& done) {
  for (int thrown = 0;;) {
    try {
      run_until(loop, done);
      return thrown;
    } catch (const std::logic_error&) {
      ++thrown;
    }
  }
}

/// A start whose child has been made a moment ago.
std::unique_ptr<Launch> launch_of(const std::string& path, std::uint64_t token) {
  auto launch = std::make_unique<Launch>();
  launch->prepare({.token = token,
                   .recipe = std::make_shared<const Recipe>(program(path)),
                   .socket = make_pair().server});
  launch->clone({}, launch->socket(), -1);
  return launch;
}

struct Looks {
  Looks() {
    pending.on_outcome([this](Outcome outcome) {
      all.push_back(std::visit([](const auto& one) { return one.token; }, outcome));
      if (auto* good = std::get_if<Started>(&outcome)) children.watch(good->token, good->pid, std::move(good->pidfd));
      if (all.size() == throw_at) throw std::logic_error("handler");
    });
  }
  ~Looks() {
    run_until(loop, [this] { return children.size() == 0; });
  }

  boost::asio::io_context loop;
  Children children{loop, [](const Ended&) {}};
  SlowPrograms slow;
  PendingLaunches pending{loop, slow};
  std::vector<std::uint64_t> all;
  std::size_t throw_at = 0;
};

bool remembered(Looks& bench, const std::string& path) {
  return bench.slow.remembers(path, std::chrono::steady_clock::now());
}

}  // namespace

TEST_CASE("what a handler of the box throws costs no other outcome, and the box goes on") {
  boost::asio::io_context loop;
  OutcomeBox box(loop);
  std::vector<std::uint64_t> all;
  box.on_launched([&](const Launched& launched) {
    all.push_back(token_of(launched));
    if (all.size() == 1 || all.size() == 3) throw std::logic_error("handler");
  });
  for (std::uint64_t token = 1; token <= 3; ++token) box.put(failed(token));
  CHECK_THROWS_AS(loop.run(), std::logic_error);
  CHECK(all == std::vector<std::uint64_t>{1});
  box.put(failed(4));  // comes between what is left
  CHECK(run_through(loop, [&] { return all.size() == 4; }) == 1);
  box.put(failed(5));
  run_through(loop, [&] { return all.size() == 5; });
  CHECK(all == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
  CHECK(box.take_rest().empty());
}

TEST_CASE("what comes to the box behind what a handler has left is delivered without more coming") {
  boost::asio::io_context loop;
  OutcomeBox box(loop);
  std::vector<std::uint64_t> all;
  box.on_launched([&](const Launched& launched) {
    all.push_back(token_of(launched));
    if (all.size() == 1) throw std::logic_error("handler");
  });
  for (std::uint64_t token = 1; token <= 2; ++token) box.put(failed(token));
  CHECK_THROWS_AS(loop.run(), std::logic_error);
  std::jthread([&] { box.put(failed(3)); }).join();
  CHECK(run_through(loop, [&] { return all.size() == 3; }) == 0);
  CHECK(all == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("what a handler has left by throwing is part of what the box gives back") {
  boost::asio::io_context loop;
  OutcomeBox box(loop);
  box.on_launched([&](const Launched&) { throw std::logic_error("handler"); });
  for (std::uint64_t token = 1; token <= 3; ++token) box.put(failed(token));
  CHECK_THROWS_AS(loop.run(), std::logic_error);
  box.put(failed(4));
  std::vector<std::uint64_t> rest;
  for (const Launched& launched : box.take_rest()) rest.push_back(token_of(launched));
  CHECK(rest == std::vector<std::uint64_t>{2, 3, 4});
}

TEST_CASE("what a handler throws costs no other start its outcome") {
  Looks bench;
  bench.throw_at = 1;
  for (std::uint64_t token = 1; token <= 3; ++token) {
    bench.pending.add(launch_of("/bin/true", token), true);
    std::this_thread::sleep_for(20ms);
  }
  CHECK(run_through(bench.loop, [&] { return bench.all.size() == 3; }) == 1);
  CHECK(bench.all == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(bench.pending.size() == 0);
}

TEST_CASE("many slow starts one after the other do not put off the outcome of one that is through") {
  SlowProgram first;
  SlowProgram others;
  if (!first.possible || !others.possible) return;
  Looks bench;
  bench.pending.add(launch_of(first.path, 1000), true);
  bench.loop.run_for(30ms);
  first.go_on();
  int added = 0;
  for (; bench.all.empty() && added < 300; ++added) {
    bench.pending.add(launch_of(others.path, static_cast<std::uint64_t>(added)), true);
    bench.loop.restart();
    bench.loop.run_for(3ms);
  }
  CHECK(added < 300);
  others.go_on();
  run_until(bench.loop, [&] { return bench.pending.size() == 0; });
  CHECK(bench.all.size() == static_cast<std::size_t>(added) + 1);
}

TEST_CASE("a start that a look finds through was not slow, and one that it does not was, and is remembered") {
  Looks bench;
  auto launch = launch_of("/bin/true", 1);
  REQUIRE(launch->wait(30s));
  bench.pending.add(std::move(launch), true);
  run_until(bench.loop, [&] { return bench.all.size() == 1; });
  CHECK_FALSE(remembered(bench, "/bin/true"));

  SlowProgram slow;
  if (!slow.possible) return;
  bench.pending.add(launch_of(slow.path, 2), true);
  CHECK_FALSE(bench.slow.hangs(slow.path));
  run_until(bench.loop, [&] { return bench.slow.hangs(slow.path); });
  slow.go_on();
  run_until(bench.loop, [&] { return bench.all.size() == 2; });
  CHECK_FALSE(bench.slow.hangs(slow.path));
  CHECK(remembered(bench, slow.path));
}

TEST_CASE("while nothing is pending the loop sleeps") {
  Looks bench;
  bench.pending.add(launch_of("/bin/true", 1), true);
  run_until(bench.loop, [&] { return bench.all.size() == 1 && bench.children.size() == 0; });
  bench.loop.restart();
  bench.loop.poll();  // what was cancelled
  bench.loop.restart();
  CHECK(bench.loop.run_for(200ms) == 0);
}
