// SPDX-License-Identifier: MIT
// Connections whose server has ended with bytes unread: real sockets on the loopback.
#include "xsuperd/service/linger.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

using namespace xsuperd;
using namespace std::chrono_literals;

namespace {

struct Pair {
  base::Fd client;
  base::Fd server;
};

Pair connection() {
  const base::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), length) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &length) == 0);
  Pair pair{base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), {}};
  REQUIRE(::connect(pair.client.get(), reinterpret_cast<sockaddr*>(&at), length) == 0);
  pair.server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(pair.server);
  return pair;
}

void send_all(const base::Fd& fd, const std::string& bytes) {
  REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

/// What comes until the end of the stream; "reset" behind it when that is how it ended.
std::string everything(const base::Fd& fd) {
  std::string came;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t n = ::recv(fd.get(), part.data(), part.size(), 0);
    if (n < 0) return came + " reset";
    if (n == 0) return came;
    came.append(part.data(), static_cast<std::size_t>(n));
  }
}

void run_while(boost::asio::io_context& loop, const std::function<bool()>& going) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (going() && std::chrono::steady_clock::now() < end) {
    loop.restart();
    loop.run_for(5ms);
  }
}

}  // namespace

TEST_CASE("a peer whose request nobody has read gets the whole answer and the end of it, not a reset") {
  boost::asio::io_context loop;
  service::Lingering lingering(loop, 10);
  Pair pair = connection();
  send_all(pair.client, std::string(10'000, 'q'));
  send_all(pair.server, "answer");
  lingering.take(std::move(pair.server), std::chrono::steady_clock::now() + 60s);
  CHECK(everything(pair.client) == "answer");
  send_all(pair.client, std::string(100'000, 'm'));  // it goes on asking
  loop.run_for(20ms);
  CHECK(lingering.size() == 1);
  CHECK(everything(pair.client).empty());
  pair.client.reset();
  run_while(loop, [&] { return lingering.size() > 0; });
  CHECK(lingering.size() == 0);
}

TEST_CASE("without lingering the same peer is reset, so that the case above can fail") {
  Pair pair = connection();
  send_all(pair.client, std::string(10'000, 'q'));
  send_all(pair.server, "answer");
  pair.server.reset();
  CHECK(everything(pair.client).ends_with(" reset"));
}

TEST_CASE("a peer that does not close is closed when its time is over") {
  boost::asio::io_context loop;
  service::Lingering lingering(loop, 10);
  Pair pair = connection();
  lingering.take(std::move(pair.server), std::chrono::steady_clock::now() + 50ms);
  CHECK(lingering.size() == 1);
  run_while(loop, [&] { return lingering.size() > 0; });
  CHECK(lingering.size() == 0);
  CHECK(everything(pair.client).empty());
}

TEST_CASE("a peer that has closed already is not waited for") {
  boost::asio::io_context loop;
  service::Lingering lingering(loop, 10);
  Pair pair = connection();
  pair.client.reset();
  lingering.take(std::move(pair.server), std::chrono::steady_clock::now() + 60s);
  CHECK(lingering.size() == 0);
}

TEST_CASE("one connection too many displaces the one that has lingered longest") {
  boost::asio::io_context loop;
  service::Lingering lingering(loop, 2);
  std::vector<Pair> pairs;
  for (int i = 0; i < 3; ++i) {
    pairs.push_back(connection());
    lingering.take(std::move(pairs.back().server), std::chrono::steady_clock::now() + 60s);
  }
  CHECK(lingering.size() == 2);
  const auto left = lingering.hand_over();
  REQUIRE(left.size() == 2);
  pairs.clear();
  run_while(loop, [&] { return lingering.size() > 0; });
  CHECK(lingering.size() == 0);
}

TEST_CASE("a group lives as long as a member of it does") {
  const pid_t leader = ::fork();
  REQUIRE(leader >= 0);
  if (leader == 0) {
    ::setpgid(0, 0);
    ::pause();
    ::_exit(0);
  }
  ::setpgid(leader, leader);
  CHECK(service::group_lives(leader));
  ::kill(leader, SIGKILL);
  ::waitpid(leader, nullptr, 0);
  CHECK_FALSE(service::group_lives(leader));
}
