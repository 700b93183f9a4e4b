// SPDX-License-Identifier: MIT
// Long streams in random pieces, of which every byte is compared.
#pragma once
#include <algorithm>
#include <cstring>
#include <random>

#include "converse/talking.hpp"

namespace xsuperd::converse::testing {

/// Bytes that do not repeat soon, and differ from seed to seed.
class Pattern {
 public:
  explicit Pattern(unsigned seed) : bytes_(500'009, '\0') {
    std::mt19937 random(seed);
    for (auto& byte : bytes_) byte = static_cast<char>(random());
  }
  /// Bytes from `position` of the endless stream, at most `most`.
  [[nodiscard]] std::string_view at(std::uint64_t position, std::size_t most) const {
    return std::string_view(bytes_).substr(position % bytes_.size(), most);
  }

 private:
  std::string bytes_;
};

/// Sends the first `total` bytes of a pattern, in pieces of random size, and then ends writing.
struct Sender {
  Sender(int to, unsigned seed, std::uint64_t bytes) : fd(to), pattern(seed), total(bytes), random(seed) {}
  bool done() {
    for (int i = 0; i < 8 && sent < total; ++i) {
      const std::size_t size =
          std::min<std::uint64_t>(1 + random() % (random() % 4 ? 3'000 : 300'000), total - sent);
      const auto piece = pattern.at(sent, size);
      const ssize_t n = ::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) break;
      sent += static_cast<std::uint64_t>(n);
    }
    if (sent == total && !ended) {
      ended = true;
      if (end_writing) ::shutdown(fd, SHUT_WR);
    }
    return ended;
  }
  int fd;
  Pattern pattern;
  std::uint64_t total;
  std::mt19937 random;
  std::uint64_t sent = 0;
  bool ended = false;
  bool end_writing = true;
};

/// Reads in pieces of random size, pauses now and then, and compares.
struct Receiver {
  Receiver(int from, unsigned seed) : fd(from), pattern(seed), random(seed + 1) {}
  /// True at the end of file.
  bool done() {
    if (ended || stalled) return ended;
    for (int i = 0; i < 8 && random() % 16 != 0; ++i) {
      char bytes[100'000];
      const ssize_t n = ::recv(fd, bytes, 1 + random() % sizeof bytes, MSG_DONTWAIT);
      if (n == 0) ended = true;
      if (n <= 0) break;
      compare({bytes, static_cast<std::size_t>(n)});
    }
    return ended;
  }
  void compare(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto expected = pattern.at(got, bytes.size());
      if (std::memcmp(expected.data(), bytes.data(), expected.size()) != 0) same = false;
      got += expected.size();
      bytes.remove_prefix(expected.size());
    }
  }
  int fd;
  Pattern pattern;
  std::mt19937 random;
  std::uint64_t got = 0;
  bool ended = false;
  bool same = true;
  bool stalled = false;
};

/// Sends until nothing goes any more: all buffers on the way are full. Runs the loop meanwhile.
inline void fill(boost::asio::io_context& loop, Sender& sender) {
  int quiet = 0;
  while (quiet < 50) {
    const auto before = sender.sent;
    (void)sender.done();
    loop.restart();
    loop.poll();
    quiet = sender.sent == before ? quiet + 1 : 0;
  }
}

}  // namespace xsuperd::converse::testing
