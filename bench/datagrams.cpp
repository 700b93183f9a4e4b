// SPDX-License-Identifier: MIT
// datagrams PORT CLIENTS SECONDS: load for services over UDP. Each client sends a datagram of 64 bytes to 127.0.0.1,
// waits until it has come back, and sends the next. Prints "ANSWERED LOST RATE P50 P99": numbers, answers per second,
// and microseconds. What has not come back within two seconds is lost.
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
#include <cstring>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Tally {
  std::vector<std::uint32_t> microseconds;
  std::uint64_t lost = 0;
};

void client(int port, Clock::time_point end, Tally& tally) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 2, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<std::uint16_t>(port));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server);
  std::array<char, 64> sent{};
  std::array<char, 128> answer{};
  for (std::uint64_t number = 1; Clock::now() < end; ++number) {
    const auto start = Clock::now();
    std::memcpy(sent.data(), &number, sizeof number);  // an answer that comes too late is not taken for this one's
    const bool came = send(fd, sent.data(), sent.size(), 0) == static_cast<ssize_t>(sent.size()) &&
                      recv(fd, answer.data(), answer.size(), 0) == static_cast<ssize_t>(sent.size()) &&
                      std::memcmp(sent.data(), answer.data(), sent.size()) == 0;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    if (came)
      tally.microseconds.push_back(static_cast<std::uint32_t>(took.count()));
    else
      ++tally.lost;
  }
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index) { return index < argc ? std::atoi(argv[index]) : 0; };
  const int port = number(1);
  const int clients = number(2);
  const int seconds = number(3);
  if (port < 1 || port > 65535 || clients < 1 || seconds < 1) {
    std::fputs("usage: datagrams PORT CLIENTS SECONDS\n", stderr);
    return 1;
  }
  std::vector<Tally> tallies(static_cast<std::size_t>(clients));
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (Tally& tally : tallies)
      threads.emplace_back([&] { client(port, start + std::chrono::seconds(seconds), tally); });
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  Tally sum;
  for (const Tally& tally : tallies) {
    sum.microseconds.insert(sum.microseconds.end(), tally.microseconds.begin(), tally.microseconds.end());
    sum.lost += tally.lost;
  }
  std::sort(sum.microseconds.begin(), sum.microseconds.end());
  const auto count = sum.microseconds.size();
  const auto at = [&](std::size_t percent) { return count == 0 ? 0U : sum.microseconds[(count - 1) * percent / 100]; };
  std::printf("%zu %llu %.1f %u %u\n", count, static_cast<unsigned long long>(sum.lost),
              static_cast<double>(count) / took.count(), at(50), at(99));
  return 0;
}
