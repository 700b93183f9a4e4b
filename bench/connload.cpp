// SPDX-License-Identifier: MIT
// connload PORT CLIENTS SECONDS [refused] [sources=N] [count=N] [pause=US]: load for services over TCP.
//
// CLIENTS threads, each again and again: connect to 127.0.0.1:PORT, read until the end, note how long it took. Ends
// after SECONDS and prints "CONNECTIONS ERRORS RATE P50 P99 MAX": numbers, connections per second, and the median, the
// 99th percentile and the maximum in microseconds from connect to the end of the answer. An answer other than one line
// is an error.
//
// refused: every connection must be taken and then closed (or reset) without an answer; an answer is an error.
// sources=N: the clients come from 127.0.1.1 to 127.0.1.N in turn. count=N: end after N connections, if that is before
// SECONDS. pause=US: each client rests so many microseconds between two connections.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Tally {
  std::vector<std::uint32_t> microseconds;
  std::uint64_t errors = 0;
};

struct Plan {
  sockaddr_in server{};
  Clock::time_point end;
  bool refused = false;
  std::uint64_t sources = 0;
  std::uint64_t count = 0;
  std::chrono::microseconds pause{0};
  std::atomic<std::uint64_t> started = 0;
};

/// One conversation, the number-th of all: true when exactly one line came or, if it is to be refused, only the end.
bool converse(const Plan& plan, std::uint64_t number) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  // Reset instead of a quiet end: no TIME_WAIT, so that the ports last for any number of connections.
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (plan.sources > 0) {
    const int late = 1;  // the port is chosen by connect(): one port for any number of addresses
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(0x7F000101U + static_cast<std::uint32_t>(number % plan.sources));
    if (bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) {
      close(fd);
      return false;
    }
  }
  bool good = false;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&plan.server), sizeof plan.server) == 0) {
    std::array<char, 256> buffer{};
    std::size_t total = 0;
    ssize_t got = 0;
    char last = 0;
    while ((got = read(fd, buffer.data(), buffer.size())) > 0) {
      total += static_cast<std::size_t>(got);
      last = buffer.at(static_cast<std::size_t>(got) - 1);
    }
    good = plan.refused ? total == 0 && (got == 0 || errno == ECONNRESET) : got == 0 && total > 0 && last == '\n';
  }
  close(fd);
  return good;
}

void client(Plan& plan, Tally& tally) {
  while (true) {
    const auto start = Clock::now();
    if (start >= plan.end) return;
    const auto number = plan.started++;
    if (plan.count > 0 && number >= plan.count) return;
    if (converse(plan, number)) {
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
      tally.microseconds.push_back(static_cast<std::uint32_t>(took.count()));
    } else {
      ++tally.errors;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (plan.pause.count() > 0) std::this_thread::sleep_for(plan.pause);
  }
}

/// False when the word is none of the options.
bool option(std::string_view word, Plan& plan) {
  const auto split = word.find('=');
  const auto name = word.substr(0, split);
  const auto value = split == std::string_view::npos ? 0 : std::strtoull(word.data() + split + 1, nullptr, 10);
  if (word == "refused") {
    plan.refused = true;
  } else if (name == "sources" && value >= 1 && value <= 254) {
    plan.sources = value;
  } else if (name == "count" && value >= 1) {
    plan.count = value;
  } else if (name == "pause") {
    plan.pause = std::chrono::microseconds(value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index) { return index < argc ? std::atoi(argv[index]) : 0; };
  const int port = number(1);
  const int clients = number(2);
  const int seconds = number(3);
  Plan plan;
  bool understood = argc >= 4;
  for (int index = 4; index < argc; ++index) understood = option(argv[index], plan) && understood;
  if (!understood || port < 1 || port > 65535 || clients < 1 || seconds < 1) {
    std::fputs("usage: connload PORT CLIENTS SECONDS [refused] [sources=N] [count=N] [pause=US]\n", stderr);
    return 1;
  }
  plan.server.sin_family = AF_INET;
  plan.server.sin_port = htons(static_cast<std::uint16_t>(port));
  plan.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

  std::vector<Tally> tallies(static_cast<std::size_t>(clients));
  const auto start = Clock::now();
  plan.end = start + std::chrono::seconds(seconds);
  {
    std::vector<std::jthread> threads;
    for (auto& tally : tallies) threads.emplace_back(client, std::ref(plan), std::ref(tally));
  }
  const std::chrono::duration<double> took = Clock::now() - start;

  Tally sum;
  for (const auto& tally : tallies) {
    sum.microseconds.insert(sum.microseconds.end(), tally.microseconds.begin(), tally.microseconds.end());
    sum.errors += tally.errors;
  }
  std::sort(sum.microseconds.begin(), sum.microseconds.end());
  const auto count = sum.microseconds.size();
  const auto at = [&](std::size_t percent) { return count == 0 ? 0U : sum.microseconds[(count - 1) * percent / 100]; };
  std::printf("%zu %llu %.1f %u %u %u\n", count, static_cast<unsigned long long>(sum.errors),
              static_cast<double>(count) / took.count(), at(50), at(99), at(100));
  return 0;
}
