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
    bench.around.rpc.place.socket_path = bench.directory / "rpcbind.sock";
    bench.around.rpc.place.tcp = net::local_endpoint(bound.fd.get());
  }
  net::Opened bound = *net::bind_socket(stream_service().listen);
};

}  // namespace

TEST_CASE("what is said to rpcbind is pending until the loop knows what came of it") {
  Bench bench(rpc_service());
  const NoRpcbind nowhere(bench);
  std::promise<void> go_on;
  boost::asio::post(bench.around.rpc.thread, [waiting = go_on.get_future().share()] { waiting.wait(); });
  CHECK(bench.around.rpc.pending == 0);
  REQUIRE(bench.runner->start());
  CHECK(bench.around.rpc.pending == 1);
  bench.settle();
  CHECK(bench.around.rpc.pending == 1);
  bench.runner->retire(Runner::Servers::leave);
  CHECK(bench.around.rpc.pending == 2);
  const std::weak_ptr gone = std::exchange(bench.runner, nullptr);
  CHECK(gone.expired());
  go_on.set_value();
  bench.run_until([&] { return bench.around.rpc.pending == 0; });
}

TEST_CASE("a service that rpcbind cannot be told of is closed and tried again") {
  Bench bench(rpc_service());
  const NoRpcbind nowhere(bench);
  REQUIRE(bench.runner->start());
  bench.run_until([&] { return bench.around.rpc.pending == 0; });
  CHECK_FALSE(bench.runner->endpoints().open());
  CHECK(bench.runner->state().phase() == Phase::closed);
}

// Decision B15.25.
TEST_CASE("the second of two services for one RPC program does not get its registration") {
  Bench bench(rpc_service());
  const NoRpcbind nowhere(bench);
  std::promise<void> go_on;
  boost::asio::post(bench.around.rpc.thread, [waiting = go_on.get_future().share()] { waiting.wait(); });
  REQUIRE(bench.runner->start());

  config::Service other = rpc_service();
  other.id = "second";
  const bool overlaps = GENERATE(true, false);
  if (!overlaps) other.settings.rpc_version = config::VersionRange{2, 3};
  const auto second = std::make_shared<Runner>(bench.around, bench.setup_for(other));
  REQUIRE(second->start());
  bench.settle();
  CHECK(bench.around.rpc.pending == (overlaps ? 1 : 2));  // rpcbind is asked for the first alone
  CHECK(second->endpoints().open() == !overlaps);
  CHECK(bench.sink.has("service=second program=553648113: service x has it") == overlaps);
  CHECK(bench.runner->endpoints().open());

  bench.runner->retire(Runner::Servers::leave);
  second->retire(Runner::Servers::leave);
  CHECK(bench.around.rpc.pending == (overlaps ? 2 : 4));  // what the second never had it does not take back
  go_on.set_value();
  bench.run_until([&] { return bench.around.rpc.pending == 0; });
}

TEST_CASE("a service gets the registration of its RPC program when the one that had it has gone") {
  Bench bench(rpc_service());
  const NoRpcbind nowhere(bench);
  bench.hurry = true;
  std::promise<void> go_on;
  boost::asio::post(bench.around.rpc.thread, [waiting = go_on.get_future().share()] { waiting.wait(); });
  REQUIRE(bench.runner->start());
  config::Service other = rpc_service();
  other.id = "second";
  const auto second = std::make_shared<Runner>(bench.around, bench.setup_for(other));
  REQUIRE(second->start());
  bench.runner->retire(Runner::Servers::leave);
  CHECK(bench.around.rpc.pending == 2);
  bench.run_until([&] { return bench.around.rpc.pending == 3; });
  second->retire(Runner::Servers::leave);
  go_on.set_value();
  bench.run_until([&] { return bench.around.rpc.pending == 0; });
}
