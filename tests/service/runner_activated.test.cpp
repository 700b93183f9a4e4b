// SPDX-License-Identifier: MIT
// Sockets that a service manager has handed over, or keeps duplicates of.
#include <fcntl.h>
#include <net/if.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "fakes/socket_filters.hpp"
#include "service/fixture.hpp"
#include "xsuperd/net/service_manager.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

base::Fd duplicate(int fd) { return base::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

/// The kernel keeps its lists, and admits nobody from here.
config::Service steered_service(config::SocketType type = config::SocketType::stream) {
  config::Service service = waiting_service(type);
  service.listen.shared_port = true;
  service.settings.only_from = pattern("10.0.0.0/8");
  if (type == config::SocketType::dgram) service.settings.flags = config::Set{config::Flag::intercept};
  return service;
}

/// A Runner, and a socket like its own that a manager has open, too.
struct Managed : Bench {
  explicit Managed(config::Service service) : Bench(service), theirs(open_like(service.listen)) {
    around.hooks.on_sockets = [this] { ++told; };
  }
  static base::Fd open_like(const config::ListenSpec& spec) {
    auto opened = net::open_socket(spec);
    REQUIRE(opened.has_value());
    return std::move(opened->fd);
  }
  void hand(std::string name) { around.sockets.activated.give_back({std::move(name), duplicate(theirs.get())}); }
  [[nodiscard]] base::Endpoint place() const { return net::local_endpoint(theirs.get()); }

  base::Fd theirs;
  int told = 0;
};

}  // namespace

TEST_CASE("a socket that a manager hands over serves in place of one of our own") {
  Managed bench(stream_service());
  bench.hand("x");
  REQUIRE(bench.runner->start());
  CHECK(bench.runner->endpoints()[0]->is_lent());
  CHECK(bench.where() == bench.place());
  CHECK(bench.told == 1);
  CHECK(bench.around.sockets.activated.sockets().empty());
  const Client client(bench.place());
  bench.run_until_jobs(1);
}

TEST_CASE("a manager's socket is put aside when its service closes, and taken again when it opens") {
  Managed bench(stream_service());
  bench.around.sockets.duplicates_kept = true;
  bench.hand("x");
  REQUIRE(bench.runner->start());
  bench.runner->stand(Standing::drained);
  CHECK_FALSE(bench.runner->endpoints().open());
  CHECK_FALSE(bench.runner->endpoints()[0]->is_lent());
  REQUIRE(bench.around.sockets.activated.sockets().size() == 1);
  CHECK(bench.around.sockets.activated.sockets()[0].name == "x");
  const Client waits(bench.place());
  CHECK(waits.connected());
  bench.runner->stand(Standing::serving);
  CHECK(bench.runner->endpoints()[0]->is_lent());
  bench.run_until_jobs(1);
  CHECK(bench.told == 3);
}

TEST_CASE("a pause of cps puts a manager's socket aside, too") {
  config::Service service = stream_service();
  service.settings.cps = config::Rate{1, 1};
  Managed bench(service);
  bench.hand("x");
  REQUIRE(bench.runner->start());
  const Client one(bench.place());
  const Client two(bench.place());
  bench.hurry = false;
  bench.run_until([&] { return bench.runner->state().phase() == Phase::paused; });
  CHECK(bench.around.sockets.activated.sockets().size() == 1);
}

namespace {

/// A server takes one peer from the manager's socket and ends.
void serve(Managed& bench) {
  const std::size_t number = bench.spawner.requests.size();
  const Client client(bench.place());
  bench.run_until_jobs(number + 1);
  net::drop_connection(bench.job(number).socket.get());
  bench.job(number).socket.reset();
  const Process server = Process::ended(0);
  bench.spawner.deliver_started(number, server.pid(), server.pidfd());
  bench.run_until([&] { return bench.runner->state().running() == 0; });
}

int interface_of(const base::Fd& fd) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd.get(), SOL_SOCKET, 62, &value, &length);  // SO_BINDTOIFINDEX
  return value;
}

}  // namespace

