// SPDX-License-Identifier: MIT
// Peers that speak for others: what a worker tells of their header, and what becomes of the session.
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "service/fixture.hpp"
#include "xsuperd/service/hand_over.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using worker::ProxyHeader;
using Result = ProxyHeader::Result;

namespace {

base::Endpoint endpoint(const char* address, std::uint16_t port) { return {*base::Address::parse(address), port}; }

/// A service that takes 127.0.0.2 for a proxy.
config::Service proxied(std::optional<std::string_view> only_from = {}) {
  config::Service service = stream_service();
  service.settings.proxy_from = pattern("127.0.0.2");
  if (only_from) service.settings.only_from = pattern(*only_from);
  return service;
}

/// What the worker sees in `size` bytes.
worker::Report seen(std::uint16_t size, const char* client = "192.0.2.7") {
  worker::Report report;
  report.header = {.result = Result::header, .version = 1, .own = false, .size = size, .client = endpoint(client, 4711), .called = endpoint("198.51.100.1", 80)};
  return report;
}
worker::Report seen(Result result) {
  worker::Report report;
  report.header = {.result = result, .client = {}, .called = {}};
  return report;
}

struct Proxied {
  explicit Proxied(config::Service service = proxied()) : bench(std::move(service)) { REQUIRE(bench.runner->start()); }
  [[nodiscard]] Client proxy() const { return Client(bench.where(), SOCK_STREAM, "127.0.0.2"); }
  void run_until_asked(std::size_t count) {
    bench.run_until([&] { return bench.conversations.requests.size() == count; });
  }
  [[nodiscard]] fakes::FakeWorker::Request& request(std::size_t number) { return bench.conversations.requests.at(number); }
  void run_until_over() {
    bench.run_until([&] { return bench.runner->sessions().empty(); });
  }

  Bench bench;
};

}  // namespace

TEST_CASE("a proxy's client is the peer of its server and of the log, and the header is gone") {
  Proxied p;
  const Client proxy = p.proxy();
  proxy.send("0123456789data");
  p.run_until_asked(1);
  CHECK(p.request(0).kind == worker::Kind::proxy);
  CHECK(p.request(0).parameters.idle_deadline == 5s);
  CHECK(p.bench.runner->state().running() == 0);  // it takes no place
  CHECK(p.bench.spawner.requests.empty());
  p.bench.conversations.finish(0, seen(10));
  p.bench.run_until_jobs(1);
  CHECK(p.bench.job(0).remote_host.view() == "192.0.2.7");
  CHECK(receive(p.bench.job(0).socket) == "data");
  const Session& session = p.bench.runner->sessions().all().begin()->second;
  CHECK(session.peer == endpoint("192.0.2.7", 4711));
  CHECK(session.called == endpoint("198.51.100.1", 80));
  CHECK(session.proxy.address == *base::Address::parse("127.0.0.2"));
  CHECK(p.bench.runner->state().places().count_from(*base::Address::parse("192.0.2.7")) == 1);
}

TEST_CASE("who is no proxy is served at once, whatever he begins with") {
  Proxied p;
  const Client other(p.bench.where());
  other.send("PROXY UNKNOWN\r\n");
  p.bench.run_until_jobs(1);
  CHECK(p.bench.conversations.requests.empty());
  CHECK(receive(p.bench.job(0).socket) == "PROXY UNKNOWN\r\n");
}

TEST_CASE("access lists are asked about the client, and the proxy's own address is nothing to them") {
  Proxied p(proxied("192.0.2.0/24"));
  const Client good = p.proxy(), bad = p.proxy();
  good.send("12345");
  bad.send("12345");
  p.run_until_asked(2);
  p.bench.conversations.finish(0, seen(5));
  p.bench.conversations.finish(1, seen(5, "203.0.113.1"));
  p.bench.run_until_jobs(1);
  p.bench.run_until([&] { return p.bench.sink.has("FAIL: x address from=203.0.113.1"); });
  CHECK(p.bench.runner->counters().refused[policy::Reason::address] == 1);
}

TEST_CASE("a proxy that speaks for itself is the peer") {
  Proxied p;
  const Client proxy = p.proxy();
  proxy.send("12345data");
  p.run_until_asked(1);
  worker::Report own;
  own.header = {.result = Result::header, .version = 2, .own = true, .size = 5, .client = {}, .called = {}};
  p.bench.conversations.finish(0, std::move(own));
  p.bench.run_until_jobs(1);
  CHECK(p.bench.job(0).remote_host.view() == "127.0.0.2");
  CHECK_FALSE(p.bench.runner->sessions().all().begin()->second.proxied());
}

TEST_CASE("a bad header, none in time, and one that is not there are refused with the proxy's address") {
  const auto result = GENERATE(Result::bad, Result::late, Result::header);
  Proxied p;
  const Client proxy = p.proxy();
  p.run_until_asked(1);
  p.bench.conversations.finish(0, result == Result::header ? seen(5) : seen(result));  // nothing was sent
  p.run_until_over();
  CHECK(p.bench.entries() == "FAIL: x proxy from=127.0.0.2\n");
  CHECK(p.bench.runner->counters().refused[policy::Reason::proxy] == 1);
  CHECK(proxy.read_all(p.bench).empty());
  CHECK(accounted(*p.bench.runner));
}

TEST_CASE("a proxy that leaves before its first byte is withdrawn") {
  Proxied p;
  const Client proxy = p.proxy();
  p.run_until_asked(1);
  p.bench.conversations.finish(0, seen(Result::gone));
  p.run_until_over();
  CHECK(p.bench.entries().empty());
  CHECK(p.bench.runner->counters().withdrawn == 1);
  CHECK(accounted(*p.bench.runner));
}

