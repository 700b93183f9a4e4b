// SPDX-License-Identifier: MIT
#include "fleet/sentinel_talk.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd;
using namespace xsuperd::fleet;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view question = "*3\r\n$8\r\nSENTINEL\r\n$23\r\nGET-MASTER-ADDR-BY-NAME\r\n$8\r\nmymaster\r\n";

std::string text_in_resp(std::string_view text) { return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n"; }
std::string place(std::string_view host, std::string_view port) { return "*2\r\n" + text_in_resp(host) + text_in_resp(port); }

/// A question, and the word that comes of it.
struct Asked {
  explicit Asked(const std::string& password = {}) {
    REQUIRE(load_hiredis().has_value());
    talk.emplace(Seek{.primary = "mymaster", .password = password}, now, out);
  }
  Word word() {
    CHECK(talk->over());
    REQUIRE(out.words.size() == 1);
    return out.words.front();
  }
  std::string lost() {
    const Word last = word();
    REQUIRE(std::holds_alternative<Lost>(last));
    return std::get<Lost>(last).why;
  }

  base::Moment now{1h};
  SentinelTalk::Out out;
  std::optional<SentinelTalk> talk;
};

Word found(const char* address, std::uint16_t port) { return Found{{*base::Address::parse(address), port}}; }

/// What becomes of an answer, whole and byte by byte.
Word word_of(std::string_view answer) {
  Asked whole, in_pieces;
  whole.talk->hear(answer);
  for (const char byte : answer) in_pieces.talk->hear({&byte, 1});
  CHECK(whole.word() == in_pieces.word());
  return whole.word();
}
std::string lost_of(std::string_view answer) {
  const Word word = word_of(answer);
  REQUIRE(std::holds_alternative<Lost>(word));
  return std::get<Lost>(word).why;
}

}  // namespace

TEST_CASE("a Sentinel is asked for its primary, with the password alone before") {
  CHECK(Asked().out.commands == question);
  Asked asked("secret");
  CHECK(asked.out.commands == "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n" + std::string(question));
  asked.talk->hear("+OK\r\n");
  CHECK_FALSE(asked.talk->over());
  asked.talk->hear(place("192.0.2.5", "6379"));
  CHECK(asked.word() == found("192.0.2.5", 6379));
}

TEST_CASE("the address and the port that a Sentinel tells are found") {
  CHECK(word_of(place("192.0.2.5", "6379")) == found("192.0.2.5", 6379));
  CHECK(word_of(place("2001:db8::5", "1")) == found("2001:db8::5", 1));
  CHECK(word_of(place("::ffff:192.0.2.5", "65535")) == found("192.0.2.5", 65535));
  CHECK(word_of(place("192.0.2.5", "6379") + place("192.0.2.6", "6379")) == found("192.0.2.5", 6379));
}

TEST_CASE("a Sentinel that does not know the primary, or refuses to answer, says why") {
  CHECK(lost_of("*-1\r\n") == "it does not know a primary 'mymaster'");
  CHECK(lost_of("$-1\r\n") == "it does not know a primary 'mymaster'");
  CHECK(lost_of("-IDONTKNOW I have not enough information\r\n") == "it says: IDONTKNOW I have not enough information");
  CHECK(lost_of("-NOAUTH Authentication required.\r\n") == "it says: NOAUTH Authentication required.");
  CHECK(lost_of("-ERR \x1b[2J\r\n") == "it says: ERR \\x1b[2J");
  CHECK(lost_of("-ERR " + std::string(1000, 'x') + "\r\n").size() < longest_text);
  Asked asked("wrong");
  asked.talk->hear("-WRONGPASS invalid username-password pair\r\n-NOAUTH Authentication required.\r\n");
  CHECK(asked.lost() == "it refuses the password: WRONGPASS invalid username-password pair");
}

TEST_CASE("a host name where the address of the primary should be is not looked up") {
  CHECK(lost_of(place("db1.example.org", "6379")) ==
        "it names the primary by 'db1.example.org', which is not an IP address; it must announce addresses");
  for (const std::string host : {"", "fe80::1%lo", "fe80::1%1", "192.0.2.5%lo", "192.0.2", "192.0.2.5 ", "[2001:db8::5]"})
    CHECK(lost_of(place(host, "6379")).find("which is not an IP address") != std::string::npos);
  CHECK(lost_of(place(std::string(10'000, '\x1b'), "6379")).size() < longest_text);
}

TEST_CASE("an answer of a Sentinel that is something else makes no sense") {
  for (const std::string& answer : {std::string("+OK\r\n"), std::string(":6379\r\n"), std::string("*0\r\n"), "*1\r\n" + text_in_resp("192.0.2.5"),
                                    "*3\r\n" + text_in_resp("192.0.2.5") + ":1\r\n:1\r\n", "*2\r\n" + text_in_resp("192.0.2.5") + ":6379\r\n",
                                    place("192.0.2.5", "0"), place("192.0.2.5", "65536"), place("192.0.2.5", "-1"), place("192.0.2.5", "x"),
                                    place("192.0.2.5", ""), "*2\r\n*-1\r\n" + text_in_resp("6379")}) {
    INFO(answer);
    CHECK(lost_of(answer) == "its answer makes no sense");
  }
  CHECK(lost_of("HTTP/1.0 400 Bad Request\r\n") == "its answers are not in the Redis protocol");
  CHECK(lost_of("*2147483647\r\n") == "its answers are not in the Redis protocol");
}

TEST_CASE("a Sentinel that is silent for ten seconds is lost, also when something has come") {
  for (const std::string_view begin : {"", "+OK\r\n", "+OK\r\n*2\r\n$9\r\n192.0"}) {
    Asked asked("secret");
    asked.talk->hear(begin);
    asked.talk->tick(asked.now + 10s);
    CHECK(asked.out.words.empty());
    asked.talk->tick(asked.now + 11s);
    CHECK(asked.lost() == "it does not answer");
  }
}

TEST_CASE("nothing is said of a Sentinel after its answer") {
  Asked asked;
  asked.talk->hear(place("192.0.2.5", "6379"));
  asked.talk->hear(place("192.0.2.6", "6379"));
  asked.talk->hear("nonsense");
  asked.talk->tick(asked.now + 1h);
  asked.talk->end("it has closed the connection");
  CHECK(asked.word() == found("192.0.2.5", 6379));
}
