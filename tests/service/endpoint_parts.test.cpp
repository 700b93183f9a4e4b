// SPDX-License-Identifier: MIT
// What an Endpoint is made of, each by itself.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <vector>

#include "service/fixture.hpp"
#include "xsuperd/service/foreign_state.hpp"
#include "xsuperd/service/refusing_socket.hpp"
#include "xsuperd/service/rpc_registration.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

struct Refusing {
  explicit Refusing(Bench& bench)
      : socket(bench.around, {.on_readable = [this] { socket.turn_away("x", spec); },
                              .on_peer = [this](net::Connection one) { peers.push_back(std::move(one)); },
                              .on_useless = [this](const std::string& why) { return useless = why, socket.close(), true; }}) {
    net::Opened opened = *net::open_socket(spec);
    where = net::local_endpoint(opened.fd.get());
    socket.take(std::move(opened.fd));
  }
  config::ListenSpec spec = stream_service().listen;
  std::vector<net::Connection> peers;
  std::string useless;
  base::Endpoint where;
  RefusingSocket socket;
};

config::Service rpc_service(std::uint32_t program) {
  config::Service service = stream_service();
  service.settings.rpc_number = program;
  service.settings.rpc_version = config::VersionRange{1, 2};
  return service;
}

}  // namespace

TEST_CASE("a refusing socket turns away whoever comes, once it is waited for") {
  Bench bench(stream_service());
  Refusing refusing(bench);
  const Client first(refusing.where);
  const Client second(refusing.where);
  bench.settle();
  CHECK(refusing.peers.empty());
  refusing.socket.resume();
  bench.run_until([&] { return refusing.peers.size() == 2; });
  CHECK(refusing.peers[0].fd);
  CHECK(refusing.useless == "");
}

TEST_CASE("a refusing socket that somebody has hung up is told as useless") {
  Bench bench(stream_service());
  Refusing refusing(bench);
  refusing.socket.resume();
  REQUIRE(::shutdown(refusing.socket.fd(), SHUT_RDWR) == 0);
  bench.run_until([&] { return !refusing.useless.empty(); });
  CHECK_FALSE(refusing.socket.open());
  CHECK(refusing.peers.empty());
}

TEST_CASE("what is foreign is compared with what it must be like, what is not is trusted") {
  const config::ListenSpec spec = waiting_service(config::SocketType::dgram).listen;
  const net::Opened opened = *net::open_socket(spec);
  const int fd = opened.fd.get();
  ForeignState state;
  const auto change = [fd] {
    const int value = 1;
    REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &value, sizeof value) == 0);
  };
  state.set(true);
  REQUIRE(state.bring_back(fd, spec, false).has_value());
  CHECK(state.is_known());
  CHECK(state.tampered(fd, spec) == "");
  change();
  CHECK(state.tampered(fd, spec) != "");
  REQUIRE(state.bring_back(fd, spec, false).has_value());
  CHECK(state.tampered(fd, spec) == "");
  change();
  state.forget();
  CHECK_FALSE(state.foreign());
  CHECK_FALSE(state.is_known());
  CHECK(state.tampered(fd, spec) == "");
}

TEST_CASE("only of a foreign socket it is a sign that it is readable in vain, and only again and again") {
  ForeignState state;
  for (int times = 0; times < 5; ++times) CHECK_FALSE(state.nothing_there_again());
  state.set(true);
  CHECK_FALSE(state.nothing_there_again());
  CHECK_FALSE(state.nothing_there_again());
  state.something_there();
  CHECK_FALSE(state.nothing_there_again());
  CHECK_FALSE(state.nothing_there_again());
  CHECK(state.nothing_there_again());
}

TEST_CASE("of two endpoints that overlap only the first is registered, and what is ended is free for others") {
  Bench bench(stream_service());
  const net::Opened nobody = *net::bind_socket(stream_service().listen);
  bench.around.rpc.place.socket_path = bench.directory / "rpcbind.sock";
  bench.around.rpc.place.tcp = net::local_endpoint(nobody.fd.get());
  std::vector<std::string> failures;
  const auto failed = [&](const std::string& why) { failures.push_back(why); };
  const auto first = std::make_shared<RpcRegistration>(bench.around, failed);
  const auto second = std::make_shared<RpcRegistration>(bench.around, failed);
  first->resume(rpc_service(300'000), 1000);
  CHECK(first->elsewhere(1001));
  CHECK_FALSE(first->elsewhere(1000));
  second->begin(rpc_service(300'000), 2000);
  CHECK_FALSE(second->registered());
  CHECK(failures.empty());  // not before begin() has returned
  bench.settle();
  CHECK(failures == std::vector<std::string>{"service x has it"});
  CHECK(bench.around.rpc.pending == 0);
  first->end();
  CHECK_FALSE(first->registered());
  CHECK_FALSE(first->elsewhere(1001));
  second->begin(rpc_service(300'000), 2000);
  CHECK(second->registered());
  bench.run_until([&] { return bench.around.rpc.pending == 0; });
  CHECK(failures.size() == 2);  // nobody was there to ask
  CHECK_FALSE(second->registered());
}
