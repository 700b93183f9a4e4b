// SPDX-License-Identifier: MIT
// What a State is made of: places, endpoints that are open, requests that have come.
#include <catch2/catch.hpp>

#include "xsuperd/service/arrivals.hpp"
#include "xsuperd/service/open_endpoints.hpp"
#include "xsuperd/service/places.hpp"

using namespace xsuperd;
using namespace xsuperd::service;

namespace {
base::Address address(std::string_view text) { return *base::Address::parse(text); }
}  // namespace

TEST_CASE("places are counted by the address of the peer, whatever socket it came by") {
  Places places;
  places.take(1, address("192.0.2.1"), false, 0);
  places.take(2, address("::ffff:192.0.2.1"), false, 4);
  places.take(3, address("192.0.2.2"), false, 4);
  CHECK(places.count() == 3);
  CHECK(places.count_from(address("192.0.2.1")) == 2);
  CHECK(places.count_at(4) == 2);
  CHECK(places.drop(2) == EndpointId{4});
  CHECK_FALSE(places.drop(2));
  CHECK(places.count_from(address("::ffff:192.0.2.1")) == 1);
  CHECK(places.consistent());
}

TEST_CASE("who has a place keeps it, and only whether it waits is new") {
  Places places;
  places.take(1, address("192.0.2.1"), true, 2);
  places.take(1, address("192.0.2.9"), false, 3);
  REQUIRE(places.find(1));
  CHECK_FALSE(places.find(1)->waiting);
  CHECK(places.find(1)->endpoint == 2);
  CHECK(places.count_from(address("192.0.2.9")) == 0);
  CHECK_FALSE(places.find(2));
}

TEST_CASE("a place waits for another try until there were as many as may be") {
  Places places;
  places.take(1, address("192.0.2.1"), false, 0);
  CHECK(places.failed(1, 3));
  CHECK(places.retrying() == 1);
  places.tries_again(1);
  CHECK(places.retrying() == 0);
  CHECK(places.failed(1, 3));
  places.tries_again(1);
  CHECK_FALSE(places.failed(1, 3));
  places.started(1);
  CHECK(places.failed(1, 3));
  CHECK(places.drop(1));
  CHECK(places.retrying() == 0);
  CHECK_FALSE(places.failed(1, 3));
}

TEST_CASE("places go on where others were, in the order of their tokens") {
  Places before;
  before.take(9, address("192.0.2.1"), false, 1);
  before.take(3, address("192.0.2.1"), true, 0);
  CHECK(before.failed(9, 5));
  auto all = before.snapshot();
  REQUIRE(all.size() == 2);
  CHECK(all[0].token == 3);
  all.push_back(all[0]);  // twice the same token
  Places after;
  after.restore(all);
  CHECK(after.snapshot() == before.snapshot());
  CHECK(after.retrying() == 1);
  CHECK(after.consistent());
}

TEST_CASE("the phase follows from the endpoints that are open") {
  OpenEndpoints endpoints;
  CHECK(endpoints.phase() == Phase::closed);
  endpoints.open(1);
  endpoints.open(2);
  CHECK(endpoints.phase() == Phase::listening);
  CHECK(endpoints.lend(2));
  CHECK_FALSE(endpoints.lend(3));
  CHECK(endpoints.phase() == Phase::busy);
  CHECK(endpoints.is_free(1));
  CHECK(endpoints.is_busy(2));
  endpoints.open(2);  // what a server owns stays its own
  CHECK(endpoints.is_busy(2));
  CHECK(endpoints.take_back(2));
  endpoints.close(1);
  CHECK_FALSE(endpoints.is_open(1));
  CHECK(endpoints.phase() == Phase::listening);
}

TEST_CASE("a pause ends when an endpoint is open, or cannot be opened; a retirement does not") {
  OpenEndpoints endpoints;
  endpoints.open(1);
  endpoints.pause();
  CHECK(endpoints.phase() == Phase::paused);
  CHECK_FALSE(endpoints.is_open(1));
  endpoints.close(1);
  CHECK(endpoints.phase() == Phase::closed);
  endpoints.pause();
  endpoints.open(1);
  CHECK(endpoints.phase() == Phase::listening);
  endpoints.retire();
  endpoints.close(1);
  CHECK(endpoints.phase() == Phase::retiring);
}

TEST_CASE("requests are counted on from those before, rates are not") {
  config::Service service;
  service.settings.cps = config::Rate{1, 10};
  Arrivals before;
  policy::Question question;
  before.count(service, {}, base::Moment{}, question);
  CHECK_FALSE(question.rate_tripped);
  before.count(service, {}, base::Moment{}, question);
  CHECK(question.rate_tripped);
  Arrivals after;
  after.count_on_from(before);
  CHECK(after.attempts() == 2);
  after.count(service, {}, base::Moment{}, question);
  CHECK_FALSE(question.rate_tripped);
  CHECK(after.attempts() == 3);
}
