// SPDX-License-Identifier: MIT
// connload PORT CLIENTS SECONDS: load for bench/spawn-rate.
//
// CLIENTS threads, each again and again: connect to 127.0.0.1:PORT, read until the end, note how long it took. Ends
// after SECONDS and prints "CONNECTIONS ERRORS RATE P50 P99": numbers, connections per second, and the median and
// 99th percentile in microseconds from connect to the end of the answer. An answer other than one line is an error.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Tally {
  std::vector<std::uint32_t> microseconds;
  std::uint64_t errors = 0;
};

/// One conversation: true when exactly one line came.
bool converse(const sockaddr_in& server) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  // Reset instead of a quiet end: no TIME_WAIT, so that the ports last for any number of connections.
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  bool good = false;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0) {
    std::array<char, 256> buffer{};
    std::size_t total = 0;
    ssize_t got = 0;
    char last = 0;
    while ((got = read(fd, buffer.data(), buffer.size())) > 0) {
      total += static_cast<std::size_t>(got);
      last = buffer.at(static_cast<std::size_t>(got) - 1);
    }
    good = got == 0 && total > 0 && last == '\n';
  }
  close(fd);
  return good;
}

void client(const sockaddr_in& server, Clock::time_point end, Tally& tally) {
  while (true) {
    const auto start = Clock::now();
    if (start >= end) return;
    if (converse(server)) {
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
      tally.microseconds.push_back(static_cast<std::uint32_t>(took.count()));
    } else {
      ++tally.errors;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index) { return index < argc ? std::atoi(argv[index]) : 0; };
  const int port = number(1);
  const int clients = number(2);
  const int seconds = number(3);
  if (argc != 4 || port < 1 || port > 65535 || clients < 1 || seconds < 1) {
    std::fputs("usage: connload PORT CLIENTS SECONDS\n", stderr);
    return 1;
  }
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<std::uint16_t>(port));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

  std::vector<Tally> tallies(static_cast<std::size_t>(clients));
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (auto& tally : tallies) {
      threads.emplace_back(client, server, start + std::chrono::seconds(seconds), std::ref(tally));
    }
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
  std::printf("%zu %llu %.1f %u %u\n", count, static_cast<unsigned long long>(sum.errors),
              static_cast<double>(count) / took.count(), at(50), at(99));
  return 0;
}