TEST_CASE("a worker that fails over a header is followed by another, but not twice") {
  Proxied p;
  const Client proxy = p.proxy();
  proxy.send("12345data");
  p.run_until_asked(1);
  p.bench.conversations.lose(0);
  p.run_until_asked(2);
  SECTION("which reads it") {
    p.bench.conversations.finish(1, seen(5));
    p.bench.run_until_jobs(1);
    CHECK(receive(p.bench.job(0).socket) == "data");
  }
  SECTION("which fails as well") {
    p.bench.conversations.lose(1);
    p.run_until_over();
    CHECK(p.bench.entries() == "FAIL: x proxy from=127.0.0.2\n");
  }
}

TEST_CASE("so many headers are waited for, and no more; others are served meanwhile") {
  Proxied p;
  std::vector<Client> proxies;
  for (int i = 0; i < 256; ++i) proxies.push_back(p.proxy());
  p.run_until_asked(256);
  const Client last = p.proxy(), other(p.bench.where());
  p.bench.run_until([&] { return p.bench.sink.has("FAIL: x proxy from=127.0.0.2"); });
  p.bench.run_until_jobs(1);
  CHECK(p.bench.conversations.requests.size() == 256);
  p.bench.conversations.finish(0, seen(Result::gone));
  const Client next = p.proxy();
  p.run_until_asked(257);
}

TEST_CASE("a service that is removed waits for no header") {
  Proxied p;
  const Client proxy = p.proxy();
  p.run_until_asked(1);
  p.bench.runner->retire(Runner::Servers::terminate);
  p.run_until_over();
  CHECK(p.bench.conversations.stopped == std::vector<std::uint64_t>{p.request(0).token});
  p.bench.conversations.finish(0, seen(5));  // too late
  CHECK(proxy.read_all(p.bench).empty());
}

TEST_CASE("with real_peer the server gets a socket of its own, and a worker both others") {
  config::Service service = proxied();
  service.settings.real_peer = true;
  Proxied p(service);
  const Client proxy = p.proxy();
  proxy.send("12345data");
  p.run_until_asked(1);
  p.bench.conversations.finish(0, seen(5));
  p.bench.run_until_jobs(1);
  CHECK(p.bench.conversations.requests.size() == 1);  // not before the server runs
  const base::Fd end = std::move(p.bench.job(0).socket);
  if (net::TruePairs::usable()) {
    sockaddr_storage at{};
    socklen_t length = sizeof at;
    REQUIRE(::getpeername(end.get(), reinterpret_cast<sockaddr*>(&at), &length) == 0);
    CHECK(base::endpoint_of(at) == endpoint("192.0.2.7", 4711));
    CHECK(net::local_endpoint(end.get()) == endpoint("198.51.100.1", 80));
  } else {
    WARN("skipped: " << net::TruePairs::usable().error().sentence);
  }
  const Process server = Process::sleeping();
  p.bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  REQUIRE(p.bench.conversations.requests.size() == 2);
  CHECK(p.request(1).kind == worker::Kind::carry);
  CHECK(receive(p.request(1).connection) == "data");
  REQUIRE(p.request(1).parameters.target);
  REQUIRE(::send(p.request(1).parameters.target->get(), "x", 1, 0) == 1);
  CHECK(receive(end) == "x");
}

TEST_CASE("a client of one family that called an address of the other gets a pair all the same") {
  config::Service service = proxied();
  service.settings.real_peer = true;
  Proxied p(service);
  const Client proxy = p.proxy();
  proxy.send("12345data");
  p.run_until_asked(1);
  worker::Report report = seen(5);
  report.header.called = endpoint("2001:db8::1", 80);
  p.bench.conversations.finish(0, std::move(report));
  p.bench.run_until_jobs(1);
  CHECK(p.bench.job(0).remote_host.view() == "192.0.2.7");
  CHECK(p.bench.runner->sessions().all().begin()->second.called == endpoint("2001:db8::1", 80));
}

TEST_CASE("what a header says besides addresses stays with the session over an upgrade, and its bytes are not the client's first") {
  using Fact = net::ProxyWord::Fact;
  config::Service service = proxied();
  service.settings.first_data_timeout = 30;
  service.settings.conn_env = config::ConnEnv::all;
  Proxied p(service);
  const Client proxy = p.proxy();
  proxy.send("12345");
  p.run_until_asked(1);
  worker::Report report = seen(5);
  report.header.version = 2;
  report.header.words = {{Fact::name, "www.example.org"}};
  p.bench.conversations.finish(0, std::move(report));
  p.bench.run_until_jobs(1);
  const Session& session = p.bench.runner->sessions().all().begin()->second;
  CHECK(session.connection.preface == 5);
  CHECK(session.proxy_words == net::ProxyWords{{Fact::name, "www.example.org"}});
  const auto inherited = p.bench.runner->hand_over();
  REQUIRE(inherited.sessions.size() == 1);
  CHECK(inherited.sessions[0].proxy_words == session.proxy_words);
  CHECK(inherited.sessions[0].connection.preface == 5);
}

TEST_CASE("with real_peer who comes by himself, or a proxy for itself, has his connection") {
  config::Service service = proxied();
  service.settings.real_peer = true;
  Proxied p(service);
  const Client other(p.bench.where());
  other.send("data");
  p.bench.run_until_jobs(1);
  CHECK(receive(p.bench.job(0).socket) == "data");
}
