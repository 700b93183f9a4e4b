// SPDX-License-Identifier: MIT
// What the client makes of answers to its question how much conversations have carried.
#include <catch2/catch.hpp>
#include <csignal>

#include "worker/puppet.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;
using namespace std::chrono_literals;

namespace {

/// Workers played by the test, with a conversation each, and what the client told.
struct Asked : Puppets {
  explicit Asked(std::size_t workers, std::chrono::milliseconds patience = 1h)
      : Puppets(Client::Options{.workers = workers, .start_now = true, .progress_patience = patience}) {
    all_ready();
    for (std::size_t i = 0; i < workers; ++i) {
      peers.push_back(start(i + 1));
      CHECK(std::get<Start>(hear(i)).token == i + 1);
    }
  }
  void ask() {
    client->progress([this](const Counts& counts) { told.push_back(counts); });
  }
  std::uint64_t question(std::size_t worker) { return std::get<Ask>(hear(worker)).question; }
  void until_told(std::size_t times = 1) {
    run_until(loop, [&] { return told.size() >= times; });
    CHECK(told.size() == times);
  }
  [[nodiscard]] bool quiet(std::size_t worker) {
    loop.poll();
    pollfd readable{sockets.at(worker).get(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 0;
  }

  std::vector<base::Fd> peers;
  std::vector<Counts> told;
};

/// A worker that holds conversation 1 says this, told the question's number, and is killed for it.
void is_killed_for(const std::function<std::vector<Packet>(std::uint64_t)>& answer) {
  Asked asked(2);
  asked.ask();
  const std::uint64_t question = asked.question(0);
  for (Packet& packet : answer(question)) asked.say(0, packet);
  run_until(asked.loop, [&] { return !asked.troubles.empty(); });
  CHECK(asked.trouble("reported the progress of conversations"));
  CHECK(asked.trouble("ended with signal 9; 1 conversation is lost"));
  CHECK(asked.ended(1));
  // The other one counts all the same.
  asked.say(1, encode(Progress{asked.question(1), {{2, {5, 6}}}, true}));
  asked.until_told();
  CHECK(asked.told[0].at(2) == Traffic{5, 6});
}

}  // namespace

TEST_CASE("the answers of all workers are told together, once") {
  Asked asked(2);
  asked.ask();
  CHECK(asked.told.empty());
  const std::uint64_t question = asked.question(0);
  CHECK(asked.question(1) == question);
  asked.say(1, encode(Progress{question, {{2, {20, 200}}}, true}));
  asked.loop.run_for(20ms);
  CHECK(asked.told.empty());
  asked.say(0, encode(Progress{question, {{1, {10, 100}}}, true}));
  asked.until_told();
  CHECK(asked.told[0] == Counts{{1, {10, 100}}, {2, {20, 200}}});
}

TEST_CASE("an answer in several messages is collected to its last") {
  Asked asked(1);
  const base::Fd more = asked.start(2);
  (void)asked.hear(0);
  asked.ask();
  const std::uint64_t question = asked.question(0);
  asked.say(0, encode(Progress{question, {{1, {1, 1}}}, false}));
  asked.say(0, encode(Progress{question, {{2, {2, 2}}}, true}));
  asked.until_told();
  CHECK(asked.told[0] == Counts{{1, {1, 1}}, {2, {2, 2}}});
}

TEST_CASE("a worker that dies without an answer is not waited for") {
  Asked asked(2);
  asked.ask();
  const std::uint64_t question = asked.question(0);
  asked.say(0, encode(Progress{question, {{1, {10, 100}}}, true}));
  REQUIRE(::kill(asked.client->workers().at(1), SIGKILL) == 0);
  asked.sockets[1].reset();
  asked.until_told();
  CHECK(asked.told[0] == Counts{{1, {10, 100}}});
  CHECK(asked.endings.at(2).lost());
}

TEST_CASE("a worker that says nothing is waited for as long as the patience lasts, and not asked again until it answers") {
  Asked asked(2, 20ms);
  asked.ask();
  const std::uint64_t first = asked.question(0);
  asked.say(0, encode(Progress{first, {{1, {10, 100}}}, true}));
  asked.until_told();
  CHECK(asked.told[0] == Counts{{1, {10, 100}}});
  CHECK(asked.question(1) == first);

  asked.ask();
  const std::uint64_t second = asked.question(0);
  CHECK(second != first);
  asked.say(0, encode(Progress{second, {{1, {11, 101}}}, true}));
  asked.until_told(2);
  CHECK(asked.quiet(1));

  asked.say(1, encode(Progress{first, {{2, {1, 1}}}, true}));  // late, and no breach
  asked.loop.run_for(20ms);
  CHECK(asked.troubles.empty());
  CHECK(asked.told.size() == 2);
  asked.ask();
  const std::uint64_t third = asked.question(1);
  asked.say(1, encode(Progress{third, {{2, {7, 8}}}, true}));
  asked.until_told(3);
  CHECK(asked.told[2].at(2) == Traffic{7, 8});
}

TEST_CASE("whoever asks while a question is open gets answers of a later one") {
  Asked asked(1);
  asked.ask();
  const std::uint64_t first = asked.question(0);
  asked.ask();
  asked.ask();
  CHECK(asked.quiet(0));
  asked.say(0, encode(Progress{first, {{1, {1, 1}}}, true}));
  asked.until_told(1);
  const std::uint64_t second = asked.question(0);
  asked.say(0, encode(Progress{second, {{1, {2, 2}}}, true}));
  asked.until_told(3);
  CHECK(asked.told[0].at(1) == Traffic{1, 1});
  CHECK(asked.told[1].at(1) == Traffic{2, 2});
  CHECK(asked.told[2].at(1) == Traffic{2, 2});
}

TEST_CASE("without workers and without conversations the answer is empty, and comes from the loop") {
  const bool start = GENERATE(true, false);
  Puppets puppets(Client::Options{.start_now = start});
  if (start) puppets.all_ready();
  std::vector<Counts> told;
  puppets.client->progress([&](const Counts& counts) { told.push_back(counts); });
  CHECK(told.empty());
  run_until(puppets.loop, [&] { return !told.empty(); });
  CHECK(told == std::vector<Counts>{{}});
}

TEST_CASE("terminating the workers answers the question with what there is") {
  Asked asked(2);
  asked.ask();
  asked.say(1, encode(Progress{asked.question(1), {{2, {3, 4}}}, true}));
  asked.loop.run_for(20ms);
  asked.client->terminate();
  asked.until_told();
  CHECK(asked.told[0] == Counts{{2, {3, 4}}});
}

TEST_CASE("a client that is no more tells nobody, and one may be destroyed by whom it tells") {
  Asked asked(1);
  asked.ask();
  asked.client->progress([&](const Counts&) { FAIL("told by nobody"); });
  const std::uint64_t question = asked.question(0);
  SECTION("before the answer") { asked.client.reset(); }
  SECTION("in the answer") {
    asked.client->terminate();
    asked.told.clear();
    asked.client = std::make_unique<Client>(asked.loop, Client::Options{.recipe = test_recipe()}, asked.spawner);
    asked.client->progress([&](const Counts& counts) {
      asked.told.push_back(counts);
      asked.client.reset();
    });
    run_until(asked.loop, [&] { return !asked.client; });
  }
  (void)question;
  asked.loop.run_for(20ms);
  CHECK_FALSE(asked.client);
}

TEST_CASE("a worker that tells without being asked is killed") {
  Asked asked(1);
  asked.say(0, encode(Progress{1, {{1, {1, 1}}}, true}));
  run_until(asked.loop, [&] { return !asked.troubles.empty(); });
  CHECK(asked.trouble("nobody asked for, and ended with signal 9; 1 conversation is lost"));
}

TEST_CASE("a worker that answers another question is killed") {
  is_killed_for([](std::uint64_t question) {
    std::vector<Packet> packets;
    packets.push_back(encode(Progress{question + 1, {{1, {1, 1}}}, true}));
    return packets;
  });
}

TEST_CASE("a worker that tells of another worker's conversation, or of none, is killed") {
  const std::uint64_t token = GENERATE(2, 3);
  is_killed_for([=](std::uint64_t question) {
    std::vector<Packet> packets;
    packets.push_back(encode(Progress{question, {{token, {1, 1}}}, true}));
    return packets;
  });
}

TEST_CASE("a worker that tells of a conversation twice is killed, however it is cut into messages") {
  is_killed_for([](std::uint64_t question) {
    std::vector<Packet> packets;
    packets.push_back(encode(Progress{question, {{1, {1, 1}}}, false}));
    packets.push_back(encode(Progress{question, {{1, {1, 1}}}, false}));
    return packets;
  });
}

TEST_CASE("a worker that answers twice is killed") {
  is_killed_for([](std::uint64_t question) {
    std::vector<Packet> packets;
    packets.push_back(encode(Progress{question, {{1, {1, 1}}}, true}));
    packets.push_back(encode(Progress{question, {}, true}));
    return packets;
  });
}

TEST_CASE("real workers tell what their conversations have carried") {
  Bench bench(Client::Options{.workers = 2, .recipe = real_recipe(), .start_now = true});
  (void)bench.ready_worker(2);
  const base::Fd first = bench.start(1, Kind::echo);
  const base::Fd second = bench.start(2, Kind::echo);
  bench.talk(first);
  bench.talk(second);
  bench.talk(second);
  std::vector<Counts> told;
  const auto ask = [&] {
    const std::size_t before = told.size();
    bench.client->progress([&](const Counts& counts) { told.push_back(counts); });
    run_until(bench.loop, [&] { return told.size() > before; });
  };
  ask();
  CHECK(told[0] == Counts{{1, {5, 5}}, {2, {10, 10}}});
  bench.talk(first);
  ask();
  CHECK(told[1] == Counts{{1, {10, 10}}, {2, {10, 10}}});
  CHECK(bench.troubles.empty());
}
