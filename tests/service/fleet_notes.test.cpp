// SPDX-License-Identifier: MIT
#include "service/fleet_notes.hpp"

#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using policy::FleetCounts;

namespace {

config::Service limited() {
  config::Service service = stream_service();
  service.id = "web";
  service.settings.fleet_per_source = config::Limit{4};
  service.settings.fleet_rate = config::FleetRate{10, 60};
  service.settings.source_prefix = config::SourcePrefix{24, 64};
  service.settings.limit_exempt = pattern("192.0.3.0/24");
  return service;
}

struct Counted {
  explicit Counted(config::Service service = limited()) : state(listening(std::move(service))) { counts.turn(true); }
  void give(const Event& event) {
    const FleetNotes notes(counts, state, event);
    notes.put(counts, state.handle(event));
  }
  const FleetCounts::Entry* entry(const char* source = "192.0.2.0") const { return counts.find({"web", *base::Address::parse(source)}); }

  FleetCounts counts;
  State state;
};

}  // namespace

TEST_CASE("what is admitted and what ends is noted under the network of its source") {
  Counted all;
  all.give(request(1, "192.0.2.1"));
  all.give(request(2, "::ffff:192.0.2.2"));
  REQUIRE(all.entry());
  CHECK(all.entry()->source.text() == "192.0.2.0/24");
  CHECK(all.entry()->running == 2);
  CHECK(all.entry()->ours.now == 2);
  all.give(Started{1});
  all.give(Exited{1});
  CHECK(all.entry()->running == 1);
  CHECK(all.entry()->ours.now == 2);
  all.give(Withdrawn{2});
  CHECK(all.entry()->running == 0);
}

TEST_CASE("a request that is refused is noted as one that asks") {
  Counted all([] {
    config::Service service = limited();
    service.settings.instances = config::Limit{0};
    return service;
  }());
  all.give(request(1, "192.0.2.1"));
  REQUIRE(all.entry());
  CHECK(all.entry()->running == 0);
  CHECK(all.entry()->ours.now == 0);
  CHECK(all.counts.any_changed());
}

TEST_CASE("a request of a peer that is banned makes no count, and one of a peer that is banned meanwhile is given back") {
  Counted all([] {
    config::Service service = limited();
    service.settings.only_from = pattern(".example.com");
    return service;
  }());
  Request banned = request(1);
  banned.question.banned = true;
  all.give(banned);
  CHECK(all.counts.size() == 0);
  all.give(request(2));
  CHECK(all.entry()->ours.now == 1);
  banned = named(request(2), {"a.example.com"});
  banned.question.banned = true;
  all.give(banned);
  CHECK(all.entry()->running == 0);
  CHECK(all.entry()->ours.now == 0);
}

TEST_CASE("one that is asked for its name is noted once, and given back when it is refused") {
  Counted all([] {
    config::Service service = limited();
    service.settings.only_from = pattern(".example.com");
    return service;
  }());
  all.give(request(1));
  all.give(request(2));
  CHECK(all.entry()->running == 2);
  CHECK(all.entry()->ours.now == 2);
  all.give(named(request(1), {"a.example.com"}));
  all.give(named(request(2)));
  CHECK(all.entry()->running == 1);
  CHECK(all.entry()->ours.now == 1);
}

TEST_CASE("those that are exempt, and services without such limits, are not noted") {
  Counted all;
  all.give(request(1, "192.0.3.1"));
  CHECK(all.counts.size() == 0);
  Counted other(stream_service());
  other.give(request(1, "192.0.2.1"));
  CHECK(other.counts.size() == 0);
}

TEST_CASE("a reload that takes the limits away ends the counting, and one that brings them counts who is there") {
  Counted all;
  all.give(request(1, "192.0.2.1"));
  config::Service without = limited();
  without.settings.fleet_per_source.reset();
  without.settings.fleet_rate.reset();
  all.give(Reconfigured{policy_of(without)});
  CHECK(all.counts.size() == 0);
  all.give(Reconfigured{policy_of(limited())});
  REQUIRE(all.entry());
  CHECK(all.entry()->running == 1);
  all.give(Retire{});
  CHECK(all.counts.size() == 0);
  all.give(Exited{1});
  CHECK(all.counts.size() == 0);
}

TEST_CASE("another image notes the sessions that it takes over") {
  Counted before;
  before.give(request(1, "192.0.2.1"));
  Counted after;
  after.state.restore(before.state.snapshot());
  note_places(after.counts, after.state, base::Moment{});
  REQUIRE(after.entry());
  CHECK(after.entry()->running == 1);
  CHECK(after.entry()->ours.now == 0);
}
