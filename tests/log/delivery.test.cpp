// SPDX-License-Identifier: MIT
#include "log/delivery.hpp"

#include <catch2/catch.hpp>

#include "log/fake_output.hpp"
#include "log/scratch.hpp"

using namespace xsuperd;
using namespace xsuperd::log;
using namespace xsuperd::log::test;
using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

namespace {

/// A delivery under a clock that is turned by hand.
struct Bench {
  base::Moment now{std::chrono::hours(1)};
  std::shared_ptr<FakeOutput> daemon_log = std::make_shared<FakeOutput>();
  std::shared_ptr<FakeOutput> file = std::make_shared<FakeOutput>();
  Delivery delivery;

  explicit Bench(std::size_t keep_bytes = 10000)
      : delivery(keep_bytes, [this] {
          return Delivery::Now{now, sample_time()};
        }) {
    delivery.set_daemon_log(daemon_log);
  }
  void deliver(std::string_view text) { delivery.deliver(file, line(text)); }
  void pass(milliseconds time) {
    now += time;
    delivery.retry(false);
  }
};

}  // namespace

TEST_CASE("lines go straight to an output that works") {
  Bench bench;
  bench.deliver("one");
  bench.deliver("two");
  CHECK(bench.file->texts() == Texts{"one", "two"});
  CHECK_FALSE(bench.delivery.keeps_lines());
  CHECK_FALSE(bench.delivery.next_retry());
  CHECK(bench.delivery.settled() == 2);
}

TEST_CASE("pauses grow from a tenth of a second to five seconds") {
  Bench bench;
  bench.file->fail(1000);
  bench.deliver("one");
  for (const int pause : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    REQUIRE(bench.delivery.next_retry() == bench.now + milliseconds(pause));
    const int before = bench.file->attempts();
    bench.pass(milliseconds(pause - 1));
    CHECK(bench.file->attempts() == before);
    bench.pass(milliseconds(1));
    CHECK(bench.file->attempts() == before + 1);
  }
}

TEST_CASE("an output that fails for a while loses no line, and the order stays") {
  Bench bench;
  bench.deliver("one");
  bench.file->fail(3);
  for (const char* text : {"two", "three", "four"}) bench.deliver(text);
  CHECK(bench.file->attempts() == 2);  // one and two: later lines wait behind it
  CHECK(bench.delivery.settled() == 1);
  for (int i = 0; i < 3; ++i) bench.pass(milliseconds(5000));
  bench.deliver("five");
  CHECK(bench.file->texts() == Texts{"one", "two", "three", "four", "five"});
  CHECK(bench.delivery.settled() == 5);
}

TEST_CASE("an event that is kept has texts of its own") {
  Bench bench;
  bench.file->fail(1);
  std::string id = "a name that is longer than what a string has room for", reason = "load";
  bench.delivery.deliver(bench.file, {Level::info, sample_time(), Fail{id, reason, base::AddressText("::1")}});
  bench.delivery.deliver(bench.file, {Level::info, sample_time(), UserId{reason, PeerText(id)}});
  id.assign(id.size(), '?');
  reason.assign(reason.size(), '?');
  bench.delivery.retry(true);
  CHECK(bench.file->texts() == Texts{"FAIL: a name that is longer than what a string has room for load from=::1",
                                     "USERID: load a name that is longer than what a string has room for"});
}

TEST_CASE("an output that failed before starts with the short pause again") {
  Bench bench;
  for (int times : {4, 1}) {
    bench.file->fail(times);
    bench.deliver("line");
    CHECK(bench.delivery.next_retry() == bench.now + milliseconds(100));
    while (bench.delivery.keeps_lines()) bench.pass(milliseconds(5000));
  }
}

TEST_CASE("one output that fails does not hold up others") {
  Bench bench;
  const auto other = std::make_shared<FakeOutput>();
  bench.file->fail(1000);
  bench.deliver("kept");
  bench.delivery.deliver(other, line("goes on"));
  CHECK(other->texts() == Texts{"goes on"});
}

TEST_CASE("what does not fit is counted, and the count stands where the gap is") {
  Bench bench(1500);
  bench.file->fail(2);
  bench.deliver("one");
  bench.deliver("two");
  bench.deliver(std::string(1500, 'x'));
  for (int i = 0; i < 2; ++i) bench.deliver("would fit, but comes after one that was lost");
  bench.delivery.retry(true);
  bench.delivery.retry(true);
  bench.deliver("after");
  CHECK(bench.file->texts() ==
        Texts{"one", "two", "3 lines were lost: the log could not be written", "after"});
}

TEST_CASE("one lost line is one line") {
  Bench bench(0);
  bench.file->fail(2);
  bench.deliver("the first is kept whatever its size");
  bench.deliver("lost");
  for (int i = 0; i < 2; ++i) bench.delivery.retry(true);
  CHECK(bench.file->texts() ==
        Texts{"the first is kept whatever its size", "1 line was lost: the log could not be written"});
  CHECK_FALSE(bench.delivery.keeps_lines());
}

TEST_CASE("complaints go to the daemon log, behind the line that caused them") {
  Bench bench;
  bench.file->remark(Level::error, "Size of plain log exceeded hard limit");
  bench.deliver("one");
  CHECK(bench.daemon_log->texts() == Texts{"Size of plain log exceeded hard limit"});
}

TEST_CASE("what the daemon log has to say about itself stands in it when it works again") {
  Bench bench;
  bench.daemon_log->fail(1);
  bench.daemon_log->remark(Level::error, "failed");
  bench.delivery.deliver(bench.daemon_log, line("one"));
  CHECK(bench.daemon_log->texts().empty());
  bench.daemon_log->remark(Level::notice, "works again");
  bench.delivery.retry(true);
  CHECK(bench.daemon_log->texts() == Texts{"one", "failed", "works again"});
}

TEST_CASE("an output that complains about every complaint does not catch us in a circle") {
  Bench bench;
  struct Grumbler : Output {
    int writes = 0;
    bool open = false;
    Outcome write(const Line&) override { return ++writes, open = true, Outcome::written; }
    std::optional<Remark> take_complaint() override {
      if (!std::exchange(open, false)) return std::nullopt;
      return Remark{Level::error, "again"};
    }
  };
  const auto grumbler = std::make_shared<Grumbler>();
  bench.delivery.set_daemon_log(grumbler);
  bench.delivery.deliver(grumbler, line("one"));
  CHECK(grumbler->writes < 10);
}

TEST_CASE("without a daemon log complaints are lost and nothing else") {
  Bench bench;
  bench.delivery.set_daemon_log(nullptr);
  bench.file->remark(Level::error, "trouble");
  bench.deliver("one");
  bench.delivery.report_lost(3);
  CHECK(bench.file->texts() == Texts{"one"});
}

TEST_CASE("a line that will never be written is done with") {
  const Scratch dir;
  Bench bench;
  const std::shared_ptr<Output> limited = *open_service_file(dir / "log", "plain", 0, 1);
  for (int i = 0; i < 3; ++i) bench.delivery.deliver(limited, line("entry"));
  CHECK_FALSE(bench.delivery.keeps_lines());
  CHECK(bench.delivery.settled() == 3);
  CHECK(bench.daemon_log->texts() == Texts{"Size of plain log exceeded hard limit"});
  CHECK(content(dir / "log") == "26/11/3@01:02:03: entry\n");
}
