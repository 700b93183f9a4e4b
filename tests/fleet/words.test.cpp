// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/words.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "policy/networks.hpp"
#include "xsuperd/config/store_address.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using xsuperd::policy::test::network;

namespace {

Found found(const char* address, std::uint16_t port = 6379) { return {{*base::Address::parse(address), port}}; }

std::vector<Order> orders() {
  return {Meet{"alpha", 7, "limits", "secret", 3, true}, Add{network("192.0.2.0/24"), 600, "sensor telnet"},
          Add{network("2001:db8::1"), 0, ""}, Remove{network("192.0.2.7")},
          Count{Count::What::sessions, "ssh", network("192.0.2.7"), 10, 178000000, 2}, Count{Count::What::admitted, "", network("2001:db8::/64"), 60, 0, -1},
          AskTime{}, Consult{"lapi.example.org:8080", "/crowdsec", "secret", true, false}, Seek{"mymaster", "secret", true}, Seek{"a", "", false}};
}

std::vector<Word> words() {
  return {Ready{}, Failed{"no"}, Met{}, Lost{"gone"}, Done{3}, Refused{1, "OOM"}, Heard{network("198.51.100.0/24"), 60, "refused ftp", "beta"},
          Lifted{network("2001:db8::/32")}, Emptied{}, Alive{}, Listed{}, Met{Source::crowdsec, 7}, Lost{"", Source::crowdsec},
          Heard{network("198.51.100.0/24"), 0, "crowdsecurity/ssh-bf", "", Source::crowdsec}, Lifted{network("2001:db8::/32"), Source::crowdsec}, Counted{3, most_counted}, Uncounted{"NOPERM", true}, Time{1780000000123},
          found("192.0.2.5"), found("2001:db8::5", 1)};
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
    if (const auto* counted = std::get_if<Counted>(&*word)) CHECK((counted->now <= most_counted && counted->before <= most_counted));
    if (const auto* time = std::get_if<Time>(&*word)) CHECK(time->shown <= greatest_time);
    if (const auto* at = std::get_if<Found>(&*word)) CHECK((at->primary.address.is_ip() && at->primary.address.scope() == 0 && at->primary.port > 0));
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
  other[other.size() - 2] = 33;  // more bits than IPv4 has
  CHECK_FALSE(decode_word(other));
}

TEST_CASE("a count beyond its bounds is not understood") {
  const Count good{Count::What::admitted, "ssh", network("192.0.2.7"), longest_bucket, greatest_time, -most_added};
  CHECK(decode_order(encode(Order(good))) == Order(good));
  const auto refuses = [&](auto change) {
    Count one = good;
    change(one);
    CHECK_FALSE(decode_order(encode(Order(one))));
  };
  refuses([](Count& one) { one.length = 0; });
  refuses([](Count& one) { ++one.length; });
  refuses([](Count& one) { ++one.bucket; });
  refuses([](Count& one) { --one.add; });
  refuses([](Count& one) { one.add = most_added + 1; });
  refuses([](Count& one) { one.what = static_cast<Count::What>(2); });
  refuses([](Count& one) { one.source.length = 33; });
  CHECK_FALSE(decode_word(encode(Word(Counted{most_counted + 1, 0}))));
  CHECK_FALSE(decode_word(encode(Word(Counted{0, most_counted + 1}))));
  CHECK_FALSE(decode_word(encode(Word(Time{greatest_time + 1}))));
}

TEST_CASE("a service whose id is too long is counted under a name of its own") {
  CHECK(service_name("ssh") == "ssh");
  const std::string longer(longest_text + 1, 'x');
  CHECK(service_name(longer).size() <= longest_text);
  CHECK(service_name(longer) != service_name(longer + "y"));
  CHECK(service_name(longer) == service_name(longer));
}

TEST_CASE("a word says whom it is from, and there are two of those") {
  CHECK(source_of(Word(Met{})) == Source::store);
  CHECK(source_of(Word(Done{1})) == Source::store);
  for (const Word& one : {Word(Met{Source::crowdsec, 0}), Word(Lost{"", Source::crowdsec}), Word(Heard{.peer = network("192.0.2.7"), .source = Source::crowdsec}),
                          Word(Lifted{network("192.0.2.7"), Source::crowdsec})})
    CHECK(source_of(one) == Source::crowdsec);
  std::string bytes = encode(Word(Lifted{network("192.0.2.7")}));
  bytes.back() = 2;
  CHECK_FALSE(decode_word(bytes));
}

TEST_CASE("texts that are too long are cut, and a secret that is too long is refused") {
  const auto word = decode_word(encode(Word(Lost{std::string(1000, 'x')})));
  REQUIRE(word);
  CHECK(std::get<Lost>(*word).why.size() == longest_text);
  CHECK_THROWS_AS(encode(Order(Consult{.key = std::string(longest_secret + 1, 'x')})), std::length_error);
  CHECK_THROWS_AS(encode(Order(Seek{.primary = std::string(config::longest_primary_name + 1, 'x')})), std::length_error);
  CHECK_THROWS_AS(encode(Order(Seek{.password = std::string(longest_secret + 1, 'x')})), std::length_error);
  CHECK_THROWS_AS(encode(Order(Meet{.password = std::string(longest_secret + 1, 'x')})), std::length_error);
}

TEST_CASE("what a terminal would obey becomes a question mark") {
  CHECK(plain("sensor telnet") == "sensor telnet");
  CHECK(plain("a\x1b[2Jb\n") == "a?[2Jb?");
  CHECK(plain("\xff" "ä") == "?ä");
  CHECK(plain(std::string(longest_text - 1, 'x') + "ä").size() <= longest_text);
}

TEST_CASE("only addresses and networks that are not too wide may travel") {
  for (const char* good : {"192.0.2.7", "192.0.0.0/16", "2001:db8::/32", "2001:db8::1", "64:ff9b::c000:200/112", "64:ff9b:1::/48", "1.0.0.0/16"}) CHECK(may_travel(network(good)));
  for (const char* bad : {"0.0.0.0/0", "192.0.0.0/15", "2001::/31", "unix:uid=0", "vsock:3", "fe80::1%lo", "fe80::1", "127.0.0.1", "127.0.0.0/16", "169.254.3.0/24", "::1", "64:ff9b::/96", "64:ff9b::/111"}) {
    INFO(bad);
    const auto peer = policy::Network::parse(bad);
    if (peer) CHECK_FALSE(may_travel(*peer));
  }
}

TEST_CASE("no network travels that has addresses in it which may not") {
  for (const char* bad : {"::/32", "::/96", "::/127", "::", "fe80::/32", "64:ff9b::/32", "64:ff9b::/95", "0.0.0.0/16", "0.0.0.0"}) {
    INFO(bad);
    CHECK_FALSE(may_travel(network(bad)));
  }
}

TEST_CASE("a primary that is no single address, is mapped, or has no port, is not understood") {
  const std::string bytes = encode(Word(found("192.0.2.5")));
  CHECK(decode_word(bytes));
  const auto refuses = [&](std::size_t at, char byte) {
    std::string other = bytes;
    other[at] = byte;
    CHECK_FALSE(decode_word(other));
  };
  refuses(2, 3);                  // the family: local
  refuses(bytes.size() - 3, 24);  // the length of a prefix
  CHECK_FALSE(decode_word(encode(Word(found("192.0.2.5", 0)))));
  CHECK(decode_word(encode(Word(found("::ffff:192.0.2.5")))) == Word(found("192.0.2.5")));
  std::string mapped = encode(Word(found("2001:db8::5")));
  const base::Address as_ipv6 = *base::Address::parse("::ffff:192.0.2.5");
  std::ranges::copy(as_ipv6.bytes(), mapped.begin() + 3);
  CHECK_FALSE(decode_word(mapped));
}

TEST_CASE("the daemon connects to no primary that would be another one elsewhere, or that only this host is to reach") {
  for (const char* good : {"192.0.2.5", "10.0.0.5", "172.16.0.1", "2001:db8::5", "fd00::5", "64:ff9b::c000:205"})
    for (const bool here : {false, true}) CHECK(trouble_with(found(good), here).empty());
  for (const char* bad : {"0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "239.255.255.255", "255.255.255.255", "::", "fe80::1", "ff02::1",
                          "::192.0.2.5", "::2", "::ffff:169.254.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::"}) {
    INFO(bad);
    for (const bool here : {false, true}) CHECK_FALSE(trouble_with(found(bad), here).empty());
  }
  for (const char* loopback : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    INFO(loopback);
    CHECK(trouble_with(found(loopback), true).empty());
    CHECK(trouble_with(found(loopback), false) == "a loopback address, though the Sentinel itself is not on this host");
  }
}
