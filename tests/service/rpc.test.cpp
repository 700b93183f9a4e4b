// SPDX-License-Identifier: MIT
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <future>

#include "service/fixture.hpp"

// What is said to rpcbind, as the daemon sees it that waits for the end of it.
using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

config::Service rpc_service() {
  config::Service service = stream_service();
  service.settings.type = config::Set{config::Type::rpc};
  service.settings.rpc_number = 0x20fffff1;  // of those that everybody may use at home
  service.settings.rpc_version = config::VersionRange{1, 1};
  return service;
}

/// Where no rpcbind is, whatever this machine has: the port is bound, and nobody listens there.
struct NoRpcbind {
  explicit NoRpcbind(Bench& bench) {
    bench.around.rpcbind.socket_path = bench.directory / "rpcbind.sock";
    bench.around.rpcbind.tcp = net::local_endpoint(bound.fd.get());
  }
  net::Opened bound = *net::bind_socket(stream_service().listen);
};

}  // namespace

TEST_CASE("what is said to rpcbind is pending until the loop knows what came of it") {
  Bench bench(rpc_service());
  const NoRpcbind nowhere(bench);
  std::promise<void> go_on;
  boost::asio::post(bench.around.rpc, [waiting = go_on.get_future().share()] { waiting.wait(); });
  CHECK(bench.around.rpc_pending == 0);
  REQUIRE(bench.runner->start());
  CHECK(bench.around.rpc_pending == 1);
  bench.settle();
  CHECK(bench.around.rpc_pending == 1);
  bench.runner->retire(Runner::Servers::leave);
  CHECK(bench.around.rpc_pending == 2);
  const std::weak_ptr gone = std::exchange(bench.runner, nullptr);
  CHECK(gone.expired());
  go_on.set_value();
  bench.run_until([&] { return bench.around.rpc_pending == 0; });
}

TEST_CASE("a service that rpcbind cannot be told of is closed and tried again") {
  Bench bench(rpc_service());
  const NoRpcbind nowhere(bench);
  REQUIRE(bench.runner->start());
  bench.run_until([&] { return bench.around.rpc_pending == 0; });
  CHECK_FALSE(bench.runner->open());
  CHECK(bench.runner->state().phase() == Phase::closed);
}
