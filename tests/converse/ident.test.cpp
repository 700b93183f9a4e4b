// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "converse/talking.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;
using Result = Identity::Result;

namespace {

/// A socket as the daemon gives it: not connected.
base::Fd fresh_socket(const base::Endpoint& to, int flags = SOCK_NONBLOCK) {
  const bool ipv6 = to.address.family() == base::Address::Family::ipv6;
  return base::Fd(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

Parameters question_for(const base::Endpoint& server, std::chrono::milliseconds deadline) {
  Parameters parameters;
  parameters.targets = {server};
  parameters.peer_port = 6193;
  parameters.local_port = 23;
  parameters.idle_deadline = deadline;
  return parameters;
}

/// An identity server and a conversation that asks it. `client` is the server's side, once it has accepted.
struct Asking : Talking {
  explicit Asking(const Server& server = Server(), std::chrono::milliseconds deadline = 10s)
      : Asking(server.endpoint, deadline) {
    REQUIRE(run_until(loop, [&] { return server.called(); }));
    client = server.accepted();
    asked = hear(9);
  }
  explicit Asking(const base::Endpoint& server, std::chrono::milliseconds deadline = 10s)
      : Talking(Kind::ident, question_for(server, deadline), {base::Fd(), fresh_socket(server)}) {}

  /// What comes of a server that says `reply` and then closes.
  const Identity& result_of(std::string_view reply) {
    while (!reply.empty() && !report) {
      const auto n =
          ::send(client.get(), reply.data(), std::min<std::size_t>(reply.size(), 4096), MSG_NOSIGNAL);
      if (n < 0) break;
      reply.remove_prefix(static_cast<std::size_t>(n));
      loop.restart();
      loop.poll();
    }
    client.reset();
    return result().identity;
  }
  /// Our end of the connection is closed.
  bool hung_up() {
    return run_until(loop, [&] {
      char byte = 0;
      return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0;
    });
  }

  std::string asked;
};

}  // namespace

TEST_CASE("an identity server is asked with its own port first, and the user taken from its reply") {
  Asking ident;
  CHECK(ident.asked == "6193,23\r\n");
  CHECK_FALSE(ident.report);
  ident.say("6193 , 23 : USERID : UNIX : joe\r\n");
  CHECK(ident.result().identity.result == Result::user);
  CHECK(ident.report->identity.text == "UNIX : joe");
  CHECK(ident.report->connect_error == 0);
  CHECK(ident.report->out == 9);
  CHECK(ident.report->in == 33);
  CHECK(ident.hung_up());
}

TEST_CASE("identity works over IPv6 as well") {
  Asking ident(Server("::1"));
  CHECK(ident.result_of("6193,23:USERID:UNIX:joe\r\n").text == "UNIX:joe");
}

TEST_CASE("a socket that blocks holds up nobody") {
  const Deaf deaf;
  Talking ident(Kind::ident, question_for(deaf.server.endpoint, 30ms),
                {base::Fd(), fresh_socket(deaf.server.endpoint, 0)});
  CHECK(ident.result().identity.result == Result::too_late);
}

TEST_CASE("the question comes from where the socket is bound") {
  const Server server;
  base::Fd bound = fresh_socket(server.endpoint);
  sockaddr_storage from{};
  socklen_t length = base::fill_sockaddr({*base::Address::parse("127.0.0.2"), 0}, false, from);
  REQUIRE(::bind(bound.get(), reinterpret_cast<const sockaddr*>(&from), length) == 0);
  Talking ident(Kind::ident, question_for(server.endpoint, 10s), {base::Fd(), std::move(bound)});
  REQUIRE(run_until(ident.loop, [&] { return server.called(); }));
  ident.client = server.accepted();
  length = sizeof from;
  REQUIRE(::getpeername(ident.client.get(), reinterpret_cast<sockaddr*>(&from), &length) == 0);
  CHECK(base::endpoint_of(from).address.text() == "127.0.0.2");
}

TEST_CASE("a reply may come byte by byte") {
  Asking ident;
  for (const char c : std::string_view("6193,23:USERID:UNIX:joe\r\n")) {
    CHECK_FALSE(ident.report);
    ident.say({&c, 1});
    ident.loop.restart();
    ident.loop.run_one_for(20ms);  // this byte is read before the next comes
  }
  CHECK(ident.result().identity.text == "UNIX:joe");
}

TEST_CASE("a line feed alone ends a reply, and what follows is ignored") {
  Asking ident;
  CHECK(ident.result_of("6193,23:USERID:UNIX:joe\n6193,23:USERID:UNIX:eve\n").text == "UNIX:joe");
}

TEST_CASE("a reply of 1024 bytes is taken, line end included") {
  Asking ident;
  const std::string start = "6193,23:USERID:UNIX:";
  const std::string user(1024 - start.size() - 2, 'x');
  CHECK(ident.result_of(start + user + "\r\n").text == "UNIX:" + user);
}

TEST_CASE("a reply that does not end within 1024 bytes is too long, and no more of it is read") {
  const auto size = GENERATE(1023u, 1024u, 100u * 1024u, 10u * 1024u * 1024u);
  Asking ident;
  CHECK(ident.result_of("6193,23:USERID:UNIX:" + std::string(size, 'x') + "\r\n").result == Result::too_long);
  CHECK(ident.report->identity.text.empty());
  CHECK(ident.report->in == 1024);
}

TEST_CASE("a reply without end of line is cut short") {
  const auto reply = GENERATE("6193,23:USERID:UNIX:joe", "");
  Asking ident;
  CHECK(ident.result_of(reply).result == Result::cut_short);
  CHECK(ident.report->identity.text.empty());
}

TEST_CASE("what names no user is reported as a bad line, with all its bytes") {
  const auto line = GENERATE(as<std::string>(), "6193,23:ERROR:NO-USER", "1,2:USERID:UNIX:joe", "",
                             std::string("\x1b[2J%n\0\xff\r.", 9));
  Asking ident;
  CHECK(ident.result_of(line + "\r\n").result == Result::bad_line);
  CHECK(ident.report->identity.text == line);
}

TEST_CASE("a server that never answers is too late, and its connection is closed") {
  Asking ident(Server(), 30ms);
  ident.say("6193,23:USERID:");
  CHECK(ident.result().identity.result == Result::too_late);
  CHECK(ident.report->identity.text.empty());
  CHECK(ident.hung_up());
}

TEST_CASE("a server that resets the connection has broken it") {
  Asking ident;
  reset_when_closed(ident.client);
  ident.client.reset();
  CHECK(ident.result().identity.result == Result::broken);
}

TEST_CASE("where nobody listens connecting fails") {
  const auto at = GENERATE("127.0.0.1", "::1");
  const base::Endpoint nobody = Server(at).endpoint;
  Asking ident(nobody);
  CHECK(ident.calls == 0);
  CHECK(ident.result().connect_error == ECONNREFUSED);
  CHECK(ident.report->identity.result == Result::none);
}

TEST_CASE("a look-up without a server to ask fails") {
  Talking ident(Kind::ident, {}, {base::Fd(), fresh_socket({})});
  CHECK(ident.result().connect_error == EDESTADDRREQ);
  CHECK(ident.report->identity.result == Result::none);
}

TEST_CASE("a look-up that is given up closes its connection and reports nothing") {
  Asking ident;
  ident.conversation.reset();
  CHECK(ident.hung_up());
  ident.settle();
  CHECK(ident.calls == 0);
}

TEST_CASE("look-ups leave no descriptor behind") {
  Asking first;
  (void)first.result_of("6193,23:USERID:UNIX:joe\r\n");
  const int before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    Asking ident;
    (void)ident.result_of(i % 2 ? "junk" : "6193,23:USERID:UNIX:joe\r\n");
  }
  CHECK(open_descriptors() == before);
}
