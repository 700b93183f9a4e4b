// SPDX-License-Identifier: MIT
// streamcheck TARGET RELAY STREAMS BYTES SEED: both sides of a relay, for tests/endurance/relay-integrity.
//
// Listens on 127.0.0.1:TARGET and connects STREAMS times to 127.0.0.1:RELAY, which is to pass the connections
// on to TARGET. Over each, both sides at once send BYTES bytes in pieces of random size with random pauses,
// and end writing. Every 8 bytes are a hash of stream, direction and place, so that no loss, repetition or
// exchange can go unnoticed; all that arrives is compared with what they have to be. In even streams the
// client ends writing first, in odd ones the target: the other side keeps its last sixteenth back until it
// has seen that end. In every fourth stream each side reads nothing for two seconds once. Prints "ok STREAMS
// BYTES SECONDS", or what went wrong, and then ends with status 1.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

std::uint64_t scrambled(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

/// The bytes of one direction of one stream.
class Content {
 public:
  explicit Content(std::uint64_t key) : key_(scrambled(key)) {}
  struct Piece {
    const char* data;
    std::size_t size;
  };
  /// Those from `place`, at most `most` and at least one.
  Piece at(std::uint64_t place, std::size_t most) {
    const std::uint64_t block = place / sizeof words_;
    if (block != block_) fill(block);
    const std::size_t begin = place % sizeof words_;
    return {reinterpret_cast<const char*>(words_.data()) + begin, std::min(most, sizeof words_ - begin)};
  }

 private:
  void fill(std::uint64_t block) {
    block_ = block;
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = scrambled(key_ + block * words_.size() + i);
  }
  std::uint64_t key_;
  std::uint64_t block_ = ~std::uint64_t{0};
  std::array<std::uint64_t, 32 * 1024> words_{};
};

struct Plan {
  std::uint64_t bytes = 0;
  std::uint64_t seed = 0;
};

/// One side of one stream: it sends with one thread and reads with another.
struct Side {
  int fd = -1;
  std::uint64_t stream = 0;
  bool client = false;
  std::atomic<bool> heard_the_end = false;
  [[nodiscard]] bool ends_first() const { return client == (stream % 2 == 0); }
  [[nodiscard]] bool stalls() const { return stream % 4 == 3; }
  [[nodiscard]] const char* name() const { return client ? "client" : "target"; }
};

/// The first trouble is the last: the other threads may wait for what will not come any more.
[[noreturn]] void trouble(const Side& side, const char* what, std::uint64_t place) {
  std::printf("stream %llu, %s: %s at byte %llu\n", static_cast<unsigned long long>(side.stream), side.name(),
              what, static_cast<unsigned long long>(place));
  std::fflush(stdout);
  std::_Exit(1);
}

std::uint64_t key(const Plan& plan, std::uint64_t stream, bool from_client) {
  return plan.seed * 1000 + stream * 2 + (from_client ? 1 : 0);
}

void rest(std::mt19937& random) {
  if (random() % 512 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
}

void wait_for_the_end(const Side& side) {
  while (!side.heard_the_end) std::this_thread::sleep_for(1ms);
}

void send_all(const Side& side, const Plan& plan) {
  Content content(key(plan, side.stream, side.client));
  std::mt19937 random(static_cast<unsigned>(key(plan, side.stream, side.client)));
  const std::uint64_t held_back = side.ends_first() ? plan.bytes : plan.bytes - plan.bytes / 16;
  for (std::uint64_t place = 0; place < plan.bytes;) {
    if (place >= held_back) wait_for_the_end(side);
    const std::uint64_t border = place < held_back ? held_back : plan.bytes;
    const std::uint64_t most = 1 + random() % (random() % 4 == 0 ? 3'000 : 250'000);
    const auto piece = content.at(place, std::min(most, border - place));
    const ssize_t n = send(side.fd, piece.data, piece.size, MSG_NOSIGNAL);
    if (n <= 0) trouble(side, "sending failed", place);
    place += static_cast<std::uint64_t>(n);
    rest(random);
  }
  shutdown(side.fd, SHUT_WR);
}

bool same(Content& content, std::uint64_t place, const char* data, std::size_t size) {
  while (size > 0) {
    const auto expected = content.at(place, size);
    if (std::memcmp(expected.data, data, expected.size) != 0) return false;
    place += expected.size;
    data += expected.size;
    size -= expected.size;
  }
  return true;
}

void check_all(Side& side, const Plan& plan) {
  Content content(key(plan, side.stream, !side.client));
  std::mt19937 random(static_cast<unsigned>(key(plan, side.stream, side.client)) + 1);
  std::vector<char> buffer(256 * 1024);
  bool stalled = !side.stalls();
  std::uint64_t place = 0;
  while (true) {
    const ssize_t n = recv(side.fd, buffer.data(), 1 + random() % buffer.size(), 0);
    if (n < 0) trouble(side, "reading failed", place);
    if (n == 0) break;
    const auto size = static_cast<std::size_t>(n);
    if (place + size > plan.bytes) trouble(side, "more came than was sent", place);
    if (!same(content, place, buffer.data(), size)) trouble(side, "a wrong byte", place);
    place += size;
    if (!stalled && place > plan.bytes / 2) {
      stalled = true;
      std::this_thread::sleep_for(2s);
    }
    rest(random);
  }
  if (place < plan.bytes) trouble(side, "the end came too early", place);
  side.heard_the_end = true;
}

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listener_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = local(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd, 1024) != 0)
    give_up("listen");
  return fd;
}

/// One after the other, so that the connection that arrives is the one that was made.
void connect_pair(int listener, int relay, Side& client, Side& target) {
  const sockaddr_in address = local(relay);
  client.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(client.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    give_up("connect");
  target.fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (target.fd < 0) give_up("accept");
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index) { return index < argc ? std::strtoull(argv[index], nullptr, 10) : 0; };
  const Plan plan{.bytes = number(4), .seed = number(5)};
  const std::size_t streams = number(3);
  if (argc != 6 || number(1) > 65535 || number(2) > 65535 || streams < 1 || plan.bytes < 16) {
    std::fputs("usage: streamcheck TARGET-PORT RELAY-PORT STREAMS BYTES SEED\n", stderr);
    return 1;
  }
  const auto start = std::chrono::steady_clock::now();
  const int listener = listener_on(static_cast<int>(number(1)));
  std::vector<Side> sides(streams * 2);
  for (std::size_t i = 0; i < sides.size(); ++i) {
    sides[i].stream = i / 2;
    sides[i].client = i % 2 == 0;
    if (i % 2 == 1) connect_pair(listener, static_cast<int>(number(2)), sides[i - 1], sides[i]);
  }
  {
    std::vector<std::jthread> threads;
    for (Side& side : sides) {
      threads.emplace_back([&] { send_all(side, plan); });
      threads.emplace_back([&] { check_all(side, plan); });
    }
  }
  for (const Side& side : sides) close(side.fd);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("ok %zu %llu %.1f\n", streams, static_cast<unsigned long long>(plan.bytes), took.count());
  return 0;
}
