// SPDX-License-Identifier: MIT
#include "xsuperd/worker/ident.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include "fakes/fake_worker.hpp"
#include "worker/harness.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;
using namespace std::chrono_literals;
using net::IdentAnswer;
using Outcome = IdentAnswer::Outcome;
using Result = converse::Identity::Result;

namespace {

base::Address address(const char* text) { return *base::Address::parse(text); }

/// Look-ups, and a connection of 127.0.0.1, port 6193, to our port 23.
struct Asker {
  void make(boost::asio::io_context& loop, Conversations& where, std::size_t most, std::uint16_t port) {
    lookups.emplace(loop, where, IdentLookups::Options{most, port, [this] { return ++last_token; }});
  }
  std::uint64_t ask(std::chrono::milliseconds deadline = 10s,
                    const base::Endpoint& local = {address("127.0.0.1"), 23},
                    const base::Endpoint& peer = {address("127.0.0.1"), 6193}) {
    return lookups->ask(local, peer, deadline, [this](IdentAnswer a) {
      ++calls;
      answer = std::move(a);
    });
  }

  std::uint64_t last_token = 40;
  std::optional<IdentLookups> lookups;
  std::optional<IdentAnswer> answer;
  int calls = 0;
};

/// With a worker that is this test.
struct Fixture : Asker {
  explicit Fixture(std::size_t most = 15) { make(loop, worker, most, 113); }
  ~Fixture() { lookups.reset(); }
  const IdentAnswer& result() {
    loop.restart();
    loop.poll();
    REQUIRE(answer);
    CHECK(calls == 1);
    CHECK(lookups->running() == 0);
    return *answer;
  }
  const IdentAnswer& result_of(Report report) {
    ask();
    worker.finish(0, std::move(report));
    return result();
  }
  const IdentAnswer& result_of(Result result, std::string text = {}) {
    Report report;
    report.identity = {result, std::move(text)};
    return result_of(std::move(report));
  }
  const IdentAnswer& result_of_connecting(int error) {
    Report report;
    report.connect_error = error;
    return result_of(std::move(report));
  }

  boost::asio::io_context loop;
  fakes::FakeWorker worker;
};

base::Endpoint end_of(const base::Fd& fd) {
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &length) == 0);
  return base::endpoint_of(at);
}

base::Fd listening_socket() {
  base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage at;
  const socklen_t length = base::fill_sockaddr({address("127.0.0.1"), 0}, false, at);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), length) == 0);
  REQUIRE(::listen(fd.get(), 64) == 0);
  return fd;
}

bool readable(const base::Fd& fd) {
  pollfd watched{fd.get(), POLLIN, 0};
  return ::poll(&watched, 1, 0) == 1;
}

/// With a worker process in its sandbox, and an identity server that is this test.
struct Whole : Asker {
  explicit Whole(std::size_t most = 15) { make(bench.loop, *bench.client, most, end_of(server).port); }
  ~Whole() { lookups.reset(); }
  /// The server's side of the connection, once the question is there.
  base::Fd question() {
    run_until(bench.loop, [&] { return readable(server); });
    base::Fd fd(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    run_until(bench.loop, [&] { return readable(fd); });
    char text[64];
    const auto n = ::recv(fd.get(), text, sizeof text, 0);
    REQUIRE(n > 0);
    asked.assign(text, static_cast<std::size_t>(n));
    return fd;
  }
  const IdentAnswer& result() {
    run_until(bench.loop, [&] { return answer.has_value(); });
    CHECK(calls == 1);
    CHECK(lookups->running() == 0);
    return *answer;
  }

  Bench bench{Client::Options{.recipe = real_recipe()}};
  base::Fd server = listening_socket();
  std::string asked;
};

}  // namespace

// --- What is asked of a worker

TEST_CASE("a worker gets a socket at the local address, the server's, both ports and the deadline") {
  Fixture f;
  CHECK(f.ask(7s, {address("127.0.0.2"), 23}, {address("127.0.0.3"), 6193}) == 41);
  REQUIRE(f.worker.requests.size() == 1);
  const auto& request = f.worker.requests[0];
  CHECK(request.token == 41);
  CHECK(request.kind == Kind::ident);
  CHECK(request.parameters.targets == std::vector<base::Endpoint>{{address("127.0.0.3"), 113}});
  CHECK(request.parameters.peer_port == 6193);
  CHECK(request.parameters.local_port == 23);
  CHECK(request.parameters.idle_deadline == 7s);
  CHECK(end_of(request.connection).address.text() == "127.0.0.2");
  CHECK(f.lookups->running() == 1);
}

