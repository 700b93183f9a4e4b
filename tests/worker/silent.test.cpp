// SPDX-License-Identifier: MIT
// Workers that are silent, do not take what they are sent, or say more than they were asked.
#include <poll.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <optional>

#include "worker/puppet.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto beat = 10ms;

Client::Options beating() { return {.start_now = true, .beat = beat, .silent_beats = 3}; }

/// Whether this asks for a sign of life, and for which.
std::optional<std::uint64_t> sign_wanted(const ToWorker& message) {
  const auto* start = std::get_if<Start>(&message);
  if (!start || start->token < first_sign || start->connection) return std::nullopt;
  return start->token;
}

}  // namespace

TEST_CASE("a worker that gives no sign of life is killed, and followed by another") {
  Puppets puppets(beating());
  puppets.all_ready();
  const base::Fd peer = puppets.start(1);
  (void)puppets.hear(0);
  CHECK(sign_wanted(puppets.hear(0)));
  run_until(puppets.loop, [&] { return !puppets.troubles.empty(); });
  CHECK(puppets.trouble("gave no sign of life for 30 ms, and ended with signal 9; 1 conversation is lost"));
  CHECK(puppets.endings.at(1).lost());
  run_until(puppets.loop, [&] { return puppets.sockets.size() == 2; });
}

TEST_CASE("a worker that answers lives, however long it is asked") {
  Puppets puppets(beating());
  puppets.all_ready();
  const base::Fd peer = puppets.start(1);
  (void)puppets.hear(0);
  for (int times = 0; times < 10; ++times) {
    const auto sign = sign_wanted(puppets.hear(0));
    REQUIRE(sign);
    puppets.say(0, encode(Ended{*sign, {.why = Ending::Why::lost, .report = {}}}));
  }
  CHECK(puppets.troubles.empty());
  CHECK(puppets.client->running() == 1);
}

TEST_CASE("a worker without conversations is not asked, and may be silent") {
  Puppets puppets(Client::Options{.start_now = true, .beat = 1ms, .silent_beats = 2, .idle_after = 0ms});
  puppets.all_ready();
  puppets.loop.run_for(50ms);
  pollfd readable{puppets.sockets.at(0).get(), POLLIN, 0};
  CHECK(::poll(&readable, 1, 0) == 0);
  CHECK(puppets.client->workers().size() == 1);
}

TEST_CASE("a sign of life that nobody asked for, or with something to tell, is a breach") {
  for (const std::uint64_t token : {first_sign, first_sign + 1}) {
    Puppets unasked(Client::Options{.start_now = true, .beat = 1h});
    unasked.all_ready();
    const base::Fd peer = unasked.start(1);
    unasked.say(0, encode(Ended{token, {.why = Ending::Why::lost, .report = {}}}));
    run_until(unasked.loop, [&] { return !unasked.troubles.empty(); });
    CHECK(unasked.trouble("reported the end of a conversation that it does not have"));
  }
  Puppets puppets(beating());
  puppets.all_ready();
  const base::Fd peer = puppets.start(1);
  (void)puppets.hear(0);
  Ended answer{*sign_wanted(puppets.hear(0)), {.why = Ending::Why::lost, .report = {}}};
  answer.ending.report.in = 1;
  puppets.say(0, encode(std::move(answer)));
  run_until(puppets.loop, [&] { return !puppets.troubles.empty(); });
  CHECK(puppets.trouble("reported the end of a conversation that it does not have"));
}

TEST_CASE("the same sign of life is taken once") {
  Puppets puppets(beating());
  puppets.all_ready();
  const base::Fd peer = puppets.start(1);
  (void)puppets.hear(0);
  const std::uint64_t sign = *sign_wanted(puppets.hear(0));
  for (int times = 0; times < 2; ++times) puppets.say(0, encode(Ended{sign, {.why = Ending::Why::lost, .report = {}}}));
  run_until(puppets.loop, [&] { return !puppets.troubles.empty(); });
  CHECK(puppets.trouble("reported the end of a conversation that it does not have"));
}

