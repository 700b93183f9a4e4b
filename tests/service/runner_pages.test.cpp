// SPDX-License-Identifier: MIT
// Internal services that show pages; the test plays the part of the worker, and of whoever makes them.
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

config::Service page_service() {
  config::Service service = stream_service();
  service.kind = config::Kind::internal;
  service.name = "metrics";
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  return service;
}

worker::PageMade page_of(std::string text) {
  worker::PageMade page;
  page.status = 200;
  page.text = std::move(text);
  return page;
}

}  // namespace

TEST_CASE("what a conversation wishes for is asked of who makes pages, and shown by that conversation") {
  Bench bench(page_service());
  std::vector<std::pair<worker::PageWish, std::function<void(worker::PageMade)>>> wishes;
  bench.around.hooks.page = [&](const worker::PageWish& wish, auto made) { wishes.emplace_back(wish, std::move(made)); };
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  const auto& request = bench.conversations.requests.front();
  CHECK(request.kind == worker::Kind::metrics);
  REQUIRE(request.parameters.on_wish);
  const worker::PageWish wish{worker::PageWish::What::open_metrics, true, {}};
  request.parameters.on_wish(wish);
  REQUIRE(wishes.size() == 1);
  CHECK(wishes[0].first == wish);
  wishes[0].second(page_of("page"));
  REQUIRE(bench.conversations.shown.size() == 1);
  CHECK(bench.conversations.shown[0].first == request.token);
  CHECK(bench.conversations.shown[0].second.text == "page");
}

TEST_CASE("where nobody makes pages, that is shown") {
  Bench bench(page_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  bench.conversations.requests.front().parameters.on_wish({});
  REQUIRE(bench.conversations.shown.size() == 1);
  CHECK(bench.conversations.shown[0].second.status == 503);
}

TEST_CASE("a page that comes after its service has gone is let go of") {
  Bench bench(page_service());
  std::function<void(worker::PageMade)> late;
  bench.around.hooks.page = [&](const worker::PageWish&, auto made) { late = std::move(made); };
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  bench.conversations.requests.front().parameters.on_wish({});
  bench.runner.reset();
  late(page_of("page"));
  CHECK(bench.conversations.shown.empty());
}

TEST_CASE("a conversation that wishes without end waits for its turn, and is not ended") {
  Bench bench(page_service());
  std::size_t asked = 0;
  auto out = std::make_shared<int>(0);
  bench.around.hooks.page = [&](const worker::PageWish&, const auto& made) {
    ++asked;
    auto page = page_of("page");
    page.out = out;
    made(std::move(page));
  };
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  const auto on_wish = bench.conversations.requests.front().parameters.on_wish;
  std::size_t wishes = 0;
  for (; asked == wishes; ++wishes) on_wish({});
  CHECK(asked + 1 == wishes);
  CHECK(wishes > 10);
  bench.conversations.shown.clear();
  CHECK(out.use_count() == 1);  // while it wishes it has no page
  bench.run_until([&] { return asked == wishes; });
  bench.conversations.shown.clear();
  CHECK(out.use_count() == 2);
  CHECK(bench.runner->sessions().size() == 1);
}

TEST_CASE("counters that begin anew leave what is not decided yet") {
  Bench bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client first(bench.where()), second(bench.where());
  bench.run_until_jobs(2);
  const Counters before = bench.runner->count_anew();
  CHECK(before.accepted + bench.runner->counters().accepted == 2);
  CHECK(before.accepted == before.decided());
  CHECK(bench.runner->counters().served == 0);
  CHECK(bench.runner->counters().since >= before.since);
  CHECK(accounted(*bench.runner));
}
