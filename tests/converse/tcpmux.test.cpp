// SPDX-License-Identifier: MIT
#include "converse/talking.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;

namespace {

/// What can be read from the connection that was given back.
std::string unread(const Report& report) {
  char bytes[4096];
  const ssize_t n = ::recv(report.connection.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
}

constexpr auto refusal = "-Service name not found\r\n";

}  // namespace

TEST_CASE("tcpmux gives the connection back with the name in lower case, blocking and unwatched") {
  Talking talk(Kind::tcpmux);
  talk.say("Org_A\r\n");
  const Report& report = talk.result();
  CHECK(report.request == "org_a");
  REQUIRE(report.connection);
  CHECK((::fcntl(report.connection.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK((::fcntl(report.connection.get(), F_GETFD) & FD_CLOEXEC) != 0);
  talk.say("more");
  talk.settle();
  CHECK(unread(report) == "more");
  talk.loop.restart();
  talk.loop.run();  // returns, as nothing is waited for
}

TEST_CASE("tcpmux puts a name together that comes in pieces") {
  Talking talk(Kind::tcpmux);
  for (const char* piece : {"o", "rg", "_", "a", "\r"}) {
    talk.say(piece);
    talk.settle();
    CHECK(talk.calls == 0);
  }
  talk.say("\n");
  CHECK(talk.result().request == "org_a");
  CHECK(talk.result().in == 7);
}

TEST_CASE("tcpmux takes a line that ends in LF alone, and an empty one") {
  Talking talk(Kind::tcpmux);
  talk.say("plus\n");
  CHECK(talk.result().request == "plus");
  const std::string end = GENERATE("\n", "\r\n");
  Talking empty(Kind::tcpmux);
  empty.say(end);
  CHECK(empty.result().request.empty());
  CHECK(empty.result().connection);
}

TEST_CASE("tcpmux leaves what follows the line unread") {
  const std::string rest = GENERATE("data\r\nmore\r\n", "\n", "x");
  const bool in_pieces = GENERATE(true, false);
  Talking talk(Kind::tcpmux);
  if (in_pieces) {
    talk.say("ca");
    talk.settle();
    talk.say("t\r\n" + rest);
  } else {
    talk.say("cat\r\n" + rest);
  }
  const Report& report = talk.result();
  CHECK(report.request == "cat");
  CHECK(unread(report) == rest);
}

TEST_CASE("tcpmux gives back a connection whose client has ended writing") {
  Talking talk(Kind::tcpmux);
  talk.say("cat\r\nrest");
  talk.end_writing();
  CHECK(talk.result().request == "cat");
  CHECK(unread(talk.result()) == "rest");
}

TEST_CASE("tcpmux takes 255 characters and refuses 256") {
  const std::string end = GENERATE("\n", "\r\n");
  Talking longest(Kind::tcpmux);
  longest.say(std::string(255, 'x') + end + "rest");
  CHECK(longest.result().request == std::string(255, 'x'));
  CHECK(unread(longest.result()) == "rest");

  Talking longer(Kind::tcpmux);
  longer.say(std::string(256, 'x') + end);
  CHECK(longer.hear_all() == refusal);
  longer.end_writing();
  CHECK(!longer.result().connection);
  CHECK(longer.result().request.empty());
}

TEST_CASE("tcpmux refuses a line without end without waiting for it, and the client gets the answer") {
  Talking talk(Kind::tcpmux);
  talk.say(std::string(5000, 'x'));
  CHECK(talk.hear_all() == refusal);
  talk.end_writing();
  CHECK(!talk.result().connection);
}

TEST_CASE("tcpmux gives up when no whole line has come in time, also when bytes come") {
  Parameters parameters;
  parameters.idle_deadline = 100ms;
  Talking talk(Kind::tcpmux, parameters);
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(run_until(talk.loop, [&] {
    (void)!::send(talk.client.get(), "", 0, MSG_NOSIGNAL);
    if (std::chrono::steady_clock::now() - begin < 90ms && talk.loop.stopped()) talk.say("x");
    return talk.report.has_value();
  }));
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(!talk.result().connection);
}

TEST_CASE("tcpmux ends without a word when the client ends before its line") {
  const std::string line = GENERATE("", "org", "org\r");
  Talking talk(Kind::tcpmux);
  if (!line.empty()) talk.say(line);
  talk.end_writing();
  CHECK(talk.hear_all().empty());
  CHECK(!talk.result().connection);
  CHECK(talk.result().request.empty());
}
