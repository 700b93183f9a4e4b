// SPDX-License-Identifier: MIT
#include "xsuperd/net/ident.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <optional>
#include <random>

#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;
using Outcome = IdentAnswer::Outcome;

namespace {

std::optional<std::string> parsed(std::string_view line) { return parse_ident_reply(line, 6193, 23); }

void say(const base::Fd& fd, std::string_view text) {
  REQUIRE(send_now(fd.get(), text) == static_cast<std::ptrdiff_t>(text.size()));
}

/// An identity server at a port of its own and a client that asks it; both on this thread.
struct Fixture {
  explicit Fixture(const char* at = "127.0.0.1", std::size_t most = 15)
      : here(address(at)),
        server(opened(tcp_at(at))),
        client(std::in_place, loop, IdentClient::Options{most, port()}) {}

  [[nodiscard]] std::uint16_t port() const { return local_endpoint(server.get()).port; }
  void ask(std::chrono::milliseconds deadline = 10s) { ask({here, 23}, {here, 6193}, deadline); }
  void ask(const base::Endpoint& local, const base::Endpoint& peer,
           std::chrono::milliseconds deadline = 10s) {
    client->ask(local, peer, deadline, [this](IdentAnswer a) {
      ++calls;
      answer = std::move(a);
    });
  }
  /// The server's side of the connection, once the client has asked its question.
  base::Fd question() {
    REQUIRE(run_until(loop, [&] { return ready(server.get()); }));
    base::Fd fd(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(run_until(loop, [&] { return ready(fd.get()); }));
    char text[64];
    const auto n = ::recv(fd.get(), text, sizeof text, 0);
    REQUIRE(n > 0);
    asked.assign(text, static_cast<std::size_t>(n));
    return fd;
  }
  const IdentAnswer& result() {
    REQUIRE(run_until(loop, [&] { return answer.has_value(); }));
    loop.restart();
    loop.poll();
    CHECK(calls == 1);
    CHECK(client->running() == 0);
    return *answer;
  }
  /// What comes of a server that says `reply` and then closes.
  const IdentAnswer& result_of(std::string_view reply) {
    ask();
    base::Fd fd = question();
    while (!reply.empty() && !answer) {
      const auto n = send_now(fd.get(), reply.substr(0, 4096));
      if (n < 0) break;
      reply.remove_prefix(static_cast<std::size_t>(n));
      loop.restart();
      loop.poll();
    }
    fd.reset();
    return result();
  }

  boost::asio::io_context loop;
  base::Address here;
  base::Fd server;
  std::optional<IdentClient> client;
  std::optional<IdentAnswer> answer;
  std::string asked;
  int calls = 0;
};

}  // namespace

TEST_CASE("what follows the second colon of a reply is the text") {
  CHECK(parsed("6193,23:USERID:UNIX:joe") == "UNIX:joe");
  CHECK(parsed("6193, 23 : USERID : UNIX : st joe's \r") == "UNIX : st joe's ");
  CHECK(parsed("  6193\t,\t23\t:\tUSERID\t:\t OTHER , US-ASCII :a:b:c\rmore") == "OTHER , US-ASCII :a:b:c");
  CHECK(parsed(std::string_view("6193,23:USERID:UNIX:a\0%n%s%m\x1b", 29)) ==
        std::string("UNIX:a\0%n%s%m\x1b", 14));
  CHECK(parsed("6193,23:USERID:") == "");
}

TEST_CASE("a reply for other ports is no identification") {
  for (const char* line : {"6193,24:USERID:UNIX:joe", "6194,23:USERID:UNIX:joe", "23,6193:USERID:UNIX:joe",
                           "6193:USERID:UNIX:joe", ",:USERID:UNIX:joe", "71729,23:USERID:UNIX:joe",
                           "6193,23,:USERID:UNIX:joe", "6193x,23:USERID:UNIX:joe", "-6193,23:USERID:UNIX:joe",
                           "+6193,23:USERID:UNIX:joe", "6193,2 3:USERID:UNIX:joe"})
    CHECK_FALSE(parsed(line));
}

TEST_CASE("a reply without the very word USERID between two colons is no identification") {
  for (const char* line :
       {"6193,23:ERROR:NO-USER", "6193,23:userid:UNIX:joe", "6193,23:USERIDS:UNIX:joe", "6193,23:USERID",
        "6193,23:USER ID:UNIX:joe", "6193,23::USERID:UNIX:joe", "6193,23", "", ":", "::", "\r", "joe"})
    CHECK_FALSE(parsed(line));
}

TEST_CASE("any bytes at all can be parsed") {
  std::mt19937 random(1413);
  const std::string start = "6193,23:USERID:UNIX:joe";
  for (int i = 0; i < 20'000; ++i) {
    std::string line = start.substr(0, random() % (start.size() + 1));
    for (auto n = random() % 8; n > 0; --n)
      line.insert(line.begin() + static_cast<long>(random() % (line.size() + 1)),
                  static_cast<char>(random()));
    const auto text = parsed(line);
    if (text) CHECK(text->size() < line.size());
  }
}

TEST_CASE("the reasons have xinetd's words") {
  CHECK(log_words(Outcome::no_server) == "no server");
  CHECK(log_words(Outcome::timeout) == "timeout");
  CHECK(log_words(Outcome::system_error) == "system error");
  CHECK(log_words(Outcome::receive_error) == "error while receiving response");
  CHECK(log_words(Outcome::bad_response) == "bad response");
}

TEST_CASE("the client asks with the peer's port first and takes the user from the reply") {
  Fixture f;
  f.ask();
  const base::Fd fd = f.question();
  CHECK(f.asked == "6193,23\r\n");
  CHECK(f.client->running() == 1);
  say(fd, "6193 , 23 : USERID : UNIX : joe\r\n");
  CHECK(f.result().outcome == Outcome::ok);
  CHECK(f.answer->text == "UNIX : joe");
  CHECK(f.answer->detail.empty());
}

TEST_CASE("identity works over IPv6 as well") {
  Fixture f("::1");
  CHECK(f.result_of("6193,23:USERID:UNIX:joe\r\n").text == "UNIX:joe");
}

TEST_CASE("mapped addresses are asked over IPv4") {
  Fixture f;
  f.ask({address("::ffff:127.0.0.1"), 23}, {address("::ffff:127.0.0.1"), 6193});
  const base::Fd fd = f.question();
  say(fd, "garbage\r\n");
  CHECK(f.result().outcome == Outcome::bad_response);
  CHECK(f.answer->detail == "Bad line received from identity server at ::ffff:127.0.0.1: garbage");
}

TEST_CASE("the question comes from the local address of the connection") {
  Fixture f;
  f.ask({address("127.0.0.2"), 23}, {f.here, 6193});
  const base::Fd fd = f.question();
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  REQUIRE(::getpeername(fd.get(), reinterpret_cast<sockaddr*>(&from), &length) == 0);
  CHECK(base::endpoint_of(from).address.text() == "127.0.0.2");
  CHECK(base::endpoint_of(from).port != 23);
}

TEST_CASE("without a local address the system chooses one") {
  Fixture f;
  f.ask({{}, 23}, {f.here, 6193});
  say(f.question(), "6193,23:USERID:UNIX:joe\r\n");
  CHECK(f.result().outcome == Outcome::ok);
}

TEST_CASE("a reply may come byte by byte") {
  Fixture f;
  f.ask();
  const base::Fd fd = f.question();
  for (const char c : std::string_view("6193,23:USERID:UNIX:joe\r\n")) {
    CHECK_FALSE(f.answer);
    say(fd, {&c, 1});
    f.loop.restart();
    f.loop.run_one_for(20ms);  // the client has read this byte before the next comes
  }
  CHECK(f.result().text == "UNIX:joe");
}

TEST_CASE("a line feed alone ends a reply and what follows is ignored") {
  Fixture f;
  CHECK(f.result_of("6193,23:USERID:UNIX:joe\n6193,23:USERID:UNIX:eve\n").text == "UNIX:joe");
}

TEST_CASE("a reply of 1024 bytes is taken, line end included") {
  Fixture f;
  const std::string start = "6193,23:USERID:UNIX:";
  const std::string user(1024 - start.size() - 2, 'x');
  CHECK(f.result_of(start + user + "\r\n").text == "UNIX:" + user);
}

TEST_CASE("a reply that does not end within 1024 bytes is an error") {
  const auto size = GENERATE(1023u, 1024u, 100u * 1024u, 10u * 1024u * 1024u);
  Fixture f;
  CHECK(f.result_of("6193,23:USERID:UNIX:" + std::string(size, 'x') + "\r\n").outcome ==
        Outcome::receive_error);
  CHECK(f.answer->text.empty());
  CHECK(f.answer->detail == "Too much input from identity server");
}

TEST_CASE("a reply without end of line is an error") {
  Fixture f;
  CHECK(f.result_of("6193,23:USERID:UNIX:joe").outcome == Outcome::receive_error);
  CHECK(f.answer->detail == "identd server reply missing ending CR-LF");
}

TEST_CASE("a server that says nothing and closes is an error") {
  Fixture f;
  CHECK(f.result_of("").outcome == Outcome::receive_error);
}

TEST_CASE("garbage and replies for other ports are bad responses, escaped for the log") {
  Fixture f;
  SECTION("ERROR") { CHECK(f.result_of("6193,23:ERROR:NO-USER\r\n").outcome == Outcome::bad_response); }
  SECTION("other ports") { CHECK(f.result_of("1,2:USERID:UNIX:joe\r\n").outcome == Outcome::bad_response); }
  SECTION("an empty line") { CHECK(f.result_of("\r\n").outcome == Outcome::bad_response); }
  SECTION("control characters") {
    CHECK(f.result_of(std::string_view("\x1b[2J%n%s%m\0\xff\r\n", 15)).outcome == Outcome::bad_response);
    CHECK(f.answer->detail ==
          "Bad line received from identity server at 127.0.0.1: \\x1b[2J%n%s%m\\x00\\xff");
  }
  CHECK(f.answer->text.empty());
  CHECK_FALSE(f.answer->detail.empty());
}

TEST_CASE("a server that never answers is a timeout, and its connection is closed") {
  Fixture f;
  f.ask(30ms);
  const base::Fd fd = f.question();
  say(fd, "6193,23:USERID:");
  CHECK(f.result().outcome == Outcome::timeout);
  CHECK(ready(fd.get(), POLLIN, 1000));
  char byte = 0;
  CHECK(::recv(fd.get(), &byte, 1, 0) == 0);
}

TEST_CASE("a server that resets the connection is an error while receiving") {
  Fixture f;
  f.ask();
  base::Fd fd = f.question();
  const linger at_once{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd.reset();
  CHECK(f.result().outcome == Outcome::receive_error);
}

TEST_CASE("where nobody listens there is no server") {
  const char* at = GENERATE("127.0.0.1", "::1");
  Fixture f(at);
  f.server.reset();
  f.ask();
  CHECK_FALSE(f.answer);
  CHECK(f.result().outcome == Outcome::no_server);
  CHECK(f.answer->detail.empty());
}

TEST_CASE("addresses that cannot be used are system errors") {
  Fixture f;
  SECTION("a local address that is not ours") { f.ask({address("192.0.2.1"), 23}, {f.here, 6193}); }
  SECTION("no peer") { f.ask({f.here, 23}, {}); }
  CHECK_FALSE(f.answer);
  CHECK(f.result().outcome == Outcome::system_error);
  CHECK_FALSE(f.answer->detail.empty());
}

TEST_CASE("no more than the allowed number of look-ups run at a time") {
  Fixture f("127.0.0.1", 1);
  int first = 0;
  f.client->ask({f.here, 23}, {f.here, 6193}, 10s,
                [&](const IdentAnswer& a) { first += a.outcome == Outcome::ok; });
  base::Fd fd = f.question();
  f.ask();
  CHECK(run_until(f.loop, [&] { return f.calls == 1; }));
  CHECK(f.answer->outcome == Outcome::system_error);
  CHECK(f.client->running() == 1);
  say(fd, "6193,23:USERID:UNIX:joe\r\n");
  CHECK(run_until(f.loop, [&] { return first == 1; }));
  f.answer.reset();
  f.calls = 0;
  CHECK(f.result_of("6193,23:USERID:UNIX:joe\r\n").outcome == Outcome::ok);
}

TEST_CASE("a look-up that is under way ends in silence with its client") {
  Fixture f;
  f.ask();
  const base::Fd fd = f.question();
  f.client.reset();
  CHECK(ready(fd.get(), POLLIN, 1000));
  f.loop.restart();
  f.loop.poll();
  CHECK(f.calls == 0);
}

TEST_CASE("the callback of a look-up may ask again and may end the client") {
  Fixture f("127.0.0.1", 1);
  f.client->ask({f.here, 23}, {f.here, 6193}, 10s, [&](const IdentAnswer&) {
    f.client->ask({f.here, 23}, {f.here, 6193}, 10s, [&](IdentAnswer a) {
      f.client.reset();
      f.answer = std::move(a);
    });
  });
  say(f.question(), "6193,23:USERID:UNIX:joe\r\n");
  say(f.question(), "6193,23:USERID:UNIX:eve\r\n");
  CHECK(run_until(f.loop, [&] { return f.answer.has_value(); }));
  CHECK(f.answer->text == "UNIX:eve");
  CHECK_FALSE(f.client);
}

TEST_CASE("many look-ups at a time do not mix their answers") {
  Fixture f("127.0.0.1", 64);
  int right = 0;
  for (std::uint16_t port = 1; port <= 40; ++port)
    f.client->ask({f.here, 23}, {f.here, port}, 10s,
                  [&right, port](const IdentAnswer& a) { right += a.text == fmt::format("UNIX:u{}", port); });
  std::vector<base::Fd> open;
  for (int i = 0; i < 40; ++i) {
    open.push_back(f.question());
    const auto port = std::stoi(f.asked);
    say(open.back(), fmt::format("{},23:USERID:UNIX:u{}\r\n", port, port));
  }
  CHECK(run_until(f.loop, [&] { return f.client->running() == 0; }));
  CHECK(right == 40);
}
