// SPDX-License-Identifier: MIT
// Services for ranges of ports: what leads connections to their sockets comes and goes with these.
#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <map>

#include "fakes/own_network.hpp"
#include "service/fixture.hpp"
#include "xsuperd/service/lookups.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

base::Fd duplicate(int fd) { return base::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

config::Service range_service(std::uint16_t first = 1) {
  config::Service service = stream_service();
  service.listen.kind = config::ListenSpec::Kind::range;
  service.listen.range = {*base::Address::parse("127.5.0.0"), 16, first, 65535};
  service.listen.ipv6 = false;
  service.listen.at = {};
  return service;
}

/// In the network of the test: its threads are started there, too.
struct Ranges : Bench {
  explicit Ranges(config::Service service = range_service()) : Bench(std::move(service)) { hurry = true; }
  /// Runs the loop until a connection to that port is taken, or refused.
  void run_until_taken(std::uint16_t port) {
    run_until([&] { return Client(at_port(port)).connected(); });
  }
  void run_until_refused(std::uint16_t port) {
    run_until([&] { return !Client(at_port(port)).connected(); });
  }
  [[nodiscard]] bool refuses(std::uint16_t port) const { return !Client(at_port(port)).connected(); }
  [[nodiscard]] static base::Endpoint at_port(std::uint16_t port) { return {*base::Address::parse("127.5.0.1"), port}; }
  [[nodiscard]] const Endpoint& endpoint() const { return *runner->endpoints()[0]; }
};

}  // namespace

TEST_CASE("a range of ports answers when the kernel has told who listens, and is closed with its service") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Ranges bench;
  REQUIRE(bench.runner->start());
  CHECK(bench.around.sockets.lookups->wait());
  CHECK(bench.refuses(80));
  bench.run_until([&] { return !bench.around.sockets.lookups->wait(); });
  CHECK_FALSE(bench.refuses(80));
  bench.runner->stand(Standing::drained);
  CHECK(bench.refuses(80));
  bench.runner->stand(Standing::serving);
  bench.run_until_taken(80);
  bench.runner->retire(Runner::Servers::leave);
  CHECK(bench.refuses(80));
}

TEST_CASE("a range of ports leaves our services alone at once, and others when the kernel is asked again") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Ranges bench;
  REQUIRE(bench.runner->start());
  bench.run_until_taken(80);
  bench.around.sockets.lookups->note_places({{Ranges::at_port(80)}});
  bench.run_until_refused(80);
  bench.around.sockets.lookups->note_places({});
  bench.run_until_taken(80);
  config::ListenSpec other = stream_service().listen;
  other.at = Ranges::at_port(81);
  auto socket = net::open_socket(other);
  REQUIRE(socket.has_value());
  ::fcntl(socket->fd.get(), F_SETFL, O_NONBLOCK);
  bench.run_until([&] {
    const Client client(Ranges::at_port(81));
    return base::Fd(::accept4(socket->fd.get(), nullptr, nullptr, SOCK_CLOEXEC)).get() >= 0;
  });
  socket->fd.reset();
  bench.run_until_taken(81);
}

TEST_CASE("a range of ports that cannot be had is tried again, and told once") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Ranges bench;
  REQUIRE(::seteuid(65534) == 0);
  const bool started = bench.runner->start();
  REQUIRE(::seteuid(0) == 0);
  CHECK_FALSE(started);
  CHECK(bench.runner->endpoints().trouble() == "a range of ports needs the capabilities CAP_NET_ADMIN and CAP_BPF");
  CHECK(bench.refuses(80));
  bench.run_until_taken(80);
}

TEST_CASE("a range of ports passes to the next image, which goes on without a gap") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Ranges bench;
  REQUIRE(bench.runner->start());
  bench.run_until_taken(80);
  const InheritedEndpoint handed = bench.runner->hand_over().endpoints.at(0);
  REQUIRE(handed.lookup >= 0);
  REQUIRE(handed.lookup_ports >= 0);
  InheritedRunner all = bench.runner->hand_over();
  std::map<int, base::Fd> copies;
  for (const int number : {handed.listener, handed.lookup, handed.lookup_ports}) copies[number] = duplicate(number);
  SECTION("as they are") {}
  SECTION("with something else in place of a map") { copies[handed.lookup_ports] = duplicate(handed.listener); }
  SECTION("without them") {
    copies.erase(handed.lookup);
    copies.erase(handed.lookup_ports);
  }
  auto before = std::move(bench.runner);  // it would end what it has handed over
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(range_service()));
  bench.runner->restore(all, [&](int number) { return copies.contains(number) ? std::move(copies[number]) : base::Fd{}; });
  bench.runner->carry_on();
  CHECK(bench.runner->hand_over().endpoints.at(0).lookup >= 0);
  bench.run_until_taken(80);
  bench.runner->retire(Runner::Servers::leave);
  before.reset();
  CHECK(bench.refuses(80));
}

TEST_CASE("a range of ports that another service takes over is never closed") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Ranges bench;
  REQUIRE(bench.runner->start());
  bench.run_until_taken(80);
  const auto leaving = std::move(bench.runner);
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(range_service()));
  REQUIRE(bench.runner->start_on_sockets_of(*leaving));
  CHECK_FALSE(bench.refuses(80));
  leaving->retire(Runner::Servers::leave);
  CHECK_FALSE(bench.refuses(80));
}

TEST_CASE("a range of ports that has changed is another place") {
  const fakes::OwnNetwork network;
  if (!network.allows_port_lookups()) return;
  Ranges bench;
  REQUIRE(bench.runner->start());
  bench.run_until_taken(80);
  bench.runner->reconfigure(bench.setup_for(range_service(1000)));
  CHECK(bench.refuses(80));
  REQUIRE(bench.runner->start());
  bench.run_until_taken(1000);
  CHECK(bench.refuses(80));
}