TEST_CASE("a refusal leaves a manager its socket, though a server has had it") {
  config::Service service = waiting_service(config::SocketType::stream);
  service.settings.max_load = 1.0;
  Managed bench(service);
  bench.around.clock.load = [] { return std::optional<double>(0); };
  bench.hand("x");
  REQUIRE(bench.runner->start());
  serve(bench);
  bench.around.clock.load = [] { return std::optional<double>(5); };
  const Client refused(bench.place());
  bench.run_until([&] { return bench.runner->counters().refused_in_all() == 1; });
  CHECK(bench.runner->endpoints()[0]->is_lent());
  CHECK_FALSE(net::facts_of(bench.theirs.get())->hung_up);
  CHECK(net::facts_of(bench.theirs.get())->listens);
  CHECK(interface_of(bench.theirs) == 0);
  bench.around.clock.load = [] { return std::optional<double>(0); };
  serve(bench);
  CHECK(bench.runner->endpoints()[0]->is_lent());
  CHECK(bench.runner->counters().refused_in_all() == 1);
}

TEST_CASE("a manager's socket stays bound to its interface after a server has had it and it was put aside") {
  Managed bench(waiting_service(config::SocketType::stream));
  const int loopback = static_cast<int>(::if_nametoindex("lo"));
  REQUIRE(::setsockopt(bench.theirs.get(), SOL_SOCKET, 62, &loopback, sizeof loopback) == 0);
  bench.hand("x");
  REQUIRE(bench.runner->start());
  serve(bench);
  bench.runner->stand(Standing::drained);
  bench.runner->stand(Standing::serving);
  CHECK(bench.runner->endpoints()[0]->is_lent());
  CHECK(interface_of(bench.theirs) == loopback);
  serve(bench);
  CHECK(interface_of(bench.theirs) == loopback);
}

TEST_CASE("a socket that was kept for this service is its own again") {
  Managed bench(stream_service());
  bench.hand(net::stored_name("x", stream_service().listen));
  REQUIRE(bench.runner->start());
  CHECK_FALSE(bench.runner->endpoints()[0]->is_lent());
  CHECK(bench.where() == bench.place());
  bench.runner->stand(Standing::drained);
  CHECK(bench.around.sockets.activated.sockets().empty());
}

TEST_CASE("a socket of which a duplicate is kept refuses peers as soon as its service has closed it") {
  Managed bench(stream_service());
  bench.around.sockets.duplicates_kept = true;
  REQUIRE(bench.runner->start());
  const base::Fd kept = duplicate(bench.runner->endpoints().listening_fd());
  const base::Endpoint place = bench.where();
  bench.runner->retire(Runner::Servers::leave);
  CHECK_FALSE(Client(place).connected());
}

TEST_CASE("when the daemon ends a kept duplicate goes on taking peers in") {
  Managed bench(stream_service());
  REQUIRE(bench.runner->start());
  const base::Fd kept = duplicate(bench.runner->endpoints().listening_fd());
  const base::Endpoint place = bench.where();
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(Client(place).connected());
}

TEST_CASE("a server that waits keeps its socket when its service goes") {
  Managed bench(waiting_service(config::SocketType::stream));
  bench.around.sockets.duplicates_kept = true;
  REQUIRE(bench.runner->start());
  const base::Endpoint place = bench.where();
  const Client client(place);
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  const base::Fd its = duplicate(bench.job(0).socket.get());
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.runner->retire(Runner::Servers::leave);
  CHECK(Client(place).connected());
}

TEST_CASE("a service that takes another one's place takes a manager's socket as such") {
  Managed bench(stream_service());
  bench.hand("x");
  REQUIRE(bench.runner->start());
  const auto old = bench.runner;
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(stream_service()));
  REQUIRE(bench.runner->start_on_sockets_of(*old));
  old->retire(Runner::Servers::leave);
  CHECK(bench.runner->endpoints()[0]->is_lent());
  CHECK_FALSE(old->endpoints()[0]->is_lent());
  CHECK(bench.around.sockets.activated.sockets().empty());
}

