// SPDX-License-Identifier: MIT
// Services with TLS, whose handshakes somebody else holds.
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using Result = tls::Handshake::Result;

namespace {

config::Service covered(std::vector<config::CertificatePattern> only = {}) {
  config::Service service = stream_service();
  service.settings.tls = true;
  service.settings.tls_timeout = 7;
  if (!only.empty()) service.settings.only_cert = std::move(only);
  service.offer.value = std::make_shared<const tls::Offer>();
  return service;
}

/// A service, and a worker whose part the test plays.
struct Covered : Bench {
  explicit Covered(config::Service service) : Bench(std::move(service)) {
    around.serving.handshakes = &handshakes;
    REQUIRE(runner->start());
  }
  void run_until_asked(std::size_t count = 1) {
    run_until([&] { return handshakes.requests.size() == count; });
  }
  void tell(tls::Handshake handshake, std::size_t request = 0) { handshakes.requests.at(request).parameters.on_shaken(handshake); }
  [[nodiscard]] bool told(std::string_view what) const {
    return std::ranges::any_of(sink.lines, [&](const auto& line) { return line.text.find(what) != std::string::npos; });
  }
  fakes::FakeWorker handshakes;
};

tls::Handshake done(std::optional<tls::Certificate> certificate = {}) {
  tls::Handshake handshake;
  handshake.result = Result::done;
  handshake.words.version = "TLSv1.3";
  handshake.words.cipher = "TLS_AES_128_GCM_SHA256";
  handshake.words.certificate = std::move(certificate);
  return handshake;
}

converse::Report carried(std::uint64_t in, std::uint64_t out) {
  converse::Report report;
  report.in = in;
  report.out = out;
  return report;
}

tls::Certificate named(const char* subject) { return {.subject = subject, .names = {}, .issuer = "CN=us", .serial = "01", .sha256 = std::string(64, 'a')}; }

std::string text_at(const base::Fd& fd) {
  char bytes[100];
  const ssize_t n = ::recv(fd.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
}

}  // namespace

TEST_CASE("a server is started when the handshake is done, with a socket that leads to the worker") {
  Covered bench(covered());
  const Client client(bench.where());
  bench.run_until_asked();
  const auto& request = bench.handshakes.requests.at(0);
  CHECK(request.kind == worker::Kind::tls);
  CHECK(request.connection);
  CHECK(request.parameters.offer == bench.runner->service().offer.value);
  CHECK(request.parameters.idle_deadline == 7s);
  CHECK(bench.spawner.requests.empty());
  CHECK(bench.runner->state().running() == 1);  // it has its place
  bench.tell(done());
  bench.run_until_jobs(1);
  REQUIRE(bench.handshakes.joined.size() == 1);
  CHECK(bench.handshakes.joined[0].first == request.token);
  REQUIRE(::send(bench.handshakes.joined[0].second.get(), "clear", 5, MSG_NOSIGNAL) == 5);
  CHECK(text_at(bench.job(0).socket) == "clear");
  CHECK(bench.conversations.requests.empty());
}

TEST_CASE("a handshake that fails is refused, and told why") {
  const auto [handshake, reason, why] = GENERATE(table<tls::Handshake, const char*, const char*>(
      {{{Result::failed, {}, "no shared cipher"}, "tls", "no shared cipher"},
       {{Result::too_late, {}, ""}, "tls", "it took too long"},
       {{Result::certificate, {}, "certificate has expired"}, "certificate", "certificate has expired"}}));
  Covered bench(covered());
  const Client client(bench.where());
  bench.run_until_asked();
  bench.tell(handshake);
  CHECK(bench.entries() == std::string("FAIL: x ") + reason + " from=127.0.0.1\n");
  CHECK(bench.told(std::string("service x, TLS with 127.0.0.1: ") + why));
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.runner->state().running() == 0);
  CHECK(bench.handshakes.stopped.empty());  // the peer is to get its alert
  CHECK(accounted(*bench.runner));
}