TEST_CASE("mapped addresses are asked over IPv4, and stand in messages as they were given") {
  Fixture f;
  f.ask(10s, {address("::ffff:127.0.0.1"), 23}, {address("::ffff:127.0.0.1"), 6193});
  CHECK(f.worker.requests.at(0).parameters.targets.at(0).address.text() == "127.0.0.1");
  CHECK(end_of(f.worker.requests[0].connection).address.text() == "127.0.0.1");
  Report report;
  report.identity = {Result::bad_line, "garbage"};
  f.worker.finish(0, std::move(report));
  CHECK(f.result().detail == "Bad line received from identity server at ::ffff:127.0.0.1: garbage");
}

TEST_CASE("without a local address the system chooses one") {
  Fixture f;
  f.ask(10s, {{}, 23});
  CHECK(f.worker.requests.size() == 1);
}

TEST_CASE("addresses that cannot be used are system errors, and no worker hears of them") {
  Fixture f;
  SECTION("a local address that is not ours") { f.ask(10s, {address("192.0.2.1"), 23}); }
  SECTION("no peer") { f.ask(10s, {address("127.0.0.1"), 23}, {}); }
  CHECK_FALSE(f.answer);  // never from inside the call
  CHECK(f.result().outcome == Outcome::system_error);
  CHECK_FALSE(f.answer->detail.empty());
  CHECK(f.worker.requests.empty());
}

TEST_CASE("no more than the allowed number of look-ups run at a time") {
  Fixture f(2);
  f.ask();
  f.ask();
  f.ask();
  CHECK(f.lookups->running() == 2);
  CHECK(f.worker.requests.size() == 2);
  f.loop.poll();
  REQUIRE(f.calls == 1);
  CHECK(f.answer->outcome == Outcome::system_error);
  CHECK(f.answer->detail == "too many look-ups at identity servers at a time");
  f.worker.finish(0);
  f.ask();
  CHECK(f.worker.requests.size() == 3);
}

// --- What a worker tells

TEST_CASE("the user that a worker has found is the answer") {
  Fixture f;
  CHECK(f.result_of(Result::user, "UNIX : joe").outcome == Outcome::ok);
  CHECK(f.answer->text == "UNIX : joe");
  CHECK(f.answer->detail.empty());
}

TEST_CASE("a bad line is a bad response, escaped for the log") {
  Fixture f;
  CHECK(f.result_of(Result::bad_line, std::string("\x1b[2J%n\0\xff\r", 9)).outcome == Outcome::bad_response);
  CHECK(f.answer->detail == "Bad line received from identity server at 127.0.0.1: \\x1b[2J%n\\x00\\xff\\x0d");
  CHECK(f.answer->text.empty());
}

TEST_CASE("a reply that never became a line is an error while receiving") {
  struct Row {
    Result result;
    const char* detail;
  };
  const auto row =
      GENERATE(Row{Result::too_long, "Too much input from identity server"},
               Row{Result::cut_short, "identd server reply missing ending CR-LF"}, Row{Result::broken, ""});
  Fixture f;
  CHECK(f.result_of(row.result).outcome == Outcome::receive_error);
  CHECK(f.answer->detail == row.detail);
}

TEST_CASE("the worker's deadline is a timeout") {
  Fixture f;
  CHECK(f.result_of(Result::too_late).outcome == Outcome::timeout);
}

TEST_CASE("a host that cannot be reached has no server, silently") {
  const int error = GENERATE(ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN);
  Fixture f;
  CHECK(f.result_of_connecting(error).outcome == Outcome::no_server);
  CHECK(f.answer->detail.empty());
}

TEST_CASE("a host that is silent while connecting is a timeout, and other errors are told") {
  Fixture silent;
  CHECK(silent.result_of_connecting(ETIMEDOUT).outcome == Outcome::timeout);
  Fixture f;
  CHECK(f.result_of_connecting(EACCES).outcome == Outcome::system_error);
  CHECK(f.answer->detail.starts_with("connect to identity server at 127.0.0.1 failed (Permission denied"));
}

TEST_CASE("a look-up that comes to nothing, or is lost with its worker, is a system error") {
  Fixture nothing;
  CHECK(nothing.result_of(Report{}).outcome == Outcome::system_error);
  CHECK_FALSE(nothing.answer->detail.empty());
  Fixture f;
  f.ask();
  f.worker.lose(0);
  CHECK(f.result().outcome == Outcome::system_error);
  CHECK(f.answer->detail == "the look-up at identity server 127.0.0.1 was lost: no worker is running");
}

TEST_CASE("a worker that says nothing is not waited for longer than the deadline") {
  Fixture f;
  f.ask(20ms);
  run_until(f.loop, [&] { return f.answer.has_value(); });
  CHECK(f.answer->outcome == Outcome::timeout);
  CHECK(f.worker.stopped == std::vector<std::uint64_t>{41});
  CHECK(f.lookups->running() == 0);
  f.worker.finish(0);  // too late
  CHECK(f.calls == 1);
}

