// SPDX-License-Identifier: MIT
#include "xsuperd/service/udp_internal.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

using namespace xsuperd;
using namespace xsuperd::service;

namespace {

struct Zone {
  explicit Zone(const char* name) {
    if (const char* before = ::getenv("TZ")) before_ = before;
    set(name);
  }
  ~Zone() { set(before_ ? before_->c_str() : nullptr); }
  static void set(const char* name) {
    name ? ::setenv("TZ", name, 1) : ::unsetenv("TZ");
    ::tzset();
  }
  std::optional<std::string> before_;
};

struct Answers {
  std::optional<std::string> operator()(std::string_view name, std::string_view request = "",
                                        std::int64_t unix_seconds = 0) {
    const auto answer =
        udp_answer(name, request, buffer, base::WallTime(std::chrono::seconds(unix_seconds)), chargen);
    return answer ? std::optional<std::string>(*answer) : std::nullopt;
  }
  std::array<char, udp_room> buffer{};
  ChargenPosition chargen;
};

/// As fact B9.23 describes line `k`, less its end.
std::string line(unsigned k, std::size_t length = 72) {
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += static_cast<char>('!' + (k % 95 % 93 + i) % 93);
  return text;
}

std::string bytes_of(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

bool answers(const char* address, std::uint16_t port) {
  static constexpr std::array<std::uint16_t, 3> own{7, 19, 7777};
  return may_answer({*base::Address::parse(address), port}, own);
}

}  // namespace

TEST_CASE("echo answers with the same bytes, an empty datagram with an empty one") {
  Answers answer;
  CHECK(answer("echo", "hello\r\n") == "hello\r\n");
  CHECK(answer("echo", std::string("\0\xff", 2)) == std::string("\0\xff", 2));
  CHECK(answer("echo", "") == "");
}

TEST_CASE("echo gives back 2048 bytes and no more") {
  Answers answer;
  const std::string longest(2048, 'x');
  CHECK(answer("echo", longest) == longest);
  CHECK(answer("echo", longest + "y") == longest);
}

TEST_CASE("discard and what is no internal service answer nothing") {
  Answers answer;
  CHECK_FALSE(answer("discard", "hello"));
  CHECK_FALSE(answer("frob", "hello"));
  CHECK_FALSE(answer("", ""));
}

TEST_CASE("daytime is a line in local time with the zone's own abbreviation") {
  Answers answer;
  const Zone utc("UTC");
  CHECK(answer("daytime", "x", 1'795'396'953) == "23 NOV 2026 01:22:33 UTC\r\n");
  CHECK(answer("daytime", "", 0) == "01 JAN 1970 00:00:00 UTC\r\n");
  const Zone berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(answer("daytime", "", 1'795'396'953) == "23 NOV 2026 02:22:33 CET\r\n");
  CHECK(answer("daytime", "", 1'783'000'000) == "02 JUL 2026 15:46:40 CEST\r\n");
}

TEST_CASE("a zone's abbreviation is given whole, however odd it is") {
  Answers answer;
  const Zone odd("<+0530>-5:30");
  CHECK(answer("daytime", "", 0) == "01 JAN 1970 05:30:00 +0530\r\n");
}

TEST_CASE("time is four bytes of seconds since 1900, which begin anew in 2036") {
  Answers answer;
  CHECK(answer("time", "x", 0) == bytes_of({0x83, 0xaa, 0x7e, 0x80}));
  CHECK(answer("time", "", 2'085'978'495) == bytes_of({0xff, 0xff, 0xff, 0xff}));
  CHECK(answer("time", "", 2'085'978'496) == bytes_of({0, 0, 0, 0}));
  CHECK(answer("time", "", 2'085'978'497) == bytes_of({0, 0, 0, 1}));
}

TEST_CASE("a clock before 1970 and parts of a second round down") {
  std::array<char, udp_room> buffer{};
  ChargenPosition chargen;
  const base::WallTime when(std::chrono::milliseconds(-500));
  CHECK(udp_answer("time", "", buffer, when, chargen) == bytes_of({0x83, 0xaa, 0x7e, 0x7f}));
  const Zone utc("UTC");
  CHECK(udp_answer("daytime", "", buffer, when, chargen) == "31 DEC 1969 23:59:59 UTC\r\n");
}

TEST_CASE("chargen answers 1024 bytes and more with 13 full lines and one of 60 characters, 1024 bytes") {
  Answers answer;
  std::string expected;
  for (unsigned k = 0; k < 13; ++k) expected += line(k) + "\r\n";
  expected += line(13, 60) + "\r\n";
  REQUIRE(expected.size() == 1024);
  CHECK(answer("chargen", std::string(1024, 'x')) == expected);
  answer.chargen.line = 0;
  CHECK(answer("chargen", std::string(65000, 'x')) == expected);
}

TEST_CASE("chargen sends no more than it got, in whole lines, but one line at least") {
  for (const auto& [request, lines] : {std::pair{0, 1U}, {1, 1U}, {74, 1U}, {147, 1U}, {148, 2U}, {1000, 13U}, {1023, 13U}}) {
    Answers answer;
    const std::string sent(static_cast<std::size_t>(request), 'x');
    std::string expected;
    for (unsigned k = 0; k < lines; ++k) expected += line(k) + "\r\n";
    CHECK(answer("chargen", sent) == expected);
    CHECK(answer.chargen.line == lines);
  }
}

TEST_CASE("chargen goes on 14 lines later and begins again after 95") {
  Answers answer;
  unsigned k = 0;
  for (int datagram = 0; datagram < 200; ++datagram, k += 14) {
    const auto text = answer("chargen", std::string(1024, 'x'));
    REQUIRE(text);
    REQUIRE(text->size() == 1024);
    REQUIRE(text->substr(0, 74) == line(k) + "\r\n");
    REQUIRE(text->substr(12 * 74, 74) == line(k + 12) + "\r\n");
    REQUIRE(text->substr(13 * 74) == line(k + 13, 60) + "\r\n");
  }
  CHECK(answer.chargen.line == k % 95);
}

TEST_CASE("other services leave chargen's position alone") {
  Answers answer;
  for (const char* name : {"echo", "discard", "daytime", "time", "frob"}) (void)answer(name, "x");
  CHECK(answer.chargen.line == 0);
}

TEST_CASE("a peer with an ordinary port is answered") {
  CHECK(answers("192.0.2.1", 1024));
  CHECK(answers("127.0.0.1", 65535));
  CHECK(answers("::1", 40000));
  CHECK(answers("::ffff:192.0.2.1", 40000));
  CHECK(answers("fe80::1", 40000));
}

TEST_CASE("ports below 1024 and ports of our own internal services are not answered") {
  for (const std::uint16_t port : {0, 7, 19, 53, 123, 1023, 7777}) {
    CAPTURE(port);
    CHECK_FALSE(answers("192.0.2.1", port));
    CHECK_FALSE(answers("2001:db8::1", port));
  }
  CHECK(may_answer({base::Address::ipv4(0x7f000001), 7777}, {}));
}

TEST_CASE("addresses that no single host has are not answered") {
  for (const char* address : {"255.255.255.255", "224.0.0.1", "239.1.2.3", "0.0.0.0", "ff02::1",
                              "::", "::ffff:255.255.255.255", "::ffff:224.0.0.1", "::ffff:0.0.0.0"}) {
    CAPTURE(address);
    CHECK_FALSE(answers(address, 40000));
  }
  CHECK_FALSE(may_answer({{}, 40000}, {}));
  CHECK_FALSE(may_answer({base::Address::local(1000, 100, 42), 40000}, {}));
  CHECK_FALSE(may_answer({base::Address::vsock(3, 40000), 40000}, {}));
}
