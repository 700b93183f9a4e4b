// SPDX-License-Identifier: MIT
// USERID: the peer's host is asked who it is.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

config::Service asking(bool idonly = false) {
  config::Service service = stream_service();
  service.settings.log_on_success->add(config::SuccessOption::userid);
  service.settings.log_on_failure->add(config::FailureOption::userid);
  if (idonly) service.settings.flags = {config::Flag::idonly};
  return service;
}

/// Takes the next question and answers it, once the loop has sent it.
void answer(Bench& bench, const std::string& answer) {
  ::fcntl(bench.ident_server.get(), F_SETFL, O_NONBLOCK);
  base::Fd connection;
  std::array<char, 64> buffer;
  ssize_t n = -1;
  bench.run_until([&] {
    if (!connection) connection.reset(::accept4(bench.ident_server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return connection && (n = ::recv(connection.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;
  });
  const std::string ports(buffer.data(), static_cast<std::size_t>(n));
  const std::string line = ports.substr(0, ports.find('\r')) + " : " + answer + "\r\n";
  REQUIRE(::write(connection.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
}

}  // namespace

TEST_CASE("a server is started when the identity of its peer is in the log") {
  Bench bench(asking());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  answer(bench, "USERID : UNIX : joe");
  bench.run_until_jobs(1);
  CHECK(bench.entries() == "USERID: x UNIX : joe\n");
}

TEST_CASE("a peer without an identity is served, but not under IDONLY") {
  Bench lenient(asking());
  REQUIRE(lenient.runner->start());
  const Client one(lenient.where());
  answer(lenient, "ERROR : NO-USER");
  lenient.run_until_jobs(1);

  Bench strict(asking(true));
  REQUIRE(strict.runner->start());
  const Client two(strict.where());
  answer(strict, "ERROR : NO-USER");
  CHECK(two.read_all(strict) == "");
  CHECK(strict.entries().starts_with("NOID: x 127.0.0.1 "));
  CHECK(strict.spawner.requests.empty());
  CHECK(strict.around.processes == 0);
}

TEST_CASE("the identity of a refused peer is asked while its connection is open") {
  config::Service service = asking();
  service.settings.access_times.emplace();
  Bench bench(service);
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  answer(bench, "USERID : UNIX : joe");
  CHECK(client.read_all(bench) == "");
  CHECK(bench.entries() == "FAIL: x time from=127.0.0.1\nUSERID: x UNIX : joe\n");
}

TEST_CASE("a place is held while the identity is asked, and free when the service is removed meanwhile") {
  Bench bench(asking());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.ident.running() == 1; });
  CHECK(bench.around.processes == 1);
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(bench.around.processes == 0);
  CHECK(bench.runner->idle());
  CHECK(client.read_all(bench) == "");
}
