// SPDX-License-Identifier: MIT
// Sockets that waiting servers have had, and that whoever got them from those servers has still.
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "fakes/socket_filters.hpp"
#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

const auto udp = config::SocketType::dgram;
const auto tcp = config::SocketType::stream;

int option_of(const base::Fd& fd, int level, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd.get(), level, option, &value, &length);
  return value;
}

void set(const base::Fd& fd, int level, int option, int value) {
  CHECK(::setsockopt(fd.get(), level, option, &value, sizeof value) == 0);
}

void program(const base::Fd& fd, int option, std::uint32_t verdict) {
  sock_filter one[]{{BPF_RET | BPF_K, 0, 0, verdict}};
  const sock_fprog all{1, one};
  CHECK(::setsockopt(fd.get(), SOL_SOCKET, option, &all, sizeof all) == 0);
}

bool reached(const base::Fd& fd) {
  pollfd state{fd.get(), POLLIN, 0};
  return ::poll(&state, 1, 0) == 1;
}

config::Service service_of(config::SocketType type, const std::function<void(config::Service&)>& change) {
  config::Service service = waiting_service(type);
  change(service);
  const auto probe = net::bind_socket(service.listen);
  REQUIRE(probe.has_value());
  service.listen.at.port = net::local_endpoint(probe->fd.get()).port;
  return service;
}

struct Foreign : Bench {
  explicit Foreign(
      config::SocketType type, const std::function<void(config::Service&)>& change = [](auto&) {})
      : Bench(service_of(type, change)), kind(type == tcp ? SOCK_STREAM : SOCK_DGRAM) {
    REQUIRE(runner->start());
    place = where();
  }
  [[nodiscard]] Client peer(std::string_view from = "127.0.0.1") const {
    Client client(place, kind, from);
    if (kind == SOCK_DGRAM) client.send("x");
    return client;
  }
  /// A server takes one peer, does harm to its socket, and ends; `its` is what a child of it keeps.
  void serve(const std::function<void(const base::Fd&)>& harm = [](auto&) {}, std::string_view from = "127.0.0.1") {
    const std::size_t number = spawner.requests.size();
    const Client client = peer(from);
    run_until_jobs(number + 1);
    its = base::Fd(::fcntl(job(number).socket.get(), F_DUPFD_CLOEXEC, 0));
    job(number).socket.reset();
    const Process server = Process::ended(0);
    if (kind == SOCK_DGRAM) net::drop_datagram(its.get());
    else net::drop_connection(its.get());
    harm(its);
    spawner.deliver_started(number, server.pid(), server.pidfd());
    run_until([&] { return runner->state().running() == 0; });
  }
  int kind;
  base::Endpoint place;
  base::Fd its;
};

}  // namespace

TEST_CASE("a socket that its server has shut down is opened anew, and the loop does not spin") {
  for (const auto type : {tcp, udp}) {
    Foreign bench(type);
    bench.serve([](const base::Fd& fd) { ::shutdown(fd.get(), SHUT_RDWR); });
    CHECK(bench.where() == bench.place);
    CHECK(bench.sink.has("its socket is no longer usable and is reopened"));
    bench.settle();
    CHECK(bench.spawner.requests.size() == 1);
    bench.serve();
    CHECK(bench.spawner.requests.size() == 2);
  }
}

TEST_CASE("the next server finds the options of its socket as they were") {
  if (!fakes::socket_filters_allowed()) return;
  for (const auto type : {tcp, udp}) {
    Foreign bench(type);
    bench.serve([](const base::Fd& fd) {
      set(fd, SOL_SOCKET, SO_RCVLOWAT, 5000);
      set(fd, IPPROTO_IP, IP_TTL, 1);
      set(fd, SOL_SOCKET, SO_RCVBUF, 1);
      program(fd, SO_ATTACH_FILTER, 0);
    });
    const int ttl = option_of(base::Fd(::socket(AF_INET, SOCK_DGRAM, 0)), IPPROTO_IP, IP_TTL);
    bench.serve();
    CHECK(option_of(bench.its, SOL_SOCKET, SO_RCVLOWAT) == 1);
    CHECK(option_of(bench.its, IPPROTO_IP, IP_TTL) == ttl);
    CHECK(option_of(bench.its, SOL_SOCKET, SO_RCVBUF) > 10000);
  }
}

