// SPDX-License-Identifier: MIT
// The real conversations inside the real sandbox: what they need must be on the list of system calls.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "worker/harness.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;

namespace {

/// A TCP connection over the loopback, and where it was accepted.
struct Tcp {
  Connection connection;
  base::Endpoint listening;
  base::Fd listener;
};

base::Fd tcp_socket() { return base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

Tcp listen_tcp() {
  Tcp tcp;
  tcp.listener = tcp_socket();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(tcp.listener.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(tcp.listener.get(), 8) == 0);
  REQUIRE(::getsockname(tcp.listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  tcp.listening = {base::Address::ipv4(INADDR_LOOPBACK), ntohs(address.sin_port)};
  return tcp;
}

base::Fd connect_to(const base::Endpoint& endpoint) {
  base::Fd fd = tcp_socket();
  sockaddr_storage address{};
  const socklen_t size = base::fill_sockaddr(endpoint, false, address);
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  const timeval deadline{30, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  return fd;
}

Connection make_tcp_connection() {
  const Tcp tcp = listen_tcp();
  Connection connection{connect_to(tcp.listening), {}};
  connection.server.reset(::accept4(tcp.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  return connection;
}

class RealBench : public Bench {
 public:
  RealBench() : Bench(Client::Options{.recipe = real_recipe()}) {}

  base::Fd start_tcp(std::uint64_t token, Kind kind, Parameters parameters = {}) {
    Connection connection = make_tcp_connection();
    client->start(token, kind, std::move(connection.server), std::move(parameters),
                  [this, token](Ending ending) { endings.emplace(token, std::move(ending)); });
    (void)ready_worker();
    return std::move(connection.peer);
  }
  /// The conversation has ended by itself, and its worker is still the first.
  void finishes(std::uint64_t token) {
    run_until(loop, [&] { return ended(token); });
    CHECK(endings.at(token).why == Ending::Why::finished);
    CHECK(troubles.empty());
  }
};

}  // namespace

TEST_CASE("the simple services work in the sandbox") {
  RealBench bench;
  base::Fd echo = bench.start_tcp(1, Kind::echo);
  bench.talk(echo);
  echo.reset();
  bench.finishes(1);

  base::Fd discard = bench.start_tcp(2, Kind::discard);
  write_all(discard, "nothing");
  discard.reset();
  bench.finishes(2);

  base::Fd chargen = bench.start_tcp(3, Kind::chargen);
  CHECK(read_some(chargen, 100'000).size() == 100'000);
  chargen.reset();
  bench.finishes(3);

  CHECK(read_some(bench.start_tcp(4, Kind::daytime), 1000).ends_with("\r\n"));
  bench.finishes(4);
  CHECK(read_some(bench.start_tcp(5, Kind::time), 1000).size() == 4);
  bench.finishes(5);
}

TEST_CASE("texts and administration work in the sandbox") {
  RealBench bench;
  Parameters texts;
  texts.texts = {std::string(100'000, 't'), "second\n"};
  CHECK(read_some(bench.start_tcp(1, Kind::text, texts), 200'000) == texts.texts[0]);
  bench.finishes(1);
  base::Fd admin = bench.start_tcp(2, Kind::xadmin, texts);
  write_all(admin, "help\r\nshow avail\r\nquit\r\n");
  CHECK(read_some(admin, 200'000).find("second") != std::string::npos);
  bench.finishes(2);
}

TEST_CASE("a relay works in the sandbox, in both directions, with much and with nothing to reach") {
  RealBench bench;
  const Tcp target = listen_tcp();
  Parameters relay;
  relay.targets = {target.listening};
  relay.keepalive = true;
  base::Fd peer = bench.start_tcp(1, Kind::relay, relay);
  base::Fd far(::accept4(target.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(far);
  const std::string much(50'000, 'm');
  for (int round = 0; round < 20; ++round) {
    write_all(peer, much);
    CHECK(read_some(far, much.size()) == much);
    write_all(far, much);
    CHECK(read_some(peer, much.size()) == much);
  }
  far.reset();
  peer.reset();
  bench.finishes(1);
  CHECK(bench.endings.at(1).report.in == 20 * much.size());

  Parameters nowhere;
  nowhere.targets = {{base::Address::ipv4(INADDR_LOOPBACK), 1}};
  const base::Fd alone = bench.start_tcp(2, Kind::relay, nowhere);
  bench.finishes(2);
  CHECK(bench.endings.at(2).report.connect_error == ECONNREFUSED);
  CHECK(bench.endings.at(2).report.failed_target.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("a relay works in the sandbox with a UNIX socket that it was given, which it could not have connected") {
  RealBench bench;
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  base::Fd far(ends[0]);
  Parameters relay;
  relay.target = std::make_shared<base::Fd>(ends[1]);
  relay.keepalive = true;
  base::Fd peer = bench.start_tcp(1, Kind::relay, relay);
  CHECK_FALSE(*relay.target);  // gone to the worker
  const std::string much(50'000, 'm');
  for (int round = 0; round < 20; ++round) {
    write_all(peer, much);
    CHECK(read_some(far, much.size()) == much);
    write_all(far, much);
    CHECK(read_some(peer, much.size()) == much);
  }
  ::shutdown(peer.get(), SHUT_WR);
  char byte = 0;
  CHECK(::recv(far.get(), &byte, 1, 0) == 0);
  write_all(far, "after the end");
  CHECK(read_some(peer, 13) == "after the end");
  far.reset();
  bench.finishes(1);
  CHECK(bench.endings.at(1).report.in == 20 * much.size());
  CHECK(bench.endings.at(1).report.out == 20 * much.size() + 13);
}

TEST_CASE("tcpmux in the sandbox gives the connection back with the request") {
  RealBench bench;
  Parameters parameters;
  parameters.idle_deadline = std::chrono::seconds(20);
  const base::Fd peer = bench.start_tcp(1, Kind::tcpmux, parameters);
  write_all(peer, "Finger\r\n");
  bench.finishes(1);
  const Report& report = bench.endings.at(1).report;
  CHECK(report.request == "finger");
  REQUIRE(report.connection);
  write_all(report.connection, "+yes");
  CHECK(read_some(peer, 4) == "+yes");
}
