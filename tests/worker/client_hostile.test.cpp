// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "worker/puppet.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;
using namespace std::chrono_literals;

namespace {

Ended plain_end(std::uint64_t token) { return {token, {}}; }

/// A worker that was ready says this, and is killed for it; its conversation is lost.
void is_killed_for(Packet packet) {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  const base::Fd peer = puppets.start(1);
  (void)puppets.hear(0);
  puppets.say(0, packet);
  run_until(puppets.loop, [&] { return !puppets.troubles.empty(); });
  CHECK(puppets.trouble("ended with signal 9; 1 conversation is lost"));
  REQUIRE(puppets.ended(1));
  CHECK(puppets.endings.at(1).lost());
}

}  // namespace

TEST_CASE("a worker that sends garbage is killed") {
  is_killed_for({"garbage", {}});
  is_killed_for({std::string(largest_message, '\xff'), {}});
}

TEST_CASE("a worker that sends more than a message holds is killed") {
  is_killed_for({std::string(largest_message + 1, '\1'), {}});
}

TEST_CASE("a worker that ends what it does not have is killed") { is_killed_for(encode(plain_end(2))); }

TEST_CASE("a worker that is ready twice is killed") { is_killed_for(encode(Ready{})); }

TEST_CASE("a worker that gives back the connection of another kind of conversation is killed") {
  Ended ended = plain_end(1);
  ended.ending.report.connection = make_connection().server;
  is_killed_for(encode(std::move(ended)));
}

TEST_CASE("a worker that tells an identity where none was asked is killed") {
  Ended ended = plain_end(1);
  ended.ending.report.identity = {converse::Identity::Result::user, "UNIX : root"};
  is_killed_for(encode(std::move(ended)));
}

TEST_CASE("a worker that tells a line of what it has not, or of what has none, is killed") {
  is_killed_for(encode(Line{1, "line"}));
  is_killed_for(encode(Line{2, "line"}));
}

TEST_CASE("a worker that tells a header of what it has not, or of what has none, is killed") {
  const ProxyHeader late{.result = ProxyHeader::Result::late, .client = {}, .called = {}};
  is_killed_for(encode(HeaderSeen{1, late}));
  is_killed_for(encode(HeaderSeen{2, late}));
}

TEST_CASE("a worker that wishes for a page where none is shown, or for two at once, is killed") {
  is_killed_for(encode(Wish{1, {}}));
  is_killed_for(encode(Wish{2, {}}));
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  const base::Fd peer = puppets.start(1, Kind::metrics);
  (void)puppets.hear(0);
  puppets.say(0, encode(Wish{1, {}}));
  puppets.say(0, encode(Wish{1, {}}));
  run_until(puppets.loop, [&] { return puppets.ended(1); });
  CHECK(puppets.endings.at(1).lost());
}

TEST_CASE("a worker that tells another client after the first is killed, and none of them counts") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  const base::Fd peer = puppets.start(1, Kind::proxy);
  (void)puppets.hear(0);
  const base::Endpoint client{*base::Address::parse("192.0.2.1"), 80};
  const ProxyHeader header{.result = ProxyHeader::Result::header, .version = 1, .own = false, .size = 28, .client = client, .called = client};
  puppets.say(0, encode(HeaderSeen{1, header}));
  puppets.say(0, encode(HeaderSeen{1, header}));
  run_until(puppets.loop, [&] { return puppets.ended(1) && !puppets.troubles.empty(); });
  CHECK(puppets.endings.at(1).lost());
  CHECK(puppets.endings.at(1).report.header.result == ProxyHeader::Result::none);
  CHECK(puppets.trouble("ended with signal 9"));
}

