// SPDX-License-Identifier: MIT
#include "ctl/activity.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd;
using namespace xsuperd::ctl;
using namespace std::chrono_literals;

namespace {

const std::chrono::steady_clock::time_point noon{12h};

ServiceCounts service(std::string id, std::int64_t accepted, std::int64_t refused = 0, std::int64_t running = 0) {
  ServiceCounts one;
  one.id = std::move(id);
  one.counts.accepted = accepted;
  one.counts.served = accepted - refused;
  one.counts.refused = refused;
  one.running = running;
  return one;
}

Snapshot snapshot(std::chrono::milliseconds after, std::vector<ServiceCounts> services) {
  Snapshot all;
  all.taken = noon + after;
  for (const ServiceCounts& one : services) {
    all.totals.accepted += one.counts.accepted;
    all.totals.served += one.counts.served;
    all.totals.refused += one.counts.refused;
  }
  all.services = std::move(services);
  return all;
}

std::string order(Activity& activity, Sort sort) {
  sort_services(activity, sort);
  std::string ids;
  for (const ServiceActivity& one : activity.services) ids += one.now.id + " ";
  return ids;
}

}  // namespace

TEST_CASE("An answer to stats is read as far as it has what is wanted") {
  const std::string text = R"({"version":"1.2","pid":7,"now":100.5,"started":40,"workers":[8,9],"bans":3,"load":0.5,
    "totals":{"accepted":5,"served":3,"refused":2,"running":1}})";
  Answer answer{{json::parse(R"({"id":"a","accepted":5,"refused":2,"reasons":{"load":0,"address":2,"odd":"x"},"running":1,
    "limit":4,"slowest_start":0.25,"since":40.5,"state":"listening"})").as_object(),
                 json::parse(R"({"id":17,"accepted":"many","reasons":[]})").as_object()},
                json::parse(text).as_object()};
  const Snapshot s = snapshot_of(answer, noon);
  CHECK(s.version == "1.2");
  CHECK(s.pid == 7);
  CHECK(s.workers == 2u);
  CHECK(s.bans == 3);
  CHECK(s.load == 0.5);
  CHECK_FALSE(s.process_limit.has_value());
  CHECK(s.now - s.started == 60.5);
  CHECK(s.running == 1);
  CHECK(s.totals.refused == 2);
  REQUIRE(s.services.size() == 2);
  CHECK(s.services[0].limit == 4);
  CHECK(s.services[0].slowest_start == 0.25);
  CHECK(s.services[0].since == 40.5);
  CHECK(s.services[0].reasons == std::vector<std::pair<std::string, std::int64_t>>{{"address", 2}, {"load", 0}});
  CHECK(s.services[1].counts.accepted == 0);
  CHECK_FALSE(s.services[1].limit.has_value());
}

