// SPDX-License-Identifier: MIT
// Looking at the header of a proxy, and carrying bytes between a connection and the far end of a pair.
#include "converse/talking.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;
using Result = ProxyHeader::Result;

namespace {

constexpr std::string_view header = "PROXY TCP4 192.0.2.1 198.51.100.2 40000 80\r\n";

/// A conversation over a connection that somebody else has as well, as the daemon does.
struct Looking {
  explicit Looking(Parameters parameters = {}) : Looking(tcp_pair(), std::move(parameters)) {}
  /// What nobody has taken.
  [[nodiscard]] std::string unread() const {
    char bytes[4096];
    const ssize_t n = ::recv(ours.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
  }

  base::Fd ours;
  Talking talk;

 private:
  Looking(std::pair<base::Fd, base::Fd> ends, Parameters parameters)
      : ours(::fcntl(ends.second.get(), F_DUPFD_CLOEXEC, 0)), talk(Kind::proxy, std::move(parameters), std::move(ends)) {}
};

/// Carries between a client and the far end of a pair.
struct Carrying {
  Carrying() : Carrying(tcp_pair()) {}
  base::Fd server;
  Talking talk;

 private:
  explicit Carrying(std::pair<base::Fd, base::Fd> ends) : server(std::move(ends.first)), talk(Kind::carry, with(std::move(ends.second))) {}
  static Parameters with(base::Fd target) {
    Parameters parameters;
    parameters.target = std::make_shared<base::Fd>(std::move(target));
    return parameters;
  }
};

}  // namespace

TEST_CASE("a header is told, and stays in the connection with all that follows") {
  Looking looking;
  looking.talk.say(std::string(header) + "data");
  const Report& report = looking.talk.result();
  CHECK(report.header.result == Result::header);
  CHECK(report.header.size == header.size());
  CHECK(report.header.client == base::Endpoint{*base::Address::parse("192.0.2.1"), 40000});
  CHECK_FALSE(report.connection);
  CHECK(looking.unread() == std::string(header) + "data");
  // Whoever has the connection is not woken by it any more.
  looking.talk.loop.restart();
  looking.talk.loop.run();
}

TEST_CASE("a header may come in any pieces") {
  Looking looking;
  for (const char byte : header.substr(0, header.size() - 1)) {
    looking.talk.say(std::string(1, byte));
    looking.talk.settle();
    REQUIRE(looking.talk.calls == 0);
  }
  looking.talk.say(header.substr(header.size() - 1));
  CHECK(looking.talk.result().header.result == Result::header);
}

TEST_CASE("what is no header, or ends before it is one, is bad") {
  for (const std::string_view text : {std::string_view("GET / HTTP/1.0\r\n"), header.substr(0, 20)}) {
    Looking looking;
    looking.talk.say(text);
    ::shutdown(looking.talk.client.get(), SHUT_WR);
    CHECK(looking.talk.result().header.result == Result::bad);
    CHECK(looking.unread() == text);
  }
}

TEST_CASE("who leaves before the first byte is gone, and who takes too long late") {
  Looking gone;
  ::shutdown(gone.talk.client.get(), SHUT_WR);
  CHECK(gone.talk.result().header.result == Result::gone);
  Parameters parameters;
  parameters.idle_deadline = 30ms;
  Looking late(parameters);
  late.talk.say("PROXY");
  CHECK(late.talk.result().header.result == Result::late);
  CHECK(late.unread() == "PROXY");
}

TEST_CASE("bytes are carried both ways, and each end for itself") {
  Carrying carrying;
  carrying.talk.say("to the server");
  char bytes[64];
  const auto heard = [&](int fd) {
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return std::string(bytes, n > 0 ? static_cast<std::size_t>(n) : 0);
  };
  std::string got;
  REQUIRE(run_until(carrying.talk.loop, [&] { return (got += heard(carrying.server.get())) == "to the server"; }));
  ::shutdown(carrying.talk.client.get(), SHUT_WR);
  REQUIRE(run_until(carrying.talk.loop, [&] { return ::recv(carrying.server.get(), bytes, 1, MSG_DONTWAIT) == 0; }));
  REQUIRE(::send(carrying.server.get(), "to the client", 13, 0) == 13);
  got.clear();
  REQUIRE(run_until(carrying.talk.loop, [&] { return (got += heard(carrying.talk.client.get())) == "to the client"; }));
  carrying.server.reset();
  CHECK(carrying.talk.result().in == 13);
  CHECK(carrying.talk.report->out == 13);
}

TEST_CASE("a connection that broke is broken at the other end as well, in either direction") {
  const bool client_breaks = GENERATE(true, false);
  Carrying carrying;
  carrying.talk.settle();
  base::Fd& breaks = client_breaks ? carrying.talk.client : carrying.server;
  base::Fd& other = client_breaks ? carrying.server : carrying.talk.client;
  reset_when_closed(breaks);
  breaks.reset();
  (void)carrying.talk.result();
  char byte = 0;
  CHECK(::recv(other.get(), &byte, 1, MSG_DONTWAIT) == -1);
  CHECK(errno == ECONNRESET);
}

TEST_CASE("a carrier of a pair of UNIX sockets ends soon after its server, although the client says nothing") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  base::Fd server(ends[0]);
  Parameters parameters;
  parameters.target = std::make_shared<base::Fd>(ends[1]);
  Talking talk(Kind::carry, std::move(parameters));
  talk.settle();
  REQUIRE(::send(server.get(), "the end", 7, MSG_NOSIGNAL) == 7);
  server.reset();
  CHECK(talk.hear_all() == "the end");
  CHECK(talk.result().out == 7);  // the client is still there
}