TEST_CASE("only_cert lets in those it names") {
  Covered bench(covered({{tls::CertificatePattern::Kind::subject, "jo"}}));
  const Client good(bench.where());
  bench.run_until_asked();
  bench.tell(done(named("jo")));
  bench.run_until_jobs(1);
  const Client bad(bench.where());
  bench.run_until_asked(2);
  bench.tell(done(named("al")), 1);
  CHECK(bench.told("FAIL: x certificate from=127.0.0.1"));
  CHECK(bench.handshakes.stopped == std::vector<std::uint64_t>{bench.handshakes.requests.at(1).token});
  CHECK(bench.handshakes.joined.size() == 1);
  CHECK(bench.runner->sessions().size() == 1);
}

TEST_CASE("a peer that leaves, and one whose worker is lost, free their places") {
  Covered bench(covered());
  const Client one(bench.where());
  bench.run_until_asked();
  bench.tell({.result = Result::left});
  CHECK(bench.runner->counters().withdrawn == 1);
  const Client two(bench.where());
  bench.run_until_asked(2);
  bench.handshakes.lose(1);
  CHECK(bench.runner->counters().failed == 1);
  CHECK(bench.told("the worker for TLS is gone"));
  CHECK(bench.runner->state().running() == 0);
  CHECK(accounted(*bench.runner));
}

TEST_CASE("without room at the workers a peer is refused, and not served in plain text") {
  Covered bench(covered());
  bench.handshakes.room = false;
  const Client client(bench.where());
  bench.run_until([&] { return bench.sink.has("FAIL: x fork from=127.0.0.1"); });
  CHECK(bench.spawner.requests.empty());
}

TEST_CASE("a session that ends before its handshake is done takes that along") {
  Covered bench(covered());
  const Client client(bench.where());
  bench.run_until_asked();
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(bench.handshakes.stopped == std::vector<std::uint64_t>{bench.handshakes.requests.at(0).token});
  CHECK(bench.runner->sessions().empty());
}

TEST_CASE("what comes behind the handshake goes through it: the banner, and the identity is asked of the true connection") {
  config::Service service = covered();
  service.settings.log_on_success->add(config::SuccessOption::userid);
  Covered bench(service);
  const Client client(bench.where(), 1, "127.0.0.5");
  bench.run_until_asked();
  CHECK(bench.ident.questions.empty());
  bench.tell(done());
  bench.run_until([&] { return bench.ident.running() == 1; });
  CHECK(bench.ident.questions.at(0).local == bench.where());
  CHECK(bench.ident.questions.at(0).peer.address.text() == "127.0.0.5");
}

TEST_CASE("no banner is sent in front of TLS") {
  Covered bench(stream_service());
  config::Service service = covered();
  service.settings.banner = bench.file("banner", "hello");
  service.settings.banner_fail = bench.file("fail", "no");
  service.settings.access_times.emplace();
  bench.runner->reconfigure(bench.setup_for(service));
  const Client client(bench.where());
  CHECK(client.read_all(bench).empty());
  CHECK(bench.sink.has("FAIL: x time from=127.0.0.1"));
}

TEST_CASE("an internal service behind TLS is held by an ordinary worker, which counts") {
  config::Service service = covered();
  service.name = service.id = "echo";
  service.kind = config::Kind::internal;
  service.settings.type = {config::Type::internal};
  Covered bench(service);
  const Client client(bench.where());
  bench.run_until_asked();
  bench.tell(done());
  REQUIRE(bench.conversations.requests.size() == 1);
  CHECK(bench.conversations.requests[0].kind == worker::Kind::echo);
  REQUIRE(::send(bench.handshakes.joined.at(0).second.get(), "clear", 5, MSG_NOSIGNAL) == 5);
  CHECK(text_at(bench.conversations.requests[0].connection) == "clear");
  bench.conversations.finish(0, carried(5, 6));
  bench.handshakes.finish(0, carried(5, 6));
  CHECK(bench.runner->counters().bytes_in == 5);
  CHECK(bench.runner->counters().bytes_out == 6);
}

