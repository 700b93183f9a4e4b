// SPDX-License-Identifier: MIT
#include "worker/server.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "worker/puppet.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using namespace xsuperd::worker::testing;
using namespace std::chrono_literals;

namespace {

/// A worker's server on the loop of the test, and the daemon's end of its socket.
class Served {
 public:
  explicit Served(std::chrono::milliseconds orphan_limit = 1h) {
    SocketPair pair = make_socket_pair();
    daemon = std::move(pair.daemon);
    server = std::make_unique<Server>(loop, std::move(pair.worker), test_starter(), orphan_limit,
                                      [this] { finished = true; });
  }

  void say(const Packet& packet) { REQUIRE(Channel::send_now(daemon.get(), packet) == 0); }
  base::Fd start(std::uint64_t token, Kind kind = Kind::echo) {
    Connection connection = make_connection();
    Start start;
    start.token = token;
    start.kind = kind;
    start.connection = std::move(connection.server);
    say(encode(std::move(start)).value().back());
    loop.poll();
    return std::move(connection.peer);
  }
  /// The next message, if there is one.
  std::optional<ToDaemon> hear() {
    loop.poll();  // what is said in one turn goes out at its end
    Packet packet;
    packet.bytes.resize(largest_message);
    const ssize_t size = ::recv(daemon.get(), packet.bytes.data(), packet.bytes.size(), MSG_DONTWAIT);
    if (size <= 0) return std::nullopt;
    packet.bytes.resize(static_cast<std::size_t>(size));
    return decode_for_daemon(std::move(packet));
  }
  void run_until_finished() {
    run_until(loop, [this] { return finished; });
  }

  boost::asio::io_context loop;
  base::Fd daemon;
  bool finished = false;
  std::unique_ptr<Server> server;
};

}  // namespace

TEST_CASE("a worker says first that it is ready") {
  Served served;
  const auto first = served.hear();
  REQUIRE(first);
  CHECK(std::holds_alternative<Ready>(*first));
}

