// SPDX-License-Identifier: MIT
#include "xsuperd/policy/ban_line.hpp"

#include <catch2/catch.hpp>

#include "policy/networks.hpp"

using namespace xsuperd;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;
using policy::BanLine;
using policy::read_ban_line;

namespace {

const base::WallTime afternoon = base::WallTime(std::chrono::sys_days(std::chrono::year_month_day(std::chrono::year(2026), std::chrono::month(12), std::chrono::day(1))) + 15h);

std::string written(const BanLine& line) {
  std::string text;
  policy::write_ban_line(text, line);
  return text;
}

BanLine read(std::string_view text) {
  INFO(text);
  const auto line = read_ban_line(text);
  INFO((line ? "" : line.error().sentence));
  REQUIRE(line.has_value());
  return *line;
}

std::string trouble(std::string_view text) {
  const auto line = read_ban_line(text);
  return line ? "none" : line.error().sentence;
}

}  // namespace

TEST_CASE("A ban is one line of JSON, with its time in RFC 3339") {
  CHECK(written({.peer = network("192.0.2.7"), .until = afternoon, .reason = "refused ftp", .origin = "service"}) ==
        "{\"prefix\":\"192.0.2.7\",\"until\":\"2026-12-01T15:00:00Z\",\"reason\":\"refused ftp\",\"origin\":\"service\"}\n");
  CHECK(written({.peer = network("2001:db8::/32")}) == "{\"prefix\":\"2001:db8::/32\",\"until\":null,\"reason\":\"\",\"origin\":\"\"}\n");
}

TEST_CASE("A ban of ours behind somebody else's has members of its own in the line") {
  const BanLine line{.peer = network("192.0.2.7"), .until = afternoon, .since = {}, .reason = "ssh-bf", .origin = "crowdsec",
                     .ours = policy::BanLineOfOurs{.until = afternoon - 1h, .since = afternoon - 2h, .reason = "a \"ticket\"", .origin = "administrator"}};
  CHECK(written(line) == "{\"prefix\":\"192.0.2.7\",\"until\":\"2026-12-01T15:00:00Z\",\"reason\":\"ssh-bf\",\"origin\":\"crowdsec\","
                         "\"our_until\":\"2026-12-01T14:00:00Z\",\"our_since\":\"2026-12-01T13:00:00Z\",\"our_reason\":\"a \\\"ticket\\\"\","
                         "\"our_origin\":\"administrator\"}\n");
  CHECK(read(written(line)) == line);
  const std::string longest(policy::longest_ban_reason, '\x01');
  const BanLine full{.peer = network("2001:db8:1111:2222:3333:4444:5555:6666/127"), .until = afternoon, .since = afternoon, .reason = longest, .origin = longest,
                     .ours = policy::BanLineOfOurs{.until = afternoon, .since = afternoon, .reason = longest, .origin = longest}};
  CHECK(read(written(full)).ours->reason == longest);
  CHECK(read(R"({"our_until":null,"prefix":"::1"})").ours == policy::BanLineOfOurs{});
  CHECK_FALSE(read(R"({"our_reason":"x","prefix":"::1","our_more":1})").ours);
  CHECK(trouble(R"({"prefix":"::1","our_until":7})") == "has an 'our_until' that is not a time");
  CHECK(trouble(R"({"prefix":"::1","our_until":null,"our_since":"x"})") == "has an 'our_since' that is not a time");
}

TEST_CASE("What is written is read again, whatever reason and origin are") {
  for (const char* reason : {"", "plain", "a \"quoted\" \\ word", "gr\xc3\xb6\xc3\x9f" "er \xf0\x9f\x98\x80", "tab\tnew\nline\x01"}) {
    const BanLine line{.peer = network("unix:uid=1000"), .until = afternoon, .since = afternoon - 1h, .reason = reason, .origin = reason};
    const std::string text = written(line);
    CHECK(text.find('\n') == text.size() - 1);
    CHECK(read(text) == line);
  }
  CHECK(read(written({.peer = network("::1"), .reason = "\xff" "a\xc3"})).reason == "?a?");
  const std::string word(1000, 'x');
  CHECK(read(written({.peer = network("::1"), .reason = word, .origin = word})).reason.size() == policy::longest_ban_reason);
  // No character is cut in two.
  std::string wide;
  while (wide.size() < 300) wide += "\xe2\x82\xac";
  CHECK(read(written({.peer = network("::1"), .reason = wide})).reason.size() == 198);
}