TEST_CASE("both sockets of a service whose lists the kernel keeps are taken back, and steered anew") {
  if (!fakes::socket_filters_allowed()) return;
  const config::Service service = steered_service();
  Managed bench(service);
  REQUIRE(bench.runner->start());
  const base::Fd kept = duplicate(bench.runner->endpoints().listening_fd());
  const base::Fd refusing = duplicate(bench.runner->endpoints()[0]->refusing_fd());
  const base::Endpoint place = bench.where();
  bench.runner->retire(Runner::Servers::leave);
  bench.around.sockets.activated.give_back({net::stored_name("x", service.listen), duplicate(kept.get())});
  bench.around.sockets.activated.give_back({net::stored_refusing_name("x", service.listen), duplicate(refusing.get())});
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(service));
  REQUIRE(bench.runner->start());
  CHECK(bench.around.sockets.activated.sockets().empty());
  CHECK(bench.where() == place);
  CHECK(net::local_endpoint(bench.runner->endpoints()[0]->refusing_fd()) == place);
  const Client refused(place);
  bench.run_until([&] { return bench.runner->counters().decided() == 1; });
  CHECK(bench.runner->state().phase() == Phase::listening);
}

TEST_CASE("a second socket that does not fit is not taken, and one is opened") {
  if (!fakes::socket_filters_allowed()) return;
  const config::Service service = steered_service();
  Managed bench(service);
  bench.hand(net::stored_name("x", service.listen));
  const base::Fd udp = Managed::open_like(waiting_service(config::SocketType::dgram).listen);
  bench.around.sockets.activated.give_back({net::stored_refusing_name("x", service.listen), duplicate(udp.get())});
  REQUIRE(bench.runner->start());
  CHECK(bench.around.sockets.activated.sockets().size() == 1);
  CHECK(net::local_endpoint(bench.runner->endpoints()[0]->refusing_fd()) == bench.place());
  const Client refused(bench.place());
  bench.run_until([&] { return bench.runner->counters().decided() == 1; });
}

TEST_CASE("a kept socket of a service that had no lists is steered when it has some") {
  if (!fakes::socket_filters_allowed()) return;
  config::Service plain = waiting_service(config::SocketType::stream);
  Managed bench(steered_service());
  const base::Fd alone = Managed::open_like(plain.listen);
  bench.around.sockets.activated.give_back({net::stored_name("x", plain.listen), duplicate(alone.get())});
  REQUIRE(bench.runner->start());
  CHECK(bench.where() == net::local_endpoint(alone.get()));
  const Client refused(bench.where());
  bench.run_until([&] { return bench.runner->counters().decided() == 1; });
  CHECK(bench.runner->state().phase() == Phase::listening);
}

TEST_CASE("a second socket that is of no use any more is not waited for: the service is opened anew") {
  if (!fakes::socket_filters_allowed()) return;
  for (const config::SocketType type : {config::SocketType::stream, config::SocketType::dgram}) {
    config::Service service = steered_service(type);
    Managed bench(service);
    bench.around.sockets.duplicates_kept = true;
    REQUIRE(bench.runner->start());
    ::shutdown(bench.runner->endpoints()[0]->refusing_fd(), SHUT_RDWR);
    bench.run_until([&] { return bench.runner->state().phase() == Phase::closed; });
    CHECK(bench.runner->endpoints()[0]->refusing_fd() < 0);
    CHECK(bench.asked == std::vector{std::chrono::milliseconds(1000)});
    bench.hurry = true;
    REQUIRE(bench.runner->start());
    CHECK(bench.runner->endpoints()[0]->refusing_fd() >= 0);
  }
}

TEST_CASE("a second socket with nothing to take is looked at again only after a while") {
  Managed bench(steered_service(config::SocketType::dgram));
  REQUIRE(bench.runner->start());
  ::shutdown(bench.runner->endpoints()[0]->refusing_fd(), SHUT_RD);  // readable for ever
  bench.run_until([&] { return !bench.asked.empty(); });
  bench.settle();
  CHECK(bench.asked == std::vector{std::chrono::milliseconds(100)});
  CHECK(bench.runner->counters().decided() == 0);
  CHECK(bench.runner->state().phase() == Phase::listening);
}

TEST_CASE("a recipe names the socket that a waiting server is passed, and no other") {
  config::Service service = waiting_service(config::SocketType::stream);
  service.id = "a:b";
  service.settings.pass_fds = config::PassFds::systemd;
  CHECK(make_recipe(service, {})->listen_name == "a\\x3ab");
  service.settings.pass_fds = config::PassFds::none;
  CHECK_FALSE(make_recipe(service, {})->listen_name);
  config::Service plain = stream_service();
  plain.settings.pass_fds = config::PassFds::systemd;
  CHECK_FALSE(make_recipe(plain, {})->listen_name);
}