TEST_CASE("a worker that tells a header of another worker's connection is killed, and that connection's client is not changed") {
  Puppets puppets(Client::Options{.workers = 2, .start_now = true});
  puppets.all_ready();
  const base::Fd first = puppets.start(1, Kind::proxy);
  const base::Fd second = puppets.start(2, Kind::proxy);
  CHECK(std::get<Start>(puppets.hear(0)).token == 1);
  CHECK(std::get<Start>(puppets.hear(1)).token == 2);
  const base::Endpoint client{*base::Address::parse("192.0.2.1"), 80};
  puppets.say(1, encode(HeaderSeen{1, {.result = ProxyHeader::Result::header, .version = 1, .own = false, .size = 28, .client = client, .called = client}}));
  run_until(puppets.loop, [&] { return puppets.ended(2); });
  CHECK(puppets.endings.at(2).lost());
  puppets.say(0, encode(HeaderSeen{1, {.result = ProxyHeader::Result::late, .client = {}, .called = {}}}));
  puppets.say(0, encode(plain_end(1)));
  run_until(puppets.loop, [&] { return puppets.ended(1); });
  CHECK(puppets.endings.at(1).report.header.result == ProxyHeader::Result::late);
}

TEST_CASE("a worker that ends a look at a header without telling one has told of none") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  const base::Fd peer = puppets.start(1, Kind::proxy);
  (void)puppets.hear(0);
  puppets.say(0, encode(plain_end(1)));
  run_until(puppets.loop, [&] { return puppets.ended(1); });
  CHECK(puppets.endings.at(1).report.header.result == ProxyHeader::Result::none);
}

TEST_CASE("lines of a stream are told as they come, and no more of them than any worker may tell") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  std::vector<std::string> lines;
  Parameters parameters;
  parameters.on_line = [&](std::string_view line) { return lines.emplace_back(line), true; };
  Connection connection = make_connection();
  puppets.client->start(1, Kind::lines, std::move(connection.server), parameters, [](const Ending&) {});
  CHECK(std::get<Start>(puppets.hear(0)).kind == Kind::lines);
  puppets.say(0, encode(Line{1, "one"}));
  puppets.say(0, encode(Line{1, "two"}));
  run_until(puppets.loop, [&] { return lines.size() == 2; });
  CHECK(lines == std::vector<std::string>{"one", "two"});
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 100; ++j) puppets.say(0, encode(Line{1, "more"}));
    puppets.loop.restart();
    puppets.loop.poll();
  }
  CHECK(lines.size() >= 200);
  CHECK(lines.size() < 400);
  CHECK(puppets.troubles.empty());
}

TEST_CASE("a connection that is not the one that was given away is not taken back") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  const base::Fd first = puppets.start(1, Kind::tcpmux);
  const base::Fd second = puppets.start(2, Kind::tcpmux);
  auto start1 = std::get<Start>(puppets.hear(0));
  auto start2 = std::get<Start>(puppets.hear(0));
  REQUIRE(start1.connection);
  Ended right = plain_end(1);
  right.ending.report.connection = std::move(start1.connection);
  puppets.say(0, encode(std::move(right)));
  run_until(puppets.loop, [&] { return puppets.ended(1); });
  CHECK(puppets.endings.at(1).report.connection);

  Ended wrong = plain_end(2);
  wrong.ending.report.connection = make_connection().server;
  puppets.say(0, encode(std::move(wrong)));
  run_until(puppets.loop, [&] { return puppets.ended(2); });
  CHECK(puppets.endings.at(2).lost());
  CHECK_FALSE(puppets.endings.at(2).report.connection);
}

TEST_CASE("what is passed on to a target is not given back, though the kernel might have gone on with it") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  Connection connection = make_connection();
  Ended ended = plain_end(1);
  ended.ending.report.connection.reset(::fcntl(connection.server.get(), F_DUPFD_CLOEXEC, 0));
  auto offer = std::make_shared<tls::Offer>();
  offer->in_kernel = true;
  Parameters parameters;
  parameters.offer = offer;
  bool first_called = false;
  std::optional<Ending> ending;
  puppets.client->start(1, Kind::tls, std::move(connection.server), std::move(parameters), [&](const Ending&) { first_called = true; });
  REQUIRE(puppets.client->redirect(1, {}, [&](Ending one) { ending = std::move(one); }));
  puppets.say(0, encode(std::move(ended)));
  run_until(puppets.loop, [&] { return ending.has_value(); });
  CHECK(ending->lost());
  CHECK_FALSE(ending->report.connection);
  CHECK_FALSE(first_called);
}