TEST_CASE("A line that somebody has written may say less, say more, and say it in any order") {
  CHECK(read(R"({"prefix":"192.0.2.77/24"})") == BanLine{.peer = network("192.0.2.0/24")});
  const BanLine line = read(R"(  { "note" : 1.5e3 , "origin":"me","until" :"2026-12-01t16:30:00.25+01:30","x":true,"prefix":"::ffff:192.0.2.1","y":null, "reason":"\u00e4\ud83d\ude00\/"}  )");
  CHECK(line.peer == network("192.0.2.1"));
  CHECK(line.until == afternoon);
  CHECK(line.reason == "\xc3\xa4\xf0\x9f\x98\x80/");
  CHECK(line.origin == "me");
}

TEST_CASE("A line that is not right says why") {
  CHECK(trouble("192.0.2.1") == "is not a JSON object");
  CHECK(trouble("{}") == "has no 'prefix'");
  CHECK(trouble(R"({"until":null})") == "has no 'prefix'");
  CHECK(trouble(R"({"prefix":"nobody"})") == "has a 'prefix' that is not an address or a network");
  CHECK(trouble(R"({"prefix":7})") == "has a 'prefix' that is not an address or a network");
  CHECK(trouble(R"({"prefix":"::1","until":"tomorrow"})") == "has an 'until' that is not a time");
  CHECK(trouble(R"({"prefix":"::1","until":1764601200})") == "has an 'until' that is not a time");
  CHECK(trouble(R"({"prefix":"::1","more":{}})") == "has a member that is an object or a list");
  CHECK(trouble(R"({"prefix":"::1"} x)") == "has something behind its end");
  CHECK(trouble("{\"prefix\":\"::1\",\"reason\":\"\xff\"}") == "is not UTF-8");
  CHECK(trouble(R"({"prefix":"::1","reason":"\q"})") == "has an escape in a string that JSON does not know");
  CHECK(trouble(R"({"prefix":"::1","reason":"\ud800"})") == "has an escape in a string that JSON does not know");
  CHECK(trouble(std::string(policy::longest_ban_line, ' ')) == "is too long");
}

TEST_CASE("No beginning of a line is taken for a line") {
  const std::string text = written({.peer = network("192.0.2.7"), .until = afternoon, .since = afternoon, .reason = "a\"b", .origin = "service"});
  for (std::size_t length = 0; length + 1 < text.size(); ++length) CHECK_FALSE(read_ban_line(text.substr(0, length)).has_value());
}

TEST_CASE("Times are those of RFC 3339 and no others") {
  using policy::rfc3339_time;
  CHECK(rfc3339_time("1970-01-01T00:00:00Z") == base::WallTime());
  CHECK(rfc3339_time("2026-12-01T15:00:00Z") == afternoon);
  CHECK(rfc3339_time("2026-12-01 14:00:00-01:00") == afternoon);
  CHECK(rfc3339_time("2024-02-29T00:00:00Z"));
  for (const char* text : {"", "2026-12-01", "2026-12-01T15:00:00", "2026-13-01T15:00:00Z", "2026-02-29T00:00:00Z", "2026-12-01T24:00:00Z",
                           "2026-12-01T15:00:00.Z+", "2026-12-01T15:00:00+1:00", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "2026-12-01T15:00:00Zx"})
    CHECK_FALSE(rfc3339_time(text));
  CHECK(policy::rfc3339_text(afternoon + 999ms) == "2026-12-01T15:00:00Z");
}
