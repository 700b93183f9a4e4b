// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

struct Nowhere final : log::Output {
  Outcome write(const Line&) override { return Outcome::written; }
};

/// A bench whose service has an event log, and nothing else.
class Recorded : public Bench {
 public:
  explicit Recorded(config::Service service) : Bench(service) {
    Setup setup = setup_for(std::move(service));
    setup.service_log = nullptr;
    setup.event_log = events;
    runner->reconfigure(std::move(setup));
  }
  [[nodiscard]] std::vector<std::string> records() const {
    std::vector<std::string> texts;
    for (const auto& line : sink.lines)
      if (line.output == events) texts.push_back(line.text);
    return texts;
  }
  [[nodiscard]] std::string last() const { return records().empty() ? std::string() : records().back(); }
  /// Of what has come from a client to this service.
  [[nodiscard]] std::string ends(int number, std::uint16_t port) const {
    return fmt::format("service=x id=x connection_id={} peer=127.0.0.1 port={} local=127.0.0.1 local_port={}", number, port, where().port);
  }

  std::shared_ptr<log::Output> events = std::make_shared<Nowhere>();
};

std::uint16_t port_of_peer(const Bench& bench) { return bench.runner->sessions().all().begin()->second.peer.port; }

/// Without what differs from run to run.
std::string without_usage(std::string text) { return text.substr(0, text.find(" cpu_user=")); }

}  // namespace

TEST_CASE("the life of a server is recorded in full, whatever its service logs") {
  config::Service service = stream_service();
  service.settings.log_on_success.reset();
  Recorded bench(service);
  REQUIRE(bench.runner->start());
  const std::string place = fmt::format("service=x id=x local=127.0.0.1 local_port={}", bench.where().port);
  CHECK(bench.records() == std::vector{"open: " + place});
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const std::uint16_t port = port_of_peer(bench);
  const Process server = Process::ended(3);
  bench.clock = at(65'123ms);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.run_until([&] { return bench.records().size() == 3; });
  CHECK(bench.records()[1] == fmt::format("start: {} pid={}", bench.ends(1, port), server.pid()));
  const std::string exit = bench.records()[2];
  CHECK(without_usage(exit) == fmt::format("exit: {} pid={} status=3 duration=65.123000", bench.ends(1, port), server.pid()));
  CHECK(exit.find(" cpu_user=0.") != std::string::npos);
  CHECK(exit.find(" cpu_system=0.") != std::string::npos);
  CHECK(std::stoull(exit.substr(exit.find(" maxrss=") + 8)) > 100'000);
  CHECK(bench.sink.lines.size() == 3);
}

TEST_CASE("a program that cannot be executed has both records") {
  Recorded bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  bench.spawner.deliver_child_failure(0, spawn::Step::exec, ENOENT, 4242, 127);
  REQUIRE(bench.records().size() == 3);
  CHECK(bench.records()[1].starts_with("start: "));
  CHECK(bench.records()[2].ends_with(" pid=4242 status=127 duration=0.000000"));
}

TEST_CASE("a refusal is recorded with what has decided it") {
  config::Service service = stream_service();
  service.settings.no_access = pattern("127.0.0.0/8");
  service.settings.no_access->at(0).place = {"/etc/xinetd.d/x", 7, 3};
  Recorded bench(service);
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.records().size() == 2; });
  CHECK(bench.last().starts_with("refuse: service=x id=x connection_id=1 peer=127.0.0.1 port="));
  CHECK(bench.last().ends_with(fmt::format(" local=127.0.0.1 local_port={} reason=address rule=/etc/xinetd.d/x:7", bench.where().port)));
}

TEST_CASE("a peer that touches a sensor is recorded as refused, and as banned") {
  config::Service service = stream_service();
  service.kind = config::Kind::sensor;
  service.settings.flags = config::Set<config::Flag>{config::Flag::sensor};
  service.settings.deny_time = 5;
  service.settings.source_prefix = config::SourcePrefix{24, 64};
  Recorded bench(service);
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return bench.records().size() == 3; });
  CHECK(bench.records()[1].ends_with(" reason=address"));
  CHECK(bench.last().starts_with("ban: service=x id=x peer=127.0.0.1 port="));
  CHECK(bench.last().find(" network=127.0.0.0/24 ") != std::string::npos);
  CHECK(bench.last().find(" minutes=5") != std::string::npos);
}

TEST_CASE("a port in use is recorded as lost once, and as open when it is") {
  config::Service service = stream_service();
  Bench other(service);
  REQUIRE(other.runner->start());
  service.listen.at = other.where();
  Recorded bench(service);
  CHECK_FALSE(bench.runner->start());
  CHECK_FALSE(bench.runner->start());
  const std::string place = fmt::format("service=x id=x local=127.0.0.1 local_port={}", service.listen.at.port);
  CHECK(bench.records() == std::vector{fmt::format("lost: {} reason=bind failed (Address already in use (errno = 98))", place)});
  other.runner->retire(Runner::Servers::leave);
  CHECK(bench.runner->start());
  CHECK(bench.last() == "open: " + place);
}

TEST_CASE("an internal service is recorded with what it has carried, also where its log has no EXIT") {
  config::Service service = stream_service();
  service.name = "daytime";
  service.settings.type = config::Set<config::Type>{config::Type::internal};
  service.kind = config::Kind::internal;
  Recorded bench(service);
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until([&] { return !bench.conversations.requests.empty(); });
  worker::Report report;
  report.out = 26;
  bench.conversations.finish(0, std::move(report));
  bench.run_until([&] { return bench.records().size() == 3; });
  CHECK(bench.last().find(" status=0 duration=0.000000 bytes_in=0 bytes_out=26") != std::string::npos);
  CHECK(bench.last().find(" pid=") == std::string::npos);
}

TEST_CASE("what a session has reached is known after an upgrade as well") {
  Recorded bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  const InheritedRunner state = bench.runner->hand_over();
  REQUIRE(state.sessions.size() == 1);
  CHECK(state.sessions[0].local == bench.where());
}

TEST_CASE("without an event log nothing of that is noted") {
  Bench bench(stream_service());
  REQUIRE(bench.runner->start());
  const Client client(bench.where());
  bench.run_until_jobs(1);
  const Process server = Process::sleeping();
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  CHECK_FALSE(bench.runner->sessions().all().begin()->second.local.address.known());
  CHECK(bench.sink.lines.size() == 1);
}
