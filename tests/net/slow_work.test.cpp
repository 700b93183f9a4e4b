// SPDX-License-Identifier: MIT
#include "xsuperd/net/slow_work.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

/// Work that hangs until it is let go.
struct Gate {
  std::mutex mutex;
  std::condition_variable change;
  bool open = false;
  std::atomic<int> inside = 0;
  void pass() {
    ++inside;
    std::unique_lock lock(mutex);
    change.wait(lock, [this] { return open; });
    --inside;
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    open = true;
    change.notify_all();
  }
};

struct Fixture {
  ~Fixture() {
    gate->let_go();
    work.reset();
    run_until(loop, [this] { return gate->inside == 0; });
  }
  void begin(std::size_t threads, std::size_t queue) { work.emplace(loop, SlowWork::Options{threads, queue}); }
  SlowWork::Id hang() {
    return work->run([gate = gate]() -> SlowWork::Then {
      gate->pass();
      return {};
    });
  }
  SlowWork::Id add(int number) {
    return work->run([this, number]() -> SlowWork::Then { return [this, number] { done.push_back(number); }; });
  }

  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  boost::asio::io_context loop;
  std::optional<SlowWork> work;
  std::vector<int> done;
};

}  // namespace

TEST_CASE("slow work is done in order and what it returns on the loop") {
  Fixture f;
  f.begin(1, 10);
  for (int i = 1; i <= 3; ++i) CHECK(f.add(i) != 0);
  CHECK(f.done.empty());
  CHECK(run_until(f.loop, [&] { return f.done.size() == 3; }));
  CHECK(f.done == std::vector{1, 2, 3});
  CHECK_FALSE(f.work->busy());
}

TEST_CASE("work that hangs keeps one thread and no other work") {
  Fixture f;
  f.begin(2, 10);
  f.hang();
  f.add(1);
  CHECK(run_until(f.loop, [&] { return f.done.size() == 1; }));
  CHECK(f.work->busy());
}

TEST_CASE("a full queue takes no more, and what has not begun can be taken back") {
  Fixture f;
  f.begin(1, 1);
  f.hang();
  REQUIRE(run_until(f.loop, [&] { return f.gate->inside == 1; }));
  const auto waiting = f.add(1);
  CHECK(waiting != 0);
  CHECK(f.add(2) == 0);
  CHECK(f.work->cancel(waiting));
  CHECK_FALSE(f.work->cancel(waiting));
  CHECK(f.add(3) != 0);
  f.gate->let_go();
  CHECK(run_until(f.loop, [&] { return !f.done.empty(); }));
  CHECK(f.done == std::vector{3});
}

TEST_CASE("the end of slow work does not wait for what hangs, and nothing is called afterwards") {
  Fixture f;
  f.begin(1, 10);
  f.hang();
  REQUIRE(run_until(f.loop, [&] { return f.gate->inside == 1; }));
  f.add(1);
  f.work.reset();
  CHECK(f.gate->inside == 1);
  f.gate->let_go();
  CHECK(run_until(f.loop, [&] { return f.gate->inside == 0; }));
  f.loop.poll();
  CHECK(f.done.empty());
}

TEST_CASE("what was to be done after slow work goes with it, and not when the work ends") {
  Fixture f;
  f.begin(1, 10);
  const auto mine = std::make_shared<int>(0);
  f.work->run([gate = f.gate] { gate->pass(); }, [mine] { ++*mine; });
  REQUIRE(run_until(f.loop, [&] { return f.gate->inside == 1; }));
  CHECK(mine.use_count() == 2);
  f.work.reset();
  CHECK(mine.use_count() == 1);
}

TEST_CASE("work that throws is lost, and its thread goes on") {
  Fixture f;
  f.begin(1, 10);
  f.work->run([]() -> SlowWork::Then { throw std::runtime_error("no memory"); });
  f.add(1);
  CHECK(run_until(f.loop, [&] { return f.done.size() == 1; }));
}

TEST_CASE("a thread that has become unfit does no more work, and what was to be done afterwards is done") {
  Fixture f;
  f.begin(2, 10);
  std::thread::id unfit;
  std::atomic<int> returned = 0;
  f.work->run(
      [&unfit] {
        unfit = std::this_thread::get_id();
        throw SlowWork::Unfit();
      },
      [&returned] { ++returned; });
  CHECK(run_until(f.loop, [&] { return returned == 1; }));
  std::atomic<int> same = 0;
  for (int i = 0; i < 10; ++i) f.work->run([&] { same += std::this_thread::get_id() == unfit; }, [&returned] { ++returned; });
  CHECK(run_until(f.loop, [&] { return returned >= 11; }));
  CHECK(same == 0);
}
