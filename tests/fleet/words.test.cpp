// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/words.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace xsuperd;
using namespace xsuperd::fleet;

namespace {

policy::Network network(const char* text) { return *policy::Network::parse(text); }

std::vector<Order> orders() {
  return {Meet{"alpha", 7, "limits", "secret", 3, true}, Add{network("192.0.2.0/24"), 600, "sensor telnet"},
          Add{network("2001:db8::1"), 0, ""}, Remove{network("192.0.2.7")}};
}

std::vector<Word> words() {
  return {Ready{}, Failed{"no"}, Met{}, Lost{"gone"}, Done{3}, Refused{1, "OOM"}, Heard{network("198.51.100.0/24"), 60, "refused ftp", "beta"},
          Lifted{network("2001:db8::/32")}, Emptied{}, Alive{}};
}

}  // namespace

TEST_CASE("every message is understood as it was meant") {
  for (const Order& one : orders()) CHECK(decode_order(encode(one)) == one);
  for (const Word& one : words()) CHECK(decode_word(encode(one)) == one);
}

TEST_CASE("a message that is cut, or has more behind it, is none") {
  for (const Order& one : orders()) {
    const std::string bytes = encode(one);
    for (std::size_t length = 0; length < bytes.size(); ++length) CHECK_FALSE(decode_order(bytes.substr(0, length)));
    CHECK_FALSE(decode_order(bytes + 'x'));
  }
  for (const Word& one : words()) {
    const std::string bytes = encode(one);
    for (std::size_t length = 0; length < bytes.size(); ++length) CHECK_FALSE(decode_word(bytes.substr(0, length)));
    CHECK_FALSE(decode_word(bytes + 'x'));
  }
}

TEST_CASE("any bytes give a message within its bounds or none") {
  std::minstd_rand chance(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = encode(words()[static_cast<std::size_t>(i) % words().size()]);
    for (int changes = 0; changes < 3; ++changes) bytes[chance() % bytes.size()] = static_cast<char>(chance());
    const auto word = decode_word(bytes);
    if (!word) continue;
    if (const auto* heard = std::get_if<Heard>(&*word)) {
      CHECK(heard->seconds <= most_seconds);
      CHECK(heard->reason.size() <= longest_text);
      CHECK(heard->peer == policy::Network::of(heard->peer.address, heard->peer.length));
    }
    if (const auto* done = std::get_if<Done>(&*word)) CHECK((done->count > 0 && done->count <= most_under_way));
  }
}

TEST_CASE("a peer that is not an IP address, or has bits behind its prefix, is not understood") {
  std::string bytes = encode(Word(Lifted{network("192.0.2.0/24")}));
  CHECK(decode_word(bytes));
  std::string other = bytes;
  other[2] = 3;  // the family: local
  CHECK_FALSE(decode_word(other));
  other = bytes;
  other[6] = 1;  // the last byte of the address
  CHECK_FALSE(decode_word(other));
  other = bytes;
  other.back() = 33;  // more bits than IPv4 has
  CHECK_FALSE(decode_word(other));
}

TEST_CASE("texts that are too long are cut, and a secret that is too long is refused") {
  const auto word = decode_word(encode(Word(Lost{std::string(1000, 'x')})));
  REQUIRE(word);
  CHECK(std::get<Lost>(*word).why.size() == longest_text);
  CHECK_THROWS_AS(encode(Order(Meet{.password = std::string(longest_secret + 1, 'x')})), std::length_error);
}

TEST_CASE("what a terminal would obey becomes a question mark") {
  CHECK(plain("sensor telnet") == "sensor telnet");
  CHECK(plain("a\x1b[2Jb\n") == "a?[2Jb?");
  CHECK(plain("\xff" "ä") == "?ä");
  CHECK(plain(std::string(longest_text - 1, 'x') + "ä").size() <= longest_text);
}

TEST_CASE("only addresses and networks that are not too wide may travel") {
  for (const char* good : {"192.0.2.7", "192.0.0.0/16", "2001:db8::/32", "2001:db8::1", "64:ff9b::c000:200/112"}) CHECK(may_travel(network(good)));
  for (const char* bad : {"0.0.0.0/0", "192.0.0.0/15", "2001::/31", "unix:uid=0", "vsock:3", "fe80::1%lo", "fe80::1", "127.0.0.1", "127.0.0.0/16", "169.254.3.0/24", "::1", "64:ff9b::/96", "64:ff9b::/111"}) {
    INFO(bad);
    const auto peer = policy::Network::parse(bad);
    if (peer) CHECK_FALSE(may_travel(*peer));
  }
}
