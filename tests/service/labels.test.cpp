// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "fakes/fake_labels.hpp"
#include "service/fixture.hpp"

// Servers of services with the flag LABELED, with a kernel that the test makes up.
using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

config::Service labeled_service() {
  config::Service service = stream_service();
  service.settings.flags = {config::Flag::labeled};
  return service;
}

struct Labeled {
  explicit Labeled(config::Service service) : bench(std::move(service)) {
    bench.around.serving.labels = &labels;
    REQUIRE(bench.runner->start());
  }
  fakes::FakeLabels labels;
  Bench bench;
};

}  // namespace

TEST_CASE("a labeled server is executed in the context that its connection asks for") {
  Labeled l(labeled_service());
  const Client client(l.bench.where());
  l.bench.run_until_jobs(1);
  CHECK(l.bench.job(0).exec_context == "u:r:server_t:s0:c7");
  CHECK(l.labels.servers == std::vector<std::string>{"/bin/server"});
  CHECK(l.labels.connection == l.bench.job(0).socket.get());
}

TEST_CASE("other servers get no context, and no label is asked for") {
  Labeled l(stream_service());
  const Client client(l.bench.where());
  l.bench.run_until_jobs(1);
  CHECK(l.bench.job(0).exec_context.empty());
  CHECK(l.labels.servers.empty());
}

TEST_CASE("a connection whose label leads to no context is closed and frees its place") {
  Labeled l(labeled_service());
  l.labels.answer = base::Error{0, "the connection has no label"};
  const Client client(l.bench.where());
  CHECK(client.read_all(l.bench).empty());
  CHECK(l.bench.sink.has("Changing process context failed for x: the connection has no label"));
  CHECK(l.bench.spawner.requests.empty());
  CHECK(l.bench.runner->sessions().empty());
  CHECK(l.bench.runner->state().running() == 0);
  CHECK(l.bench.entries().empty());

  l.labels.answer = std::string("u:r:server_t:s0");
  const Client next(l.bench.where());
  l.bench.run_until_jobs(1);
}

TEST_CASE("without SELinux a labeled server is never started") {
  Labeled l(labeled_service());
  l.bench.around.serving.labels = nullptr;
  const Client client(l.bench.where());
  CHECK(client.read_all(l.bench).empty());
  CHECK(l.bench.sink.has("Changing process context failed for x: this kernel has no SELinux"));
  CHECK(l.bench.spawner.requests.empty());
}