TEST_CASE("a worker that ends another worker's conversation is killed") {
  Puppets puppets(Client::Options{.workers = 2, .start_now = true});
  puppets.all_ready();
  const base::Fd first = puppets.start(1);
  const base::Fd second = puppets.start(2);
  CHECK(std::get<Start>(puppets.hear(0)).token == 1);
  CHECK(std::get<Start>(puppets.hear(1)).token == 2);
  puppets.say(1, encode(plain_end(1)));
  run_until(puppets.loop, [&] { return puppets.ended(2); });
  CHECK(puppets.endings.at(2).lost());
  CHECK_FALSE(puppets.ended(1));
}

TEST_CASE("ends that a worker sent before it died are not lost") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  const pid_t pid = puppets.client->workers().front();
  for (std::uint64_t token = 1; token <= 3; ++token) (void)puppets.start(token);
  puppets.say(0, encode(plain_end(1)));
  puppets.say(0, encode(plain_end(2)));
  puppets.sockets[0].reset();  // with unread starts in it
  REQUIRE(::kill(pid, SIGKILL) == 0);
  run_until(puppets.loop, [&] { return puppets.endings.size() == 3 && !puppets.troubles.empty(); });
  CHECK(puppets.endings.at(1).why == Ending::Why::finished);
  CHECK(puppets.endings.at(2).why == Ending::Why::finished);
  CHECK(puppets.endings.at(3).lost());
}

TEST_CASE("ends that are read only after the process has ended count too") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  const pid_t pid = puppets.client->workers().front();
  (void)puppets.start(1);
  puppets.say(0, encode(plain_end(1)));
  REQUIRE(::kill(pid, SIGKILL) == 0);  // the socket stays open here
  run_until(puppets.loop, [&] { return !puppets.troubles.empty(); });
  CHECK(puppets.endings.at(1).why == Ending::Why::finished);
  CHECK(puppets.trouble("0 conversations are lost"));
}

TEST_CASE("a conversation goes to the worker that has the fewest") {
  Puppets puppets(Client::Options{.workers = 2, .start_now = true});
  puppets.all_ready();
  for (std::uint64_t token = 1; token <= 4; ++token) (void)puppets.start(token);
  CHECK(std::get<Start>(puppets.hear(0)).token == 1);
  CHECK(std::get<Start>(puppets.hear(1)).token == 2);
  CHECK(std::get<Start>(puppets.hear(0)).token == 3);
  CHECK(std::get<Start>(puppets.hear(1)).token == 4);
  puppets.say(1, encode(plain_end(2)));
  run_until(puppets.loop, [&] { return puppets.ended(2); });
  (void)puppets.start(5);
  CHECK(std::get<Start>(puppets.hear(1)).token == 5);
}

TEST_CASE("conversations wait for a worker in order, as many as the queue holds") {
  Puppets puppets(Client::Options{.queue = 2});
  for (std::uint64_t token = 1; token <= 3; ++token) (void)puppets.start(token);
  CHECK(puppets.client->running() == 2);
  CHECK(puppets.endings.empty());  // never from inside a call
  run_until(puppets.loop, [&] { return puppets.ended(3); });
  CHECK(puppets.endings.at(3).lost());
  puppets.all_ready();
  CHECK(std::get<Start>(puppets.hear(0)).token == 1);
  CHECK(std::get<Start>(puppets.hear(0)).token == 2);
}

TEST_CASE("a worker that does not become ready is killed, and those who waited are lost") {
  Puppets puppets(Client::Options{.first_pause = 1ms, .patience = 20ms});
  (void)puppets.start(1);
  run_until(puppets.loop, [&] { return puppets.ended(1); });
  CHECK(puppets.endings.at(1).lost());
  CHECK(puppets.troubles.front().find("was not ready in time, and ended with signal 9") != std::string::npos);
}

TEST_CASE(
    "a worker that should end for want of work and does not is killed, and those who waited are served") {
  Puppets puppets(Client::Options{.idle_after = 1ms, .patience = 20ms});
  (void)puppets.start(1);
  puppets.all_ready();
  (void)puppets.hear(0);
  puppets.say(0, encode(plain_end(1)));
  run_until(puppets.loop, [&] { return puppets.ended(1) && puppets.client->workers().empty(); });
  CHECK(std::holds_alternative<Drain>(puppets.hear(0)));
  (void)puppets.start(2);
  run_until(puppets.loop, [&] { return puppets.sockets.size() == 2; });
  puppets.say(1, encode(Ready{}));
  CHECK(std::get<Start>(puppets.hear(1)).token == 2);
  CHECK(puppets.troubles.empty());
}

