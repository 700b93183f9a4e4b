// SPDX-License-Identifier: MIT
// Services with TLS, whose handshakes somebody else holds.
#include <sys/socket.h>
#include <sys/stat.h>

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

config::Service covered_redirect() {
  config::Service service = covered();
  service.kind = config::Kind::redirect;
  service.settings.redirect = config::RedirectTarget{"127.0.0.1", 993};
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

/// What /proc calls the socket, whatever its number.
std::string socket_name(int fd) {
  struct stat what {};
  REQUIRE(::fstat(fd, &what) == 0);
  return std::to_string(what.st_ino);
}

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

namespace {

/// A service whose connections the kernel goes on with, and one of which it does.
struct Returning : Covered {
  Returning() : Covered(in_kernel()), client(where()) {
    run_until_asked();
    connection = std::move(handshakes.requests.at(0).connection);
    tls::Handshake handshake = done();
    handshake.words.in_kernel = true;
    tell(handshake);
  }
  static config::Service in_kernel() {
    config::Service service = covered();
    tls::Offer offer;
    offer.in_kernel = true;
    service.offer.value = std::make_shared<const tls::Offer>(offer);
    return service;
  }
  const Client client;
  base::Fd connection;
};

}  // namespace

TEST_CASE("a connection that the kernel goes on with comes back from the worker, and is the server's") {
  Returning bench;
  CHECK(bench.spawner.requests.empty());  // it has yet to come
  const std::string behind = socket_name(bench.connection.get());
  worker::Report report;
  report.connection = std::move(bench.connection);
  bench.handshakes.finish(0, std::move(report));
  bench.run_until_jobs(1);
  CHECK(socket_name(bench.job(0).socket.get()) == behind);
  CHECK(bench.handshakes.joined.empty());
}

TEST_CASE("a connection that does not come back fails its session, and frees its place") {
  const bool lost = GENERATE(false, true);
  Returning bench;
  lost ? bench.handshakes.lose(0) : bench.handshakes.finish(0);
  CHECK(bench.told("the worker for TLS has not given the connection back"));
  CHECK(bench.runner->counters().failed == 1);
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.runner->state().running() == 0);
  CHECK(bench.spawner.requests.empty());
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

TEST_CASE("the worker that speaks TLS with the peer of a redirect connects to the target itself") {
  config::Service service = covered_redirect();
  service.settings.redirect_proxy = config::RedirectProxy::v1;
  service.settings.flags = config::Set<config::Flag>{config::Flag::keepalive};
  Covered bench(service);
  const Client client(bench.where(), SOCK_STREAM, "127.0.0.5");
  bench.run_until_asked();
  bench.tell(done());
  REQUIRE(bench.handshakes.redirected.size() == 1);
  const auto& [token, parameters] = bench.handshakes.redirected[0];
  CHECK(token == bench.handshakes.requests.at(0).token);
  CHECK(parameters.targets == std::vector{base::Endpoint{*base::Address::parse("127.0.0.1"), 993}});
  CHECK(parameters.keepalive);
  REQUIRE(parameters.texts.size() == 1);
  CHECK(parameters.texts[0].starts_with("PROXY TCP4 127.0.0.5 127.0.0.1 "));
  CHECK(bench.handshakes.joined.empty());
  CHECK(bench.conversations.requests.empty());
  REQUIRE(bench.runner->sessions().all().size() == 1);
  CHECK(bench.runner->sessions().all().begin()->second.conversing());
  CHECK(bench.runner->sessions().all().begin()->second.words->version == "TLSv1.3");
  bench.handshakes.finish(0, carried(5, 6));
  CHECK(bench.runner->sessions().empty());
  CHECK(bench.runner->counters().bytes_in == 5);
  CHECK(bench.runner->counters().bytes_out == 6);
  CHECK(accounted(*bench.runner));
}

TEST_CASE("a target that could not be reached from behind TLS is told as from anywhere else") {
  Covered bench(covered_redirect());
  const Client client(bench.where());
  bench.run_until_asked();
  bench.tell(done());
  REQUIRE(bench.handshakes.redirected.size() == 1);
  worker::Report report;
  report.connect_error = ECONNREFUSED;
  report.failed_target = "127.0.0.1";
  bench.handshakes.finish(0, std::move(report));
  CHECK(bench.told("can't connect to remote host 127.0.0.1"));
  CHECK(bench.runner->sessions().empty());
}

TEST_CASE("a worker that cannot connect to a target has a relay behind it") {
  Covered bench(covered_redirect());
  bench.handshakes.redirects = false;
  const Client client(bench.where());
  bench.run_until_asked();
  bench.tell(done());
  REQUIRE(bench.conversations.requests.size() == 1);
  CHECK(bench.conversations.requests[0].kind == worker::Kind::relay);
  REQUIRE(bench.handshakes.joined.size() == 1);
  REQUIRE(::send(bench.handshakes.joined[0].second.get(), "clear", 5, MSG_NOSIGNAL) == 5);
  CHECK(text_at(bench.conversations.requests[0].connection) == "clear");
  bench.conversations.finish(0, carried(1, 2));
  CHECK(bench.runner->sessions().empty());
  CHECK(accounted(*bench.runner));
}

TEST_CASE("where something is to be said or asked before the target is reached, a redirect has a socket behind TLS") {
  config::Service service = covered_redirect();
  const bool banner = GENERATE(false, true);
  Covered bench(service);
  if (banner) service.settings.banner_success = bench.file("banner", "hello");
  if (!banner) service.settings.log_on_success->add(config::SuccessOption::userid);
  bench.runner->reconfigure(bench.setup_for(service));
  const Client client(bench.where());
  bench.run_until_asked();
  bench.tell(done());
  CHECK(bench.handshakes.redirected.empty());
  CHECK(bench.handshakes.joined.size() == 1);
}

TEST_CASE("a redirect behind TLS is ended where it is held, and goes on there over an upgrade") {
  Covered bench(covered_redirect());
  const Client client(bench.where());
  bench.run_until_asked();
  bench.tell(done());
  REQUIRE(bench.handshakes.redirected.size() == 1);
  CHECK(bench.runner->unsettled() == Runner::Unsettled::no);
  bench.runner->hold();
  const InheritedRunner handed = bench.runner->hand_over();
  REQUIRE(handed.sessions.size() == 1);
  CHECK(handed.sessions[0].onward);
  CHECK(handed.sessions[0].socket == -1);
  const Token token = handed.sessions[0].token;
  bench.runner.reset();
  bench.handshakes.requests.clear();
  bench.handshakes.handed_over = {token};
  bench.around.census.processes = 0;
  bench.runner = std::make_shared<Runner>(bench.around, bench.setup_for(covered_redirect()));
  bench.runner->restore(handed, [](int) { return base::Fd(); });
  bench.runner->carry_on();
  REQUIRE(bench.handshakes.requests.size() == 1);
  CHECK(bench.conversations.requests.empty());
  bench.runner->retire(Runner::Servers::terminate);
  CHECK(bench.handshakes.stopped == std::vector<std::uint64_t>{token});
  bench.handshakes.end(0, {.why = worker::Ending::Why::stopped, .report = {}});
  CHECK(bench.runner->sessions().empty());
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
  if (!net::TruePairs::usable()) {
    WARN("skipped: " << net::TruePairs::usable().error().sentence);
    return;
  }
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  REQUIRE(::getpeername(bench.job(0).socket.get(), reinterpret_cast<sockaddr*>(&at), &length) == 0);
  const base::Endpoint peer = base::endpoint_of(at), local = net::local_endpoint(bench.job(0).socket.get());
  CHECK((real ? peer == client : peer.address == *base::Address::parse("127.0.0.2")));
  CHECK(local == (real ? called : bench.where()));
}
