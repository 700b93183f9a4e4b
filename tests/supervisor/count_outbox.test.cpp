// SPDX-License-Identifier: MIT
#include "supervisor/count_outbox.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "policy/networks.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;

namespace {

struct Box {
  Box() {
    counts.turn(true);
    service.id = "web";
    service.settings.fleet_per_source = config::Limit{4};
  }
  void know_time() {
    outbox.ask_time();
    CHECK(texts() == "time ");
    CHECK(outbox.told_time({3'600'000'000}, now));
  }
  void touch(const char* source, std::uint64_t running, int admitted = 0) { counts.asked(service, network(source), running, admitted, now); }
  /// "WHAT SOURCE BUCKET ADD " for each.
  std::string texts() {
    std::string all;
    outbox.gather();
    while (const auto order = outbox.next(now)) {
      if (const auto* count = std::get_if<fleet::Count>(&*order))
        all += fmt::format("{} {} {} {} ", count->what == fleet::Count::What::sessions ? "now" : "rate", count->source.text(), count->bucket, count->add);
      else
        all += "time ";
    }
    return all;
  }
  std::uint64_t elsewhere(const char* source) { return counts.look(service, network(source).address, now).elsewhere; }

  base::Moment now{1000h};
  config::Service service{};
  policy::FleetCounts counts;
  CountOutbox outbox{counts};
};

}  // namespace

TEST_CASE("nothing is counted before the clock of the store is known") {
  Box box;
  box.touch("192.0.2.1", 1);
  CHECK(box.texts().empty());
  box.know_time();
  CHECK(box.texts() == "now 192.0.2.1 360000 1 ");
}

TEST_CASE("a bucket is told of the difference, and a refused request asks") {
  Box box;
  box.know_time();
  box.touch("192.0.2.0/24", 2);
  CHECK(box.texts() == "now 192.0.2.0/24 360000 2 ");
  box.touch("192.0.2.0/24", 3);
  box.touch("192.0.2.0/24", 3);
  CHECK(box.texts() == "now 192.0.2.0/24 360000 1 ");
  box.touch("192.0.2.0/24", 3);
  CHECK(box.texts() == "now 192.0.2.0/24 360000 0 ");
  box.counts.ended("web", network("192.0.2.0/24").address, 1);
  CHECK(box.texts() == "now 192.0.2.0/24 360000 -2 ");
}

TEST_CASE("what others have is what the store says without ours, as it was when that was told") {
  Box box;
  box.know_time();
  box.now += 5s;
  box.touch("192.0.2.1", 1);
  CHECK_FALSE(box.texts().empty());
  box.touch("192.0.2.1", 2);
  CHECK_FALSE(box.texts().empty());
  CHECK(box.outbox.counted({3, 0}, box.now));
  CHECK(box.elsewhere("192.0.2.1") == 2);
  CHECK(box.outbox.counted({4, 9}, box.now));
  CHECK(box.elsewhere("192.0.2.1") == 2);
  CHECK_FALSE(box.outbox.counted({4, 0}, box.now));  // nobody has asked
}

TEST_CASE("as a bucket begins it is told of all sessions, and what was elsewhere before counts until all have told") {
  Box box;
  box.know_time();
  box.touch("192.0.2.1", 2);
  box.touch("192.0.2.2", 0);
  (void)box.texts();
  CHECK(box.outbox.counted({2, 0}, box.now));
  CHECK(box.outbox.counted({0, 0}, box.now));
  box.now += 10s;
  box.outbox.walk();
  CHECK(box.texts() == "now 192.0.2.1 360001 2 ");
  CHECK(box.outbox.counted({2, 5}, box.now));
  CHECK(box.elsewhere("192.0.2.1") == 3);
  box.now += 3s;
  box.touch("192.0.2.1", 2);
  CHECK(box.texts() == "now 192.0.2.1 360001 0 ");
  CHECK(box.outbox.counted({3, 5}, box.now));
  CHECK(box.elsewhere("192.0.2.1") == 1);
}

TEST_CASE("what was admitted at the end of a bucket is told to that bucket") {
  Box box;
  box.service.settings.fleet_per_source.reset();
  box.service.settings.fleet_rate = config::FleetRate{5, 60};
  box.know_time();
  box.now += 59s;
  box.touch("192.0.2.1", 0, 1);
  CHECK(box.texts() == "rate 192.0.2.1 60000 1 ");
  box.touch("192.0.2.1", 0, 1);
  box.now += 1s;
  box.touch("192.0.2.1", 0, 1);
  CHECK(box.texts() == "rate 192.0.2.1 60000 1 rate 192.0.2.1 60001 1 ");
  CHECK(box.outbox.counted({4, 0}, box.now));
  CHECK(box.outbox.counted({5, 0}, box.now));
  CHECK(box.outbox.counted({1, 5}, box.now));
  CHECK(box.counts.look(box.service, network("192.0.2.1").address, box.now).admitted == 6);
  CHECK(box.counts.look(box.service, network("192.0.2.1").address, box.now).rate_reached);
}

TEST_CASE("what the store has refused to count is told again, and what was lost is not") {
  Box box;
  box.know_time();
  box.touch("192.0.2.1", 2);
  CHECK(box.texts() == "now 192.0.2.1 360000 2 ");
  CHECK(box.outbox.failed(false));
  CHECK(box.texts() == "now 192.0.2.1 360000 2 ");
  box.outbox.lost();
  CHECK_FALSE(box.outbox.failed(false));
  box.touch("192.0.2.1", 3);
  CHECK(box.texts().empty());  // another store may have another clock
  box.know_time();
  CHECK(box.texts() == "now 192.0.2.1 360000 1 ");
}

TEST_CASE("a store that has been emptied is told of everything again") {
  Box box;
  box.know_time();
  box.touch("192.0.2.1", 2);
  (void)box.texts();
  box.outbox.start_anew();
  CHECK(box.texts() == "now 192.0.2.1 360000 2 ");
}

TEST_CASE("what was admitted is told again to a store that has been emptied, also of sources that do not come again") {
  Box box;
  box.service.settings.fleet_per_source.reset();
  box.service.settings.fleet_rate = config::FleetRate{5, 60};
  box.know_time();
  for (int i = 0; i < 3; ++i) box.touch("192.0.2.1", 0, 1);
  CHECK(box.texts() == "rate 192.0.2.1 60000 3 ");
  CHECK(box.outbox.counted({3, 0}, box.now));
  box.outbox.start_anew();
  CHECK(box.texts() == "rate 192.0.2.1 60000 3 ");
}

TEST_CASE("a store that has less than it was told is told what is missing with the next change") {
  Box box;
  box.service.settings.fleet_per_source.reset();
  box.service.settings.fleet_rate = config::FleetRate{5, 60};
  box.know_time();
  for (int i = 0; i < 3; ++i) box.touch("192.0.2.1", 0, 1);
  CHECK(box.texts() == "rate 192.0.2.1 60000 3 ");
  CHECK(box.outbox.counted({3, 0}, box.now));
  box.touch("192.0.2.1", 0, 1);
  CHECK(box.texts() == "rate 192.0.2.1 60000 1 ");
  CHECK(box.outbox.counted({1, 0}, box.now));  // it has begun anew
  box.touch("192.0.2.1", 0, 1);
  CHECK(box.texts() == "rate 192.0.2.1 60000 4 ");
}

TEST_CASE("what the store has added, though it has refused something else, is not added again") {
  Box box;
  box.know_time();
  box.touch("192.0.2.1", 2);
  CHECK(box.texts() == "now 192.0.2.1 360000 2 ");
  CHECK(box.outbox.failed(true));
  CHECK(box.texts() == "now 192.0.2.1 360000 0 ");
}

TEST_CASE("not all is counted as long as the store refuses one of the two that a source has") {
  Box box;
  box.service.settings.fleet_rate = config::FleetRate{5, 60};
  box.know_time();
  box.touch("192.0.2.1", 1, 1);
  CHECK(box.texts() == "now 192.0.2.1 360000 1 rate 192.0.2.1 60000 1 ");
  CHECK(box.outbox.all_counted());
  for (int i = 0; i < 2; ++i) {
    CHECK(box.outbox.counted({1, 0}, box.now));
    CHECK(box.outbox.failed(false));
    CHECK_FALSE(box.outbox.all_counted());
    CHECK(box.texts() == "now 192.0.2.1 360000 0 rate 192.0.2.1 60000 1 ");
  }
  CHECK(box.outbox.counted({1, 0}, box.now));
  CHECK(box.outbox.counted({1, 0}, box.now));
  CHECK(box.outbox.all_counted());
}

TEST_CASE("what the store refuses of sources that are forgotten keeps nothing from being all counted") {
  Box box;
  box.know_time();
  box.touch("192.0.2.1", 1);
  (void)box.texts();
  CHECK(box.outbox.failed(false));
  CHECK_FALSE(box.outbox.all_counted());
  box.counts.forget("web");
  box.outbox.walk();
  CHECK(box.outbox.all_counted());
}

TEST_CASE("sources that have been forgotten wait for nothing while the store does not say what time it is") {
  Box box;
  for (int i = 1; i < 100; ++i) box.touch(fmt::format("192.0.2.{}", i).c_str(), 0);
  box.outbox.gather();
  CHECK_FALSE(box.outbox.empty());
  box.counts.forget("web");
  box.outbox.walk();
  CHECK(box.outbox.empty());
}

TEST_CASE("answers to what has been forgotten meanwhile, or to something else, are of no effect") {
  Box box;
  box.outbox.ask_time();
  (void)box.texts();
  CHECK_FALSE(box.outbox.counted({1, 1}, box.now));
  CHECK(box.outbox.told_time({3'600'000'000}, box.now));
  box.touch("192.0.2.1", 1);
  (void)box.texts();
  CHECK_FALSE(box.outbox.told_time({1}, box.now));
  box.counts.forget("web");
  CHECK(box.outbox.counted({9, 9}, box.now));
  CHECK(box.elsewhere("192.0.2.1") == 0);
  CHECK(box.outbox.empty());
}

TEST_CASE("sessions that another image has told of are not told again before the next bucket") {
  Box box;
  box.outbox.inherit();
  box.touch("192.0.2.1", 2);
  box.know_time();
  CHECK(box.texts() == "now 192.0.2.1 360000 0 ");
  CHECK(box.outbox.counted({3, 3}, box.now));
  CHECK(box.elsewhere("192.0.2.1") == 1);
  box.now += 10s;
  box.outbox.walk();
  CHECK(box.texts() == "now 192.0.2.1 360001 2 ");
}