TEST_CASE("Rates are what came since the last look, each second") {
  const Snapshot before = snapshot(0ms, {service("a", 100, 10), service("b", 7)});
  const Activity activity = activity_of(snapshot(2'500ms, {service("b", 7), service("a", 125, 15)}), &before);
  REQUIRE(activity.rates.has_value());
  CHECK(activity.rates->accepted == Approx(10));
  CHECK(activity.rates->refused == Approx(2));
  CHECK(activity.services[0].now.id == "b");
  CHECK(activity.services[0].rates->accepted == 0);
  CHECK(activity.services[1].rates->accepted == Approx(10));
  CHECK(activity.services[1].rates->served == Approx(8));
}

TEST_CASE("Without anything to compare with there are no rates") {
  const Snapshot before = snapshot(0ms, {service("a", 1)});
  CHECK_FALSE(activity_of(before, nullptr).rates.has_value());
  CHECK_FALSE(activity_of(before, nullptr).services[0].rates.has_value());
  CHECK_FALSE(activity_of(before, &before).rates.has_value());
  const Activity fresh = activity_of(snapshot(1s, {service("a", 2), service("new", 50)}), &before);
  CHECK(fresh.services[0].rates.has_value());
  CHECK_FALSE(fresh.services[1].rates.has_value());
}

TEST_CASE("Counters that go back give no rates, and those that do not still do") {
  const Snapshot before = snapshot(0ms, {service("a", 100), service("b", 1)});
  const Activity activity = activity_of(snapshot(1s, {service("a", 5), service("b", 4)}), &before);
  CHECK_FALSE(activity.rates.has_value());
  CHECK_FALSE(activity.services[0].rates.has_value());
  CHECK(activity.services[1].rates->accepted == Approx(3));
}

TEST_CASE("A daemon that was started again is not compared with the one before, even when it has counted more") {
  Snapshot before = snapshot(0ms, {service("a", 1)});
  before.started = 1000;
  Snapshot now = snapshot(1s, {service("a", 90)});
  now.started = 2000;
  const Activity activity = activity_of(now, &before);
  CHECK_FALSE(activity.rates.has_value());
  CHECK_FALSE(activity.services[0].rates.has_value());
}

TEST_CASE("A service that counts anew has no rates until the next look") {
  Snapshot before = snapshot(0ms, {service("a", 1)});
  Snapshot now = snapshot(1s, {service("a", 90)});
  now.services[0].since = 5;
  CHECK_FALSE(activity_of(now, &before).services[0].rates.has_value());
}

TEST_CASE("Services that share an id are compared in their order") {
  const Snapshot before = snapshot(0ms, {service("a", 10), service("a", 1000)});
  const Activity activity = activity_of(snapshot(1s, {service("a", 11), service("a", 1002), service("a", 5)}), &before);
  CHECK(activity.services[0].rates->accepted == Approx(1));
  CHECK(activity.services[1].rates->accepted == Approx(2));
  CHECK_FALSE(activity.services[2].rates.has_value());
}

TEST_CASE("Bytes per second are those of both directions, and an order") {
  Snapshot before = snapshot(0ms, {service("a", 1), service("b", 1)});
  Snapshot now = snapshot(2s, {service("a", 1), service("b", 1)});
  now.services[1].counts.bytes = 500;
  Activity activity = activity_of(now, &before);
  CHECK(activity.services[1].rates->bytes == Approx(250));
  CHECK(order(activity, Sort::bytes) == "b a ");
  const Answer answer{{json::parse(R"({"id":"a","bytes_in":3,"bytes_out":4})").as_object(),
                       json::parse(R"({"id":"b","bytes_in":18446744073709551615,"bytes_out":4})").as_object()}, {}};
  CHECK(snapshot_of(answer, noon).services[0].counts.bytes == 7);
  CHECK(snapshot_of(answer, noon).services[1].counts.bytes > 1'000'000'000'000);
}

TEST_CASE("An answer to list adds the sessions of those that it has") {
  Snapshot all = snapshot(0ms, {service("a", 1), service("b", 1), service("a", 1)});
  add_sessions(all, {{json::parse(R"({"id":"a","counters":{},"sessions":2})").as_object(),
                      json::parse(R"({"id":"a","counters":{},"sessions":3})").as_object()}, {}});
  CHECK(all.services[0].sessions == 2);
  CHECK_FALSE(all.services[1].sessions.has_value());
  CHECK(all.services[2].sessions == 3);
}

TEST_CASE("A filter leaves the services that its pattern matches, in their order") {
  Activity all = activity_of(snapshot(0ms, {service("web-b", 1), service("ftp", 1), service("web-a", 1)}), nullptr);
  CHECK(matching(all, "").services.size() == 3);
  CHECK(matching(all, "FTP").services.size() == 1);
  CHECK(matching(all, "web").services.empty());
  Activity web = matching(all, "web-?");
  CHECK(order(web, Sort::name) == "web-a web-b ");
}

TEST_CASE("Each order puts the most first and equals by name") {
  const Snapshot before = snapshot(0ms, {service("d", 0), service("c", 0), service("b", 0), service("a", 1000, 900)});
  Activity activity = activity_of(
      snapshot(1s, {service("d", 9, 0, 1), service("c", 5, 5, 2), service("b", 0, 0, 2), service("a", 1000, 900)}), &before);
  CHECK(order(activity, Sort::rate) == "d c a b ");
  CHECK(order(activity, Sort::running) == "c b d a ");
  CHECK(order(activity, Sort::refused) == "c a d b ");
  CHECK(order(activity, Sort::name) == "a b c d ");
  CHECK(sort_of("refused") == Sort::refused);
  CHECK_FALSE(sort_of("age").has_value());
  for (const Sort sort : {Sort::rate, Sort::running, Sort::refused, Sort::name, Sort::bytes}) CHECK(sort_of(word_of(sort)) == sort);
}