TEST_CASE("what is passed on behind a handshake is counted, also after the session has ended") {
  Covered bench(covered());
  const Client client(bench.where());
  bench.run_until_asked();
  bench.tell(done());
  bench.run_until_jobs(1);
  const Process server = Process::ended(0);
  bench.spawner.deliver_started(0, server.pid(), server.pidfd());
  bench.run_until([&] { return bench.runner->sessions().empty(); });
  CHECK(bench.runner->counters().bytes_in == 0);
  bench.handshakes.finish(0, carried(3, 4));
  CHECK(bench.runner->counters().bytes_in == 3);
  CHECK(bench.runner->counters().bytes_out == 4);
}

TEST_CASE("a handshake goes on over an upgrade, and its outcome is told to the next image") {
  Covered bench(covered());
  const Client client(bench.where(), 1, "127.0.0.5");
  bench.run_until_asked();
  CHECK(bench.runner->unsettled() == Runner::Unsettled::no);
  bench.runner->hold();
  const InheritedRunner handed = bench.runner->hand_over();
  REQUIRE(handed.sessions.size() == 1);
  CHECK(handed.sessions[0].phase == SessionPhase::tls);
  CHECK(handed.sessions[0].socket == -1);
  const Token token = handed.sessions[0].token;
  bench.runner.reset();
  bench.handshakes.requests.clear();
  bench.handshakes.handed_over = {token};
  bench.around.census.processes = 0;
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(covered()));
  bench.runner->restore(handed, [](int) { return base::Fd(); });
  bench.runner->carry_on();
  REQUIRE(bench.handshakes.requests.size() == 1);
  bench.tell(done());
  bench.run_until_jobs(1);
  CHECK(bench.handshakes.joined.size() == 1);
}

TEST_CASE("a handshake whose worker was lost in an upgrade ends its session") {
  Covered bench(covered());
  const Client client(bench.where());
  bench.run_until_asked();
  const InheritedRunner handed = bench.runner->hand_over();
  bench.runner.reset();
  bench.around.census.processes = 0;
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(covered()));
  bench.runner->restore(handed, [](int) { return base::Fd(); });
  bench.runner->carry_on();
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.runner->counters().withdrawn == 1);
}

TEST_CASE("the socket of a client that came through a proxy has the client at its other end, or the proxy, as real_peer says") {
  const bool real = GENERATE(false, true);
  config::Service service = covered();
  service.settings.proxy_from = pattern("127.0.0.2");
  service.settings.real_peer = real;
  Covered bench(service);
  const Client proxy(bench.where(), SOCK_STREAM, "127.0.0.2");
  proxy.send("12345");
  bench.run_until([&] { return bench.conversations.requests.size() == 1; });
  CHECK(bench.handshakes.requests.empty());  // the header comes first
  const base::Endpoint client{*base::Address::parse("2001:db8::7"), 4711}, called{*base::Address::parse("2001:db8::1"), 443};
  worker::Report report;
  report.header = {.result = worker::ProxyHeader::Result::header, .version = 2, .own = false, .size = 5, .client = client, .called = called};
  bench.conversations.finish(0, std::move(report));
  bench.run_until_asked();
  bench.tell(done());
  bench.run_until_jobs(1);
  CHECK(bench.job(0).remote_host.view() == "2001:db8::7");
  if (!net::TruePairs::usable()) return WARN("skipped: " << net::TruePairs::usable().error().sentence);
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  REQUIRE(::getpeername(bench.job(0).socket.get(), reinterpret_cast<sockaddr*>(&at), &length) == 0);
  const base::Endpoint peer = base::endpoint_of(at), local = net::local_endpoint(bench.job(0).socket.get());
  CHECK((real ? peer == client : peer.address == *base::Address::parse("127.0.0.2")));
  CHECK(local == (real ? called : bench.where()));
}
