// SPDX-License-Identifier: MIT
#include "converse/streams.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;

TEST_CASE("echo returns what it gets, at once") {
  Talking talk(Kind::echo);
  for (const std::string word : {"one", "two\r\n", "\x01\xff"}) {
    talk.say(word);
    CHECK(talk.hear(word.size()) == word);
  }
  CHECK(talk.conversation->traffic() == Traffic{10, 10});
  CHECK(talk.calls == 0);
  talk.client.reset();
  CHECK(talk.result().in == 10);
  CHECK(talk.result().out == 10);
}

TEST_CASE("echo returns all bytes after a half-close, then closes") {
  Talking talk(Kind::echo);
  talk.say("the last words");
  talk.end_writing();
  CHECK(talk.hear_all() == "the last words");
  CHECK(talk.result().out == 14);
}

TEST_CASE("echo returns millions of bytes in random pieces unchanged") {
  const bool tcp = GENERATE(true, false);
  const unsigned seed = GENERATE(range(1u, 6u));
  Talking talk(Kind::echo, {}, tcp ? tcp_pair() : unix_pair());
  Sender sender(talk.client.get(), seed, 12'000'000);
  Receiver receiver(talk.client.get(), seed);
  REQUIRE(run_until(talk.loop, [&] { return sender.done() & receiver.done(); }));
  CHECK(receiver.same);
  CHECK(receiver.got == sender.total);
  CHECK(talk.result().in == sender.total);
  CHECK(talk.result().out == sender.total);
}

TEST_CASE("echo to a client that stalls reads no further, and loses nothing when it goes on") {
  Talking talk(Kind::echo);
  const int before = open_descriptors();
  Sender sender(talk.client.get(), 7, 60'000'000);
  Receiver receiver(talk.client.get(), 7);
  fill(talk.loop, sender);
  CHECK(sender.sent < sender.total);
  CHECK(open_descriptors() <= before + 2);  // one pipe at most
  REQUIRE(run_until(talk.loop, [&] { return sender.done() & receiver.done(); }));
  CHECK(receiver.same);
  CHECK(receiver.got == sender.total);
}

TEST_CASE("a client that goes away while echo cannot write ends it") {
  Talking talk(Kind::echo);
  Sender sender(talk.client.get(), 7, 60'000'000);
  fill(talk.loop, sender);
  CHECK(talk.calls == 0);
  talk.client.reset();  // with bytes unread: a reset
  CHECK(talk.result().in < sender.total);
}

TEST_CASE("echo returns urgent data in its place among the other") {
  Talking talk(Kind::echo);
  talk.say("before");
  REQUIRE(::send(talk.client.get(), "!", 1, MSG_OOB) == 1);
  talk.say("after");
  talk.end_writing();
  CHECK(talk.hear_all() == "before!after");
}
