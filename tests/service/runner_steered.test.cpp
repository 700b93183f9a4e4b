// SPDX-License-Identifier: MIT
// Services whose access lists the kernel keeps, closed and opened again while a server has their socket.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include "fakes/socket_filters.hpp"
#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

constexpr std::string_view friend_of_it = "127.0.0.2";
constexpr std::string_view stranger = "127.0.0.1";

base::Fd duplicate(int fd) { return base::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

/// On a port that stays the same.
config::Service steered_service(config::SocketType type) {
  config::Service service = waiting_service(type);
  service.settings.only_from = pattern(friend_of_it);
  service.listen.shared_port = true;
  if (type == config::SocketType::dgram) service.settings.flags = config::Set{config::Flag::intercept};
  const auto probe = net::bind_socket(service.listen);
  REQUIRE(probe.has_value());
  service.listen.at.port = net::local_endpoint(probe->fd.get()).port;
  return service;
}

struct Steered : Bench {
  explicit Steered(config::SocketType type)
      : Bench(steered_service(type)), kind(type == config::SocketType::stream ? SOCK_STREAM : SOCK_DGRAM) {
    REQUIRE(runner->start());
    place = where();
  }
  [[nodiscard]] Client peer(std::string_view from) const {
    Client client(place, kind, from);
    if (kind == SOCK_DGRAM) client.send("x");
    return client;
  }
  [[nodiscard]] bool reaches(const base::Fd& socket) const {
    pollfd state{socket.get(), POLLIN, 0};
    return ::poll(&state, 1, 0) == 1;
  }
  /// A server has been started for a request, has answered it, and goes on with its copy of the socket.
  void start_server() {
    const std::size_t before = spawner.requests.size();
    const Client first = peer(friend_of_it);
    run_until_jobs(before + 1);
    its = duplicate(job(before).socket.get());
    take();
    spawner.deliver_started(before, server->pid(), server->pidfd());
  }
  void take() const {
    if (kind == SOCK_DGRAM)
      net::drop_datagram(its.get());
    else
      net::drop_connection(its.get());
  }
  void end_server() {
    its.reset();
    signal_servers(*runner, SIGKILL);
    run_until([&] { return runner->sessions().empty(); });
    for (auto& request : spawner.requests) request.job.socket.reset();
  }
  /// Who may come reaches the server, who may not reaches us.
  void check_server_is_steered() {
    const auto refused = runner->counters().refused_in_all();
    const Client unwanted = peer(stranger);
    run_until([&] { return runner->counters().refused_in_all() == refused + 1; });
    CHECK_FALSE(reaches(its));
    const Client wanted = peer(friend_of_it);
    CHECK(reaches(its));
    take();
  }

  int kind;
  base::Endpoint place;
  base::Fd its;
  std::optional<Process> server = Process::sleeping();
};

/// Does not wait for an answer, and sends what is sent to a socket of its kind.
void knock(const base::Fd& socket, const base::Endpoint& to, std::string_view from) {
  sockaddr_storage address;
  socklen_t length = base::fill_sockaddr({*base::Address::parse(from), 0}, false, address);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  length = base::fill_sockaddr(to, false, address);
  (void)::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length);
  (void)::send(socket.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

constexpr auto both = {config::SocketType::stream, config::SocketType::dgram};

}  // namespace

TEST_CASE("a steered service that is closed while its server runs goes on to turn away whom its server must not meet") {
  if (!fakes::socket_filters_allowed()) return;
  for (const config::SocketType type : both) {
    Steered bench(type);
    bench.start_server();
    bench.runner->stand(Standing::drained);
    CHECK_FALSE(bench.runner->endpoints().open());
    bench.check_server_is_steered();
    bench.end_server();
    CHECK(bench.runner->endpoints()[0]->refusing_fd() < 0);
    if (type == config::SocketType::stream) CHECK_FALSE(bench.peer(friend_of_it).connected());
  }
}

TEST_CASE("a steered service that was closed and opened again while its server ran serves whom its lists admit") {
  if (!fakes::socket_filters_allowed()) return;
  for (const config::SocketType type : both) {
    Steered bench(type);
    bench.start_server();
    bench.runner->stand(Standing::drained);
    bench.runner->stand(Standing::serving);
    CHECK(bench.runner->endpoints().open());
    CHECK(bench.runner->state().phase() == Phase::busy);
    bench.check_server_is_steered();
    bench.end_server();
    CHECK(bench.runner->state().phase() == Phase::listening);
    bench.server.emplace(Process::sleeping());
    bench.start_server();
    bench.check_server_is_steered();
  }
}

TEST_CASE("the lists of a closed service reach the server that goes on") {
  if (!fakes::socket_filters_allowed()) return;
  Steered bench(config::SocketType::stream);
  bench.start_server();
  bench.runner->stand(Standing::drained);
  config::Service changed = bench.runner->service();
  changed.settings.only_from = pattern(stranger);
  bench.runner->reconfigure(bench.setup_for(changed));
  const Client wanted = bench.peer(stranger);
  CHECK(bench.reaches(bench.its));
}

TEST_CASE("a removed steered service turns peers away as long as its server runs") {
  if (!fakes::socket_filters_allowed()) return;
  for (const config::SocketType type : both) {
    Steered bench(type);
    bench.start_server();
    bench.runner->retire(Runner::Servers::leave);
    bench.check_server_is_steered();
    bench.end_server();
    CHECK(bench.runner->endpoints()[0]->refusing_fd() < 0);
  }
}

TEST_CASE("a steered service that moves while its server runs turns peers away at its old place, and can come back to it") {
  if (!fakes::socket_filters_allowed()) return;
  for (const config::SocketType type : both) {
    Steered bench(type);
    bench.start_server();
    const config::Service before = bench.runner->service();
    config::Service elsewhere = before;
    elsewhere.listen.at.address = *base::Address::parse("127.0.0.3");
    bench.runner->reconfigure(bench.setup_for(elsewhere));
    REQUIRE(bench.runner->start());
    CHECK(bench.runner->state().phase() == Phase::listening);
    bench.check_server_is_steered();
    bench.runner->reconfigure(bench.setup_for(before));
    REQUIRE(bench.runner->start());
    CHECK(bench.where() == bench.place);
    CHECK(bench.runner->state().phase() == Phase::busy);
    bench.check_server_is_steered();
    bench.end_server();
    CHECK(bench.runner->state().phase() == Phase::listening);
  }
}

TEST_CASE("a steered service is opened beside a socket of its last life only in the right order") {
  if (!fakes::socket_filters_allowed()) return;
  for (const config::SocketType type : both) {
    Steered bench(type);
    bench.start_server();
    const base::Fd child = duplicate(bench.its.get());  // of a server that ends before its child does
    bench.end_server();
    bench.runner->stand(Standing::drained);
    bench.runner->stand(Standing::serving);
    CHECK(bench.runner->endpoints().open());  // the child's socket was hung up
    bench.server.emplace(Process::sleeping());
    bench.start_server();
    bench.check_server_is_steered();
  }
}

TEST_CASE("an upgrade hands on the socket that a closed service has left to its server") {
  if (!fakes::socket_filters_allowed()) return;
  Steered bench(config::SocketType::stream);
  bench.start_server();
  bench.runner->stand(Standing::drained);
  const InheritedRunner handed = bench.runner->hand_over();
  CHECK(handed.endpoints[0].listener == -1);
  REQUIRE(handed.endpoints[0].left_to_server >= 0);
  REQUIRE(handed.endpoints[0].turned_away >= 0);
  const auto next = std::make_shared<Runner>(bench.around, bench.setup_for(bench.runner->service()));
  next->restore(handed, [](int fd) { return fd < 0 ? base::Fd() : duplicate(fd); });
  bench.runner = next;
  next->carry_on();
  bench.check_server_is_steered();
  next->stand(Standing::serving);
  CHECK(next->endpoints().open());
  CHECK(next->state().phase() == Phase::busy);
  bench.check_server_is_steered();
}

TEST_CASE("a server that is left behind by a dead daemon meets only whom its lists admit") {
  if (!fakes::socket_filters_allowed()) return;
  for (const config::SocketType type : both) {
    Steered bench(type);
    bench.start_server();
    base::Fd theirs = duplicate(bench.its.get());
    bench.spawner.requests.clear();
    // The daemon is gone with all its descriptors; nobody has told the server.
    bench.runner.reset();
    bench.settle();
    {
      const base::Fd unwanted(::socket(AF_INET, bench.kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      knock(unwanted, bench.place, stranger);
      pollfd state{theirs.get(), POLLIN, 0};
      CHECK(::poll(&state, 1, 200) == 0);
    }
    const Client wanted = bench.peer(friend_of_it);
    CHECK(bench.reaches(theirs));
  }
}

TEST_CASE("a steered service whose second socket got lost in an upgrade has another one") {
  if (!fakes::socket_filters_allowed()) return;
  for (const bool drained : {false, true}) {
    INFO((drained ? "drained" : "serving"));
    Steered bench(config::SocketType::stream);
    bench.start_server();
    if (drained) bench.runner->stand(Standing::drained);
    InheritedRunner handed = bench.runner->hand_over();
    handed.endpoints[0].turned_away = -1;
    const auto next = std::make_shared<Runner>(bench.around, bench.setup_for(bench.runner->service()));
    next->restore(handed, [](int fd) { return fd < 0 ? base::Fd() : duplicate(fd); });
    bench.runner = next;
    next->carry_on();
    REQUIRE(next->endpoints()[0]->refusing_fd() >= 0);
    bench.check_server_is_steered();
  }
}

TEST_CASE("a steered service whose first socket got lost in an upgrade is opened anew") {
  if (!fakes::socket_filters_allowed()) return;
  Steered bench(config::SocketType::stream);
  InheritedRunner handed = bench.runner->hand_over();
  handed.endpoints[0].listener = -1;
  const auto next = std::make_shared<Runner>(bench.around, bench.setup_for(bench.runner->service()));
  next->restore(handed, [](int fd) { return fd < 0 ? base::Fd() : duplicate(fd); });
  bench.runner = next;
  next->carry_on();
  REQUIRE(next->endpoints().open());
  bench.start_server();
  bench.check_server_is_steered();
}

TEST_CASE("an heir of a steered service without a second socket has one") {
  if (!fakes::socket_filters_allowed()) return;
  Steered bench(config::SocketType::stream);
  InheritedRunner handed = bench.runner->hand_over();
  handed.endpoints[0].turned_away = -1;
  const auto leaving = std::make_shared<Runner>(bench.around, bench.setup_for(bench.runner->service()));
  leaving->restore(handed, [](int fd) { return fd < 0 ? base::Fd() : duplicate(fd); });
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(leaving->service()));
  REQUIRE(bench.runner->start_on_sockets_of(*leaving));
  REQUIRE(bench.runner->endpoints().open());
  REQUIRE(bench.runner->endpoints()[0]->refusing_fd() >= 0);
  bench.start_server();
  bench.check_server_is_steered();
}

TEST_CASE("changed lists hold for a service without a second socket, too") {
  if (!fakes::socket_filters_allowed()) return;
  Steered bench(config::SocketType::stream);
  InheritedRunner handed = bench.runner->hand_over();
  handed.endpoints[0].turned_away = -1;
  const auto next = std::make_shared<Runner>(bench.around, bench.setup_for(bench.runner->service()));
  next->restore(handed, [](int fd) { return fd < 0 ? base::Fd() : duplicate(fd); });
  bench.runner = next;
  next->hold(false);
  next->reconfigure(bench.setup_for(next->service()));
  REQUIRE(next->endpoints()[0]->refusing_fd() >= 0);
  bench.start_server();
  bench.check_server_is_steered();
}