TEST_CASE("a conversation that finds the others busy has a worker started in the place of one that ended") {
  Puppets puppets(Client::Options{.workers = 2, .idle_after = 1ms});
  (void)puppets.start(1);
  puppets.all_ready();  // the first has a conversation, the second has none
  const pid_t second = puppets.client->workers().at(1);
  run_until(puppets.loop, [&] { return puppets.client->workers().size() == 1; });
  REQUIRE(::kill(second, SIGKILL) == 0);
  std::uint64_t token = 2;
  run_until(puppets.loop, [&] {
    (void)puppets.start(token++);  // served by the first
    return puppets.sockets.size() == 3;
  });
  CHECK(puppets.troubles.empty());
}

TEST_CASE("what a worker says of its failure is logged in safe characters") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.say(0, encode(Failed{"oh\nno"}));
  run_until(puppets.loop, [&] { return !puppets.troubles.empty(); });
  CHECK(puppets.trouble("failed (oh\\x0ano), and ended with signal 9"));
}

TEST_CASE("pauses grow while workers die young") {
  Puppets puppets(Client::Options{
      .start_now = true, .healthy_after = std::chrono::hours(1), .first_pause = 2ms, .longest_pause = 8ms});
  for (const char* pause : {"in 2 ms", "in 4 ms", "in 8 ms", "in 8 ms"}) {
    const std::size_t before = puppets.troubles.size();
    const std::size_t starts = puppets.sockets.size();
    puppets.say(starts - 1, {"garbage", {}});
    run_until(puppets.loop, [&] { return puppets.troubles.size() > before; });
    CHECK(puppets.trouble(pause));
    run_until(puppets.loop, [&] { return puppets.sockets.size() > starts; });
  }
}

TEST_CASE("a worker that worked for a while is followed by another at once, however many did before") {
  Puppets healthy(Client::Options{.start_now = true, .healthy_after = 0ms, .first_pause = std::chrono::hours(1)});
  for (int round = 0; round < 3; ++round) {
    const std::size_t starts = healthy.sockets.size();
    healthy.say(starts - 1, encode(Ready{}));
    healthy.say(starts - 1, {"garbage", {}});
    run_until(healthy.loop, [&] { return healthy.sockets.size() > starts; });
    CHECK(healthy.trouble("at once"));
  }
}

TEST_CASE("pauses begin anew after a worker that worked for a while") {
  Puppets puppets(Client::Options{.start_now = true, .healthy_after = 0ms, .first_pause = 2ms});
  const auto fail = [&](bool ready_before, const char* when) {
    const std::size_t starts = puppets.sockets.size();
    if (ready_before) puppets.say(starts - 1, encode(Ready{}));
    puppets.say(starts - 1, {"garbage", {}});
    run_until(puppets.loop, [&] { return puppets.sockets.size() > starts; });
    CHECK(puppets.trouble(when));
  };
  fail(false, "in 2 ms");
  fail(false, "in 4 ms");
  fail(true, "at once");
  fail(false, "in 2 ms");
}

TEST_CASE("a token in use is refused without harm to the first") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  (void)puppets.start(1);
  CHECK(std::get<Start>(puppets.hear(0)).token == 1);
  bool lost = false;
  puppets.client->start(1, Kind::echo, make_connection().server, {},
                        [&](const Ending& ending) { lost = ending.lost(); });
  run_until(puppets.loop, [&] { return lost; });
  CHECK(puppets.client->running() == 1);
}

TEST_CASE("parameters that no message can carry are lost, not sent") {
  Puppets puppets(Client::Options{.start_now = true});
  puppets.all_ready();
  Parameters parameters;
  parameters.targets.resize(most_targets + 1);
  bool lost = false;
  puppets.client->start(1, Kind::relay, make_connection().server, parameters,
                        [&](const Ending& ending) { lost = ending.lost(); });
  run_until(puppets.loop, [&] { return lost; });
  CHECK(puppets.client->running() == 0);
}
