// SPDX-License-Identifier: MIT
// USERID: the peer's host is asked who it is.
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using Outcome = net::IdentAnswer::Outcome;

namespace {

config::Service asking(bool idonly = false) {
  config::Service service = stream_service();
  service.settings.log_on_success->add(config::SuccessOption::userid);
  service.settings.log_on_failure->add(config::FailureOption::userid);
  if (idonly) service.settings.flags = {config::Flag::idonly};
  return service;
}

config::Service refusing() {
  config::Service service = asking();
  service.settings.access_times.emplace();
  return service;
}

const net::IdentAnswer joe{Outcome::ok, "UNIX : joe", {}};
const net::IdentAnswer no_user{Outcome::bad_response, {}, "Bad line received"};
/// As it comes when the worker died.
const net::IdentAnswer lost{Outcome::system_error, {}, "the look-up was lost"};

void run_until_asked(Bench& bench) {
  bench.run_until([&] { return bench.ident.running() == 1; });
}

bool told(const Bench& bench, std::string_view what) {
  for (const auto& line : bench.sink.lines)
    if (line.text.find(what) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("a server is started when the identity of its peer is in the log") {
  Bench bench(asking());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  run_until_asked(bench);
  CHECK(bench.spawner.requests.empty());
  bench.ident.answer(0, joe);
  bench.run_until_jobs(1);
  CHECK(bench.entries() == "USERID: x UNIX : joe\n");
  CHECK(bench.ident.cancelled.empty());
}

TEST_CASE("both ends of the peer's connection are asked for, with thirty seconds") {
  Bench bench(asking());
  REQUIRE(bench.runner->start());
  const Client client(bench.where(), 1, "127.0.0.5");
  run_until_asked(bench);
  const auto& question = bench.ident.questions.at(0);
  CHECK(question.local == bench.where());
  CHECK(question.peer.address.text() == "127.0.0.5");
  CHECK(question.peer.port >= 1024);
  CHECK(question.deadline == 30s);
}

TEST_CASE("a peer without an identity is served, but not under IDONLY") {
  Bench lenient(asking());
  REQUIRE(lenient.runner->start());
  const Client one(lenient.where());
  run_until_asked(lenient);
  lenient.ident.answer(0, no_user);
  lenient.run_until_jobs(1);
  CHECK(told(lenient, "Bad line received"));

  Bench strict(asking(true));
  REQUIRE(strict.runner->start());
  const Client two(strict.where());
  run_until_asked(strict);
  strict.ident.answer(0, no_user);
  CHECK(two.read_all(strict) == "");
  CHECK(strict.entries() == "NOID: x 127.0.0.1 bad response\n");
  CHECK(strict.spawner.requests.empty());
  CHECK(strict.around.census.processes == 0);
}

TEST_CASE("a look-up that is lost with its worker is no answer") {
  Bench lenient(asking());
  REQUIRE(lenient.runner->start());
  const Client one(lenient.where());
  run_until_asked(lenient);
  lenient.ident.answer(0, lost);
  lenient.run_until_jobs(1);
  CHECK(lenient.entries() == "");
  CHECK(told(lenient, "the look-up was lost"));

  Bench strict(asking(true));
  REQUIRE(strict.runner->start());
  const Client two(strict.where());
  run_until_asked(strict);
  strict.ident.answer(0, lost);
  CHECK(two.read_all(strict) == "");
  CHECK(strict.entries() == "NOID: x 127.0.0.1 system error\n");
}

TEST_CASE("what an identity server said stands in one safe line of the log") {
  Bench bench(asking());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  run_until_asked(bench);
  bench.ident.answer(0, {Outcome::ok, std::string("a\0%n\x1b[2J\xff", 9), {}});
  bench.run_until_jobs(1);
  CHECK(bench.entries() == "USERID: x a\\x00%n\\x1b[2J\\xff\n");
}

TEST_CASE("the identity of a refused peer is asked while its connection is open") {
  Bench bench(refusing());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  run_until_asked(bench);
  CHECK(bench.ident.questions.at(0).local == bench.where());
  bench.ident.answer(0, joe);
  CHECK(client.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x time from=127.0.0.1\nUSERID: x UNIX : joe\n");
}

TEST_CASE("that a refused peer has no identity is told, unless its host has no server") {
  Bench bench(refusing());
  REQUIRE(bench.runner->start());
  const Client one(bench.where());
  run_until_asked(bench);
  bench.ident.answer(0, {Outcome::no_server, {}, {}});
  CHECK_FALSE(told(bench, "Failed to contact"));
  const Client two(bench.where());
  run_until_asked(bench);
  bench.ident.answer(1, {Outcome::timeout, {}, {}});
  CHECK(told(bench, "Failed to contact identity server at 127.0.0.1: timeout"));
}

TEST_CASE("a place is held while the identity is asked, and free when the service is removed meanwhile") {
  Bench bench(asking());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  run_until_asked(bench);
  CHECK(bench.around.census.processes == 1);
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(bench.around.census.processes == 0);
  CHECK(bench.runner->sessions().empty());
  CHECK(client.read_all(bench) == "");
  CHECK(bench.ident.cancelled == std::vector<std::uint64_t>{1});
  CHECK(bench.ident.running() == 0);
}
