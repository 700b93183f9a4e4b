// SPDX-License-Identifier: MIT
#include "xsuperd/net/nft.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

using namespace xsuperd;
using namespace std::chrono_literals;

namespace {

/// Answers a command with its length, "wrong" with an error; ends on "end", says nothing to "silence".
[[noreturn]] void be_helper(int socket) {
  std::string all;
  std::vector<char> packet(64 << 10);
  while (true) {
    const ssize_t count = ::recv(socket, packet.data(), packet.size(), 0);
    if (count <= 0) ::_exit(0);
    all.append(packet.data() + 1, static_cast<std::size_t>(count) - 1);
    if (packet[0] != 'e') continue;
    if (all == "end\n") ::_exit(3);
    const std::string answer = all == "wrong\n" ? "fnot so" : "d" + std::to_string(all.size());
    if (all != "silence\n" && ::send(socket, answer.data(), answer.size(), 0) < 0) ::_exit(1);
    all.clear();
  }
}

base::Result<net::NftHelper> start() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return base::Error{errno, "socketpair"};
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    be_helper(ends[1]);
  }
  ::close(ends[1]);
  return net::NftHelper{base::Fd(ends[0]), base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
}

struct Bench {
  boost::asio::io_context loop;
  int started = 0;
  net::NftProcess nft{loop, {.start = [this] { return ++started, start(); }, .patience = 300ms}};

  /// What comes of a command, which is given in so many equal pieces.
  std::string run(const std::string& piece, int pieces = 1) {
    std::optional<std::string> answer;
    nft.run([piece, pieces](std::string& to) mutable { return to += piece, --pieces > 0; },
            [&](const base::Result<std::string>& outcome) { answer = outcome ? *outcome : "error: " + outcome.error().sentence; });
    CHECK_FALSE(answer);
    for (const auto end = std::chrono::steady_clock::now() + 20s; !answer && std::chrono::steady_clock::now() < end;) {
      loop.restart();
      loop.run_for(5ms);
    }
    return answer.value_or("nothing");
  }
};

}  // namespace

TEST_CASE("Commands for nftables are answered one after the other by one process") {
  Bench b;
  CHECK(b.nft.helper_pidfd() == -1);
  CHECK(b.run("one") == "4");
  CHECK(b.run("wrong") == "error: not so");
  CHECK(b.run("three") == "6");
  CHECK(b.nft.helper_pidfd() >= 0);
  CHECK(b.started == 1);
}

TEST_CASE("A command for nftables may be longer than any packet") {
  Bench b;
  CHECK(b.run(std::string(1000, 'x'), 5000) == "5000001");
  CHECK(b.run(std::string(32u << 10, 'x')) == "32769");
  CHECK(b.run(std::string((32u << 10) - 2, 'x')) == "32767");
  CHECK(b.run("") == "1");
}

TEST_CASE("A process for nftables that ends is an error, and another one is started for what comes then") {
  Bench b;
  CHECK(b.run("end") == "error: the process that calls libnftables has ended (status 3)");
  CHECK(b.run("one") == "4");
  CHECK(b.started == 2);
}

TEST_CASE("A process for nftables that does not get on is killed") {
  Bench b;
  CHECK(b.run("silence") == "error: the process that calls libnftables is of no use: it does not get on");
  std::string next;
  for (int i = 0; i < 100 && next != "4"; ++i) next = b.run("one");  // it takes a moment to end
  CHECK(next == "4");
}

TEST_CASE("Where no process for nftables can be started that is the answer") {
  boost::asio::io_context loop;
  net::NftProcess nft(loop, {.start = []() -> base::Result<net::NftHelper> { return base::Error{0, "no more processes"}; }});
  std::string answer;
  nft.run([](std::string&) { return false; }, [&](const base::Result<std::string>& outcome) { answer = outcome ? "" : outcome.error().sentence; });
  loop.run();
  CHECK(answer == "no more processes");
}