TEST_CASE("a full socket to the daemon delays ends and loses none") {
  Served served;
  const int small = 1;  // the kernel's least
  ::setsockopt(served.daemon.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  constexpr std::uint64_t count = 2000;
  for (std::uint64_t token = 0; token < count; ++token) (void)served.start(token);
  run_until(served.loop, [&] { return served.server->running() == 0; });
  CHECK(served.server->kept() > 0);
  CHECK(served.loop.poll() < 50);  // it waits for room and does not spin
  std::set<std::uint64_t> tokens;
  (void)served.hear();  // Ready
  run_until(served.loop, [&] {
    while (const auto message = served.hear()) tokens.insert(std::get<Ended>(*message).token);
    return tokens.size() == count;
  });
  CHECK(served.server->kept() == 0);
}

TEST_CASE("draining lets conversations finish, and their ends be told") {
  Served served;
  base::Fd peer = served.start(1);
  served.say(encode(Drain{}));
  served.loop.poll();
  CHECK_FALSE(served.finished);
  const base::Fd late = served.start(2);
  peer.reset();
  served.run_until_finished();
  (void)served.hear();
  CHECK(std::get<Ended>(*served.hear()).ending.why == Ending::Why::lost);  // 2: too late
  CHECK(std::get<Ended>(*served.hear()).token == 1);
}

TEST_CASE("draining a worker that holds nothing ends it") {
  Served served;
  served.say(encode(Drain{}));
  served.run_until_finished();
}

TEST_CASE("without its daemon a worker goes on until the last conversation has ended") {
  Served served;
  base::Fd peer = served.start(1);
  served.daemon.reset();
  served.loop.poll();
  CHECK_FALSE(served.finished);
  peer.reset();
  served.run_until_finished();
}

TEST_CASE("a worker whose daemon died without a word does not go on for ever") {
  Served served(1ms);
  const base::Fd peer = served.start(1);
  served.daemon.reset();
  served.run_until_finished();
  CHECK(served.server->running() == 1);
}

TEST_CASE("stopping a conversation twice is answered once") {
  Served served;
  const base::Fd peer = served.start(1);
  (void)served.hear();
  served.say(encode(Stop{1}));
  served.say(encode(Stop{1}));
  served.loop.poll();
  CHECK(std::get<Ended>(*served.hear()).ending.why == Ending::Why::stopped);
  CHECK_FALSE(served.hear());
  CHECK(at_end(peer));
}

TEST_CASE("a start whose connection got lost on the way is answered as lost") {
  Served served;
  (void)served.hear();
  Start start;
  start.token = 5;
  served.say(encode(std::move(start)).value().back());
  served.loop.poll();
  CHECK(std::get<Ended>(*served.hear()).ending.why == Ending::Why::lost);
}

TEST_CASE("a relay has the target that came before its start, and no other conversation has") {
  Served served;
  (void)served.hear();
  const auto start_with = [&](std::uint64_t token, bool target, bool lost) {
    Connection connection = make_connection(), other = make_connection();
    Start start;
    start.token = token;
    start.connection = std::move(connection.server);
    if (target) start.parameters.target = std::make_shared<base::Fd>(std::move(other.server));
    auto packets = encode(std::move(start)).value();
    CHECK(packets.size() == (target ? 2u : 1u));
    if (lost) packets.front().fd.reset();
    for (const Packet& packet : packets) served.say(packet);
    served.loop.poll();
    return std::pair(std::move(connection.peer), std::move(other.peer));
  };
  const auto first = start_with(1, true, false);
  CHECK(served.server->running() == 1);
  CHECK_FALSE(at_end(first.second));
  const auto second = start_with(2, true, true);
  CHECK(std::get<Ended>(*served.hear()).token == 2);
  CHECK(at_end(second.first));
  const auto third = start_with(3, false, false);
  CHECK(served.server->running() == 2);
  // One that no start follows goes with the next start.
  Connection stray = make_connection();
  served.say(encode(Target{9, std::move(stray.server)}));
  const auto fourth = start_with(4, false, false);
  CHECK(served.server->running() == 3);
  CHECK(at_end(stray.peer));
}

TEST_CASE("a worker tells what each conversation has carried, and of none that has ended") {
  Served served;
  (void)served.hear();
  const base::Fd second = served.start(9);
  const base::Fd first = served.start(4);
  base::Fd third = served.start(5);
  write_all(first, "four");
  char bytes[4];
  run_until(served.loop, [&] { return ::recv(first.get(), bytes, sizeof bytes, MSG_DONTWAIT) == 4; });
  third.reset();
  run_until(served.loop, [&] { return served.server->running() == 2; });
  CHECK(std::get<Ended>(*served.hear()).token == 5);
  served.say(encode(Ask{77}));
  served.loop.poll();
  const auto message = served.hear();
  REQUIRE(message);
  const auto& progress = std::get<Progress>(*message);
  CHECK(progress.question == 77);
  CHECK(progress.last);
  CHECK(progress.counts == std::vector<Progress::Count>{{4, {4, 4}}, {9, {0, 0}}});
}

TEST_CASE("a worker that holds nothing answers all the same") {
  Served served;
  (void)served.hear();
  served.say(encode(Ask{1}));
  served.say(encode(Ask{2}));
  served.loop.poll();
  CHECK(std::get<Progress>(*served.hear()).counts.empty());
  CHECK(std::get<Progress>(*served.hear()).question == 2);
}

TEST_CASE("a broken message from the daemon ends the worker") {
  Served served;
  const base::Fd peer = served.start(1);
  served.say({"what?", {}});
  served.run_until_finished();
  CHECK(at_end(peer));
}

TEST_CASE("client and server understand each other across threads") {
  Puppets puppets(Client::Options{.start_now = true});
  boost::asio::io_context there;
  Server server(there, std::move(puppets.sockets[0]), test_starter(), 1h, [&there] { there.stop(); });
  std::thread thread([&there] { there.run(); });
  constexpr std::uint64_t count = 1000;
  std::vector<base::Fd> peers(count);
  for (std::uint64_t token = 0; token < count; ++token) {
    const Kind kind = token % 3 == 0 ? Kind::tcpmux : Kind::echo;
    peers[token] = puppets.start(token, kind);
    write_all(peers[token], "abc");
    if (token % 5 == 4) puppets.client->stop(token);
    if (token >= 50 && peers[token - 50]) peers[token - 50].reset();
    puppets.loop.poll();
  }
  peers.clear();
  run_until(puppets.loop, [&] { return puppets.endings.size() == count; });
  CHECK(puppets.troubles.empty());
  puppets.client.reset();  // Drain, then the end of the socket
  thread.join();
  CHECK(server.running() == 0);
}