TEST_CASE("a look-up that is cancelled is stopped in the worker, and nobody hears of it") {
  Fixture f;
  const auto first = f.ask();
  const auto second = f.ask(10s, {address("192.0.2.1"), 23});  // refused already
  f.lookups->cancel(first);
  f.lookups->cancel(second);
  f.lookups->cancel(99);
  CHECK(f.worker.stopped == std::vector<std::uint64_t>{first});
  CHECK(f.lookups->running() == 0);
  f.worker.end(0, {Ending::Why::stopped, {}});
  f.loop.poll();
  CHECK(f.calls == 0);
  f.lookups->cancel(first);
  CHECK(f.worker.stopped.size() == 1);
}

TEST_CASE("look-ups that are under way end in silence with their client") {
  Fixture f;
  f.ask();
  f.lookups.reset();
  CHECK(f.worker.stopped == std::vector<std::uint64_t>{41});
  f.worker.end(0, {Ending::Why::stopped, {}});
  f.loop.poll();
  CHECK(f.calls == 0);
}

TEST_CASE("the callback of a look-up may ask again and may end the client") {
  Fixture f(1);
  f.lookups->ask({address("127.0.0.1"), 23}, {address("127.0.0.1"), 6193}, 10s, [&](const IdentAnswer&) {
    f.lookups->ask({address("127.0.0.1"), 23}, {address("127.0.0.1"), 6193}, 10s, [&](const IdentAnswer&) {
      f.lookups.reset();
      ++f.calls;
    });
  });
  f.worker.finish(0);
  REQUIRE(f.worker.requests.size() == 2);
  f.worker.finish(1);
  CHECK(f.calls == 1);
  CHECK_FALSE(f.lookups);
  CHECK(f.worker.stopped.empty());
}

// --- With a worker in its sandbox

TEST_CASE("an identity is looked up in the sandbox") {
  Whole w;
  w.ask();
  const base::Fd fd = w.question();
  CHECK(w.asked == "6193,23\r\n");
  write_all(fd, "6193 , 23 : USERID : UNIX : joe\r\n");
  CHECK(w.result().outcome == Outcome::ok);
  CHECK(w.answer->text == "UNIX : joe");
  CHECK(w.bench.troubles.empty());
}

TEST_CASE("in the sandbox, too, there are hosts without a server, and servers that are silent") {
  Whole w;
  w.ask(1500ms);  // in which a worker is started, too
  const base::Fd fd = w.question();
  CHECK(w.result().outcome == Outcome::timeout);
  run_until(w.bench.loop, [&] { return readable(fd); });
  CHECK(at_end(fd));
  w.answer.reset();
  w.calls = 0;
  w.server.reset();
  w.ask();
  CHECK(w.result().outcome == Outcome::no_server);
  CHECK(w.bench.troubles.empty());
}

TEST_CASE("a look-up whose worker is killed has an answer, and the next one another worker") {
  Whole w;
  w.ask();
  const base::Fd fd = w.question();
  REQUIRE(::kill(w.bench.ready_worker(), SIGKILL) == 0);
  CHECK(w.result().outcome == Outcome::system_error);
  CHECK(at_end(fd));
  w.answer.reset();
  w.calls = 0;
  w.ask();
  write_all(w.question(), "6193,23:USERID:UNIX:joe\r\n");
  CHECK(w.result().text == "UNIX:joe");
}

TEST_CASE("a cancelled look-up closes its connection, and its worker ends for want of work") {
  Whole w;
  const auto lookup = w.ask();
  const base::Fd fd = w.question();
  w.lookups->cancel(lookup);
  run_until(w.bench.loop, [&] { return readable(fd); });
  CHECK(at_end(fd));
  CHECK(w.calls == 0);
  run_until(w.bench.loop, [&] { return w.bench.client->workers().empty(); });
  CHECK(w.bench.troubles.empty());
}

TEST_CASE("many look-ups at a time do not mix their answers") {
  Whole w(64);
  int right = 0;
  for (std::uint16_t port = 1; port <= 40; ++port)
    w.lookups->ask(
        {address("127.0.0.1"), 23}, {address("127.0.0.1"), port}, 10s,
        [&right, port](const IdentAnswer& a) { right += a.text == fmt::format("UNIX:u{}", port); });
  std::vector<base::Fd> open;
  for (int i = 0; i < 40; ++i) {
    open.push_back(w.question());
    const auto port = std::stoi(w.asked);
    write_all(open.back(), fmt::format("{},23:USERID:UNIX:u{}\r\n", port, port));
  }
  run_until(w.bench.loop, [&] { return w.lookups->running() == 0; });
  CHECK(right == 40);
}