TEST_CASE("a refusal never waits for a connection that a child of a server took first") {
  Foreign bench(tcp, [](auto& s) { s.settings.max_load = 1.0; });
  bench.around.clock.load = [] { return std::optional<double>(0); };
  bench.serve();
  bench.around.clock.load = [&bench]() -> std::optional<double> {
    const base::Fd taken(::accept4(bench.its.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ::fcntl(bench.its.get(), F_SETFL, O_RDWR);
    return 5;
  };
  const Client client = bench.peer();
  bench.run_until([&] { return bench.runner->counters().refused_in_all() == 1; });
  bench.around.clock.load = [] { return std::optional<double>(0); };
  bench.serve();
  CHECK(bench.spawner.requests.size() == 2);
}

TEST_CASE("a socket whose options change while it waits for its next use is opened anew") {
  Foreign bench(tcp);
  bench.serve();
  const base::Fd old = std::move(bench.its);
  set(old, IPPROTO_IP, IP_TTL, 1);
  const Client lost = bench.peer();
  bench.run_until([&] { return option_of(old, SOL_SOCKET, SO_ACCEPTCONN) == 0; });
  bench.serve();
  CHECK(option_of(bench.its, IPPROTO_IP, IP_TTL) != 1);
}

TEST_CASE("peers that came while a server ran are kept for the next one") {
  Foreign bench(tcp);
  std::optional<Client> second;
  bench.serve([&](const base::Fd&) { second.emplace(bench.peer()); });
  bench.run_until_jobs(2);
  CHECK(reached(bench.job(1).socket));
}

TEST_CASE("a quiet service's socket is opened anew after its server has ended") {
  for (const auto type : {tcp, udp}) {
    Foreign bench(type);
    bench.hurry = true;
    bench.serve();
    bench.settle();
    const Client client = bench.peer();
    bench.run_until_jobs(2);
    char byte = 0;
    CHECK(option_of(bench.its, SOL_SOCKET, SO_ACCEPTCONN) == 0);
    CHECK(::recv(bench.its.get(), &byte, 1, MSG_DONTWAIT) <= 0);
    CHECK(reached(bench.job(1).socket));
  }
}

TEST_CASE("a server that lets everybody in and locks its socket does so for itself alone") {
  if (!fakes::socket_filters_allowed()) return;
  for (const auto type : {tcp, udp}) {
    Foreign bench(type, [&](config::Service& s) {
      s.settings.only_from = pattern("127.0.0.2");
      s.listen.shared_port = true;
      if (type == udp) s.settings.flags = config::Set{config::Flag::intercept};
    });
    std::optional<Client> stranger;
    bench.serve(
        [&](const base::Fd& fd) {
          set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
          program(fd, SO_ATTACH_REUSEPORT_CBPF, 0);
          set(fd, SOL_SOCKET, SO_LOCK_FILTER, 1);
          stranger.emplace(bench.peer("127.0.0.1"));
        },
        "127.0.0.2");
    bench.settle();
    CHECK(bench.spawner.requests.size() == 1);
    const auto refused = bench.runner->counters().refused_in_all();
    const Client another = bench.peer("127.0.0.1");
    bench.run_until([&] { return bench.runner->counters().refused_in_all() > refused; });
    bench.serve([](auto&) {}, "127.0.0.2");
    CHECK(bench.spawner.requests.size() == 2);
  }
}

TEST_CASE("a service that accepts does not take over a socket that a server has had") {
  Foreign bench(tcp);
  bench.serve();
  config::Service accepts = bench.runner->service();
  accepts.wait = false;
  const auto heir = std::make_shared<Runner>(bench.around, bench.setup_for(accepts));
  REQUIRE(heir->start_on_sockets_of(*bench.runner));
  bench.runner->retire(Runner::Servers::leave);
  CHECK(option_of(bench.its, SOL_SOCKET, SO_ACCEPTCONN) == 0);
  CHECK(net::local_endpoint(heir->endpoints().listening_fd()) == bench.place);
  heir->retire(Runner::Servers::leave);
}

TEST_CASE("a closed service leaves no socket behind to those who got it from its last server") {
  Foreign bench(tcp);
  bench.serve();
  bench.runner->stand(Standing::disabled);
  CHECK(option_of(bench.its, SOL_SOCKET, SO_ACCEPTCONN) == 0);
  bench.runner->stand(Standing::serving);
  CHECK(bench.runner->endpoints().open());
  CHECK(bench.where() == bench.place);
}
