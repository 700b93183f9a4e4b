// SPDX-License-Identifier: MIT
// The conversations of one file each: discard, chargen, daytime, time, text, and what all have in common.
#include <arpa/inet.h>

#include <cstring>
#include <ctime>
#include <regex>

#include "converse/talking.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;

namespace {
constexpr std::array every_kind{Kind::echo, Kind::discard, Kind::chargen, Kind::daytime, Kind::time,
                                Kind::text, Kind::xadmin,  Kind::relay,   Kind::tcpmux};
}

TEST_CASE("discard takes everything, answers nothing and ends with the client") {
  Talking talk(Kind::discard);
  const std::string bytes(100'000, 'x');
  std::size_t sent = 0;
  for (int i = 0; i < 20; ++i) {
    std::size_t at = 0;
    REQUIRE(run_until(talk.loop, [&] {
      const ssize_t n = ::send(talk.client.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n > 0) at += static_cast<std::size_t>(n);
      return at == bytes.size();
    }));
    sent += at;
  }
  REQUIRE(run_until(talk.loop, [&] { return talk.conversation->traffic() == Traffic{sent, 0}; }));
  CHECK(talk.calls == 0);
  talk.end_writing();
  CHECK(talk.result().in == sent);
  CHECK(talk.result().out == 0);
  CHECK(talk.hear_all().empty());
}

TEST_CASE("discard works on a socket that is not TCP") {
  Talking talk(Kind::discard, {}, unix_pair());
  talk.say("hello");
  talk.end_writing();
  CHECK(talk.result().in == 5);
}

TEST_CASE("chargen sends lines of 72 of 93 characters, each shifted by one, and begins anew after 95") {
  Talking talk(Kind::chargen);
  const std::string text = talk.hear(300 * 74);
  for (std::size_t line = 0; line < 300; ++line) {
    INFO(line);
    std::string expected;
    for (std::size_t i = 0; i < 72; ++i) expected += static_cast<char>(0x21 + (line % 95 + i) % 93);
    REQUIRE(text.substr(line * 74, 74) == expected + "\r\n");
  }
}

TEST_CASE("chargen waits for a client that does not read, and ends when that is gone") {
  Talking talk(Kind::chargen);
  REQUIRE(run_until(talk.loop, [&] {  // nothing happens any more: all buffers are full
    talk.loop.restart();
    return talk.loop.poll() == 0;
  }));
  std::size_t handlers = 0;
  for (int i = 0; i < 50; ++i) {
    talk.loop.restart();
    handlers += talk.loop.poll();
  }
  CHECK(handlers <= 2);
  CHECK(talk.calls == 0);
  talk.client.reset();
  CHECK(talk.result().out > 74);
}

TEST_CASE("chargen throws away what the client sends, and goes on after its half-close") {
  Talking talk(Kind::chargen);
  talk.say("be quiet");
  talk.end_writing();
  talk.hear(1'000'000);
  CHECK(talk.calls == 0);
  talk.client.reset();
  CHECK(talk.result().in == 8);
}

TEST_CASE("daytime sends the local time in one line and closes") {
  ::setenv("TZ", "ABC-3", 1);
  Talking talk(Kind::daytime);
  prepare(talk.loop);
  Talking again(Kind::daytime);
  const auto before = std::time(nullptr);
  const std::string line = again.hear_all();
  std::smatch match;
  REQUIRE(std::regex_match(line, match,
                           std::regex("(\\d\\d) ([A-Z]{3}) (\\d{4}) (\\d\\d:\\d\\d:\\d\\d) ABC\r\n")));
  std::tm local{};
  REQUIRE(::strptime(line.c_str(), "%d %b %Y %H:%M:%S", &local) != nullptr);
  CHECK(std::abs(::timegm(&local) - 3 * 3600 - before) <= 1);
  again.end_writing();
  CHECK(again.result().out == line.size());
  ::unsetenv("TZ");
  prepare(talk.loop);
}

TEST_CASE("time sends the seconds since 1900 in four bytes and closes") {
  Talking talk(Kind::time);
  const std::string bytes = talk.hear_all();
  REQUIRE(bytes.size() == 4);
  std::uint32_t value;
  std::memcpy(&value, bytes.data(), 4);
  const auto expected = static_cast<std::uint32_t>(std::time(nullptr) + 2208988800);
  CHECK(expected - ntohl(value) <= 1);
}

TEST_CASE("an answer arrives whole although the client has sent what nobody reads") {
  Parameters parameters;
  parameters.texts = {"the text"};
  const Kind kind = GENERATE(Kind::text, Kind::daytime, Kind::time);
  Talking talk(kind, parameters);
  talk.say("hello?\r\n");
  talk.settle();
  talk.say("anybody?\r\n");
  CHECK(talk.hear_all().size() >= 4);
  CHECK(talk.calls == 0);
  talk.end_writing();
  CHECK(talk.result().in == 18);
}

TEST_CASE("after the answer a client is waited for no longer than a second") {
  Talking talk(Kind::time);
  const auto before = std::chrono::steady_clock::now();
  CHECK(talk.hear_all().size() == 4);
  talk.result();
  const auto taken = std::chrono::steady_clock::now() - before;
  CHECK(taken > 900ms);
  CHECK(taken < 5s);
}

TEST_CASE("after the answer a client is read no further than a little over 64 KiB") {
  Talking talk(Kind::time);
  const std::string bytes(10'000, 'x');
  REQUIRE(run_until(talk.loop, [&] {
    (void)!::send(talk.client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return talk.report.has_value();
  }));
  CHECK(talk.result().in >= 64 * 1024);
  CHECK(talk.result().in <= 512 * 1024);
}

TEST_CASE("a text longer than all buffers arrives whole") {
  Parameters parameters;
  std::string text;
  for (int i = 0; text.size() < 20'000'000; ++i) text += std::to_string(i) + '\n';
  parameters.texts = {text};
  Talking talk(Kind::text, parameters);
  talk.settle();
  const bool same = talk.hear_all() == text;
  CHECK(same);
  talk.end_writing();
  CHECK(talk.result().out == text.size());
}

TEST_CASE("a text that is missing is an empty one") {
  Talking talk(Kind::text);
  CHECK(talk.hear_all().empty());
}

TEST_CASE("a conversation in which nothing happens ends at its idle deadline, others do not") {
  Parameters parameters;
  parameters.idle_deadline = 30ms;
  const Kind kind = GENERATE(Kind::echo, Kind::discard, Kind::chargen, Kind::xadmin, Kind::tcpmux);
  Talking talk(kind, parameters);
  talk.result();
  CHECK(!talk.report->connection);
  talk.conversation.reset();
}

TEST_CASE("what happens puts the idle deadline off") {
  Parameters parameters;
  parameters.idle_deadline = 200ms;
  Talking talk(Kind::echo, parameters);
  const auto end = std::chrono::steady_clock::now() + 600ms;
  while (std::chrono::steady_clock::now() < end) {
    talk.say("x");
    REQUIRE(talk.hear(1) == "x");
    REQUIRE(talk.calls == 0);
  }
  talk.result();
}

TEST_CASE("a conversation over what is no socket ends at once") {
  const Kind kind = GENERATE(from_range(every_kind));
  Talking talk(kind, {}, {base::Fd(), base::Fd()});
  CHECK(talk.result().in == 0);
  Talking file(kind, {}, {base::Fd(), base::Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC))});
  CHECK(file.result().in == 0);
}

TEST_CASE("a reset by the client ends every conversation") {
  const Kind kind = GENERATE(from_range(every_kind));
  const Server target;
  Parameters parameters;
  parameters.targets = {target.endpoint};
  Talking talk(kind, parameters);
  talk.settle();
  reset_when_closed(talk.client);
  talk.client.reset();
  CHECK(!talk.result().connection);
}

TEST_CASE("destroying a conversation closes everything and calls nothing") {
  const Server target;
  Parameters parameters;
  parameters.targets = {target.endpoint};
  const Kind kind = GENERATE(from_range(every_kind));
  const bool begun = GENERATE(true, false);
  boost::asio::io_context loop;
  prepare(loop);
  const int before = open_descriptors();
  auto ends = tcp_pair();
  int calls = 0;
  auto conversation = start(loop, kind, std::move(ends.second), parameters, [&](Report) { ++calls; });
  if (begun) {
    (void)!::send(ends.first.get(), "abc", 3, MSG_NOSIGNAL);
    for (int i = 0; i < 10; ++i) {
      loop.restart();
      loop.poll();
    }
    if (calls > 0) return;
  }
  conversation.reset();
  CHECK(open_descriptors() == before + 1);
  loop.restart();
  loop.run();  // and nothing is waited for any more
  CHECK(calls == 0);
}

TEST_CASE("the report may destroy the conversation, and others of the same turn") {
  boost::asio::io_context loop;
  std::vector<std::unique_ptr<Conversation>> all;
  std::vector<base::Fd> clients;
  int calls = 0;
  for (int i = 0; i < 20; ++i) {
    auto ends = tcp_pair();
    clients.push_back(std::move(ends.first));
    all.push_back(start(loop, Kind::echo, std::move(ends.second), {}, [&](Report) {
      ++calls;
      all.clear();
    }));
  }
  loop.poll();
  clients.clear();
  REQUIRE(run_until(loop, [&] { return calls > 0; }));
  loop.restart();
  loop.run();
  CHECK(calls == 1);
}

TEST_CASE("conversations leave no descriptor behind") {
  const int before = open_descriptors();
  {
    boost::asio::io_context loop;
    for (const Kind kind : every_kind) {
      auto ends = tcp_pair();
      bool over = false;
      const auto conversation = start(loop, kind, std::move(ends.second), {}, [&](Report) { over = true; });
      loop.restart();
      loop.poll();
      ends.first.reset();
      REQUIRE(run_until(loop, [&] { return over; }));
    }
  }
  CHECK(open_descriptors() == before);
}