TEST_CASE("what a worker does not take waits, as much as the queue holds, and the rest is refused before it is given") {
  Puppets puppets(Client::Options{.start_now = true, .queue = 5, .beat = 1h});
  puppets.all_ready();
  std::uint64_t token = 0;
  std::vector<base::Fd> peers;
  while (puppets.client->has_room()) {
    peers.push_back(puppets.start(++token));
    REQUIRE(token < 100'000);
  }
  const auto open_here = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  const auto before = open_here();
  (void)puppets.start(++token);
  run_until(puppets.loop, [&] { return puppets.ended(token); });
  CHECK(puppets.endings.at(token).lost());
  CHECK(open_here() == before);
  // Once it takes them, all are served in order, and there is room again.
  for (std::uint64_t next = 1; next < token; ++next) CHECK(std::get<Start>(puppets.hear(0)).token == next);
  CHECK(puppets.client->has_room());
  CHECK(puppets.troubles.empty());
}

TEST_CASE("a worker that did not read what it was sent is given up, so that the state can be handed over") {
  Puppets puppets(Client::Options{.start_now = true, .queue = 5, .beat = 1h});
  puppets.all_ready();
  std::vector<base::Fd> peers;
  for (std::uint64_t token = 1; puppets.client->has_room(); ++token) peers.push_back(puppets.start(token));
  CHECK_FALSE(puppets.client->settled());
  puppets.client->give_up_stuck();
  CHECK(puppets.client->settled());
  run_until(puppets.loop, [&] { return !puppets.troubles.empty(); });
  CHECK(puppets.trouble("did not read what it was sent"));
  CHECK(puppets.client->running() == 5);  // those that nobody had yet
}

TEST_CASE("whoever is told to stop twice is told once") {
  Puppets puppets(Client::Options{.start_now = true, .beat = 1h});
  puppets.all_ready();
  const base::Fd one = puppets.start(1);
  (void)puppets.hear(0);
  for (int times = 0; times < 3; ++times) puppets.client->stop(1);
  CHECK(std::get<Stop>(puppets.hear(0)).token == 1);
  pollfd readable{puppets.sockets.at(0).get(), POLLIN, 0};
  CHECK(::poll(&readable, 1, 0) == 0);
}

namespace {

/// A worker from before an upgrade, played by the test, with one conversation.
struct TakenOver : Puppets {
  explicit TakenOver(unsigned protocol = protocol_version, Client::Options options = {.beat = 1h})
      : Puppets(std::move(options)) {
    SocketPair pair = make_socket_pair();
    sockets.push_back(std::move(pair.worker));
    spawn::Started process = make_process(0);
    pid = process.pid;
    InheritedWorker worker;
    worker.pid = process.pid;
    worker.pidfd = 1000;
    worker.link = 1001;
    worker.protocol = protocol;
    worker.drain = encode(Drain{}).bytes;
    worker.conversations = {{1, 0, false}};
    client->take_over(worker, [&](int number) { return number == 1000 ? std::move(process.pidfd) : std::move(pair.daemon); });
    REQUIRE(client->resume(1, [this](Ending ending) { endings.emplace(1, std::move(ending)); }));
    CHECK(std::holds_alternative<Drain>(hear(0)));
  }
  pid_t pid = 0;
};

/// As many of these as it takes until the worker is killed for it.
std::size_t flood(TakenOver& inherited, const std::function<Packet(std::uint64_t)>& message) {
  std::size_t said = 0;
  while (inherited.troubles.empty() && !inherited.ended(1) && said < 100'000) {
    if (Channel::send_now(inherited.sockets.at(0).get(), message(said)) == 0) ++said;
    inherited.loop.poll();
  }
  return said;
}

}  // namespace

TEST_CASE("an inherited worker that floods us with answers to an old question is killed") {
  TakenOver inherited;
  const auto said = flood(inherited, [](std::uint64_t n) { return encode(Progress{7, {{n, {1, 1}}}, false}); });
  CHECK(said < 1000);
  run_until(inherited.loop, [&] { return !inherited.troubles.empty(); });
  CHECK(inherited.trouble("reported the progress of conversations that it does not have"));
  CHECK(inherited.endings.at(1).lost());
}

TEST_CASE("an inherited worker that is ready without end, or gives signs of life without end, is killed") {
  TakenOver ready;
  CHECK(flood(ready, [](std::uint64_t) { return encode(Ready{}); }) < 1000);
  TakenOver alive;
  CHECK(flood(alive, [](std::uint64_t n) {
          return encode(Ended{first_sign + 1 + n, {.why = Ending::Why::lost, .report = {}}});
        }) < 1000);
}

TEST_CASE("a worker of another version that floods us is killed, and not for being silent") {
  TakenOver silent(99, {.beat = 1ms, .silent_beats = 2});
  silent.loop.run_for(50ms);
  CHECK_FALSE(silent.ended(1));
  CHECK(flood(silent, [](std::uint64_t) { return Packet{"whatever it says", {}}; }) < 1000);
}

TEST_CASE("a worker of another version that is stopped is killed") {
  TakenOver stopped(99, {.beat = 5ms, .silent_beats = 2});
  REQUIRE(::kill(stopped.pid, SIGSTOP) == 0);
  run_until(stopped.loop, [&] { return stopped.ended(1) && !stopped.troubles.empty(); });
  CHECK(stopped.trouble("gave no sign of life for 10 ms, and ended with signal 9"));
}

TEST_CASE("an inherited worker is asked for a sign of life in words that the version before knew") {
  TakenOver inherited(protocol_version, {.beat = 5ms, .silent_beats = 2});
  for (int times = 0; times < 5; ++times) {
    const auto sign = sign_wanted(inherited.hear(0));
    REQUIRE(sign);
    inherited.say(0, encode(Ended{*sign, {.why = Ending::Why::lost, .report = {}}}));
  }
  CHECK_FALSE(inherited.ended(1));
  run_until(inherited.loop, [&] { return inherited.ended(1); });  // silent now
}
