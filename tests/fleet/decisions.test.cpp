// SPDX-License-Identifier: MIT
#include "fleet/decisions.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "policy/networks.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using xsuperd::policy::test::network;

namespace {

Word ban(const char* peer, std::uint64_t seconds, const std::string& reason = "crowdsecurity/ssh-bf") { return Heard{network(peer), seconds, reason, {}, Source::crowdsec}; }
Word unban(const char* peer) { return Lifted{network(peer), Source::crowdsec}; }

std::string decision(const std::string& value, const std::string& scope = "Ip", const std::string& duration = "1h", const std::string& type = "ban",
                     const std::string& scenario = "crowdsecurity/ssh-bf") {
  return fmt::format(R"({{"duration":"{}","id":17,"origin":"cscli","scenario":"{}","scope":"{}","type":"{}","uuid":null,"value":"{}"}})", duration, scenario, scope, type, value);
}
std::string fresh(const std::string& all) { return fmt::format(R"({{"deleted":null,"new":[{}]}})", all); }

using Words = std::vector<Word>;
const Words refused{Failed{"it is no answer"}};

/// All that the text says.
Words read(const std::string& text, std::size_t piece = 1'000'000, std::uint64_t ago = 0) {
  Decisions decisions;
  for (std::size_t at = 0; at < text.size(); at += piece)
    if (!decisions.feed(std::string_view(text).substr(at, piece))) return refused;
  if (!decisions.finish()) return refused;
  Words words;
  while (auto word = decisions.next(ago)) words.push_back(*word);
  return words;
}

}  // namespace

TEST_CASE("bans of addresses and networks are read, and what is deleted comes first") {
  const std::string text = R"({"new":[)" + decision("192.0.2.7", "Ip", "3h59m12.3s") + "," + decision("2001:db8::/48", "Range", "-1s") + "," +
                           decision("198.51.100.0/24", "range") + R"(],"deleted":[)" + decision("192.0.2.7", "IP", "-2m") + "]}";
  const Words expected{unban("192.0.2.7"), ban("192.0.2.7", 14'353), ban("198.51.100.0/24", 3600)};
  CHECK(read(text) == expected);
  CHECK(read(text, 1) == expected);  // byte by byte
  CHECK(read(text, 7) == expected);
}

TEST_CASE("lists that are null, empty or missing say nothing, but one must be there") {
  for (const char* text : {R"({"new":null,"deleted":null})", R"({"new":[],"deleted":[]})", R"({"deleted":null})", R"( {"new":[null, 3, "x", [], {}, true]} )"}) {
    INFO(text);
    CHECK(read(text) == Words{});
  }
  for (const char* text : {"{}", R"({"message":"ok"})", R"({"News":[]})"}) CHECK(read(text) == refused);
}

TEST_CASE("decisions for others, of other kinds, that are over or only tried out are passed over") {
  CHECK(read(fresh(decision("FR", "Country") + "," + decision("AS64500", "AS") + "," + decision("192.0.2.1", "Ip", "1h", "captcha") + "," +
                   decision("192.0.2.1", "Ip", "-1h") + "," + decision("192.0.2.1", "Ip", "soon") + "," + decision("192.0.2.0/24", "Ip") + "," +
                   decision("a.example.org") + "," + decision("unix:uid=0") + "," + decision("fe80::1%lo") + "," + decision("") + "," +
                   R"({"simulated":true,"duration":"1h","scope":"Ip","type":"ban","value":"192.0.2.1"})")) == Words{});
  CHECK(read(fresh(R"({"simulated":false,"duration":"1h","scope":"Ip","type":"ban","value":"192.0.2.1"})")) == Words{ban("192.0.2.1", 3600, "")});
  CHECK(read(R"({"deleted":[)" + decision("192.0.2.1", "Ip", "-1s", "captcha") + R"(],"new":null})") == Words{});
}

TEST_CASE("what stands deeper in a decision, or beside the lists, does not count") {
  CHECK(read(R"({"new":[{"value":"192.0.2.1","more":{"value":"192.0.2.2","scope":"x"},"list":[{"value":"192.0.2.3"}],"scope":"Ip","type":"ban","duration":"1m"}],"x":[)" +
             decision("192.0.2.4") + "]}") == Words{ban("192.0.2.1", 60, "")});
  // The last of two members of one name counts, and nothing is left of the decision before.
  CHECK(read(fresh(R"({"value":"192.0.2.1","value":"192.0.2.2","scope":"Ip","type":"ban","duration":"1m","scenario":"s"},{"value":"192.0.2.3","type":"ban","duration":"1m"})")) ==
        Words{ban("192.0.2.2", 60, "s")});
}

TEST_CASE("what is no JSON, or not what a Local API says, is refused") {
  const std::string deep = R"({"new":[)" + std::string(100, '[') + std::string(100, ']') + "]}";
  const std::string text = R"({"new":[{"value":")" + std::string(longest_json_text + 1, 'x') + R"("}]})";
  for (const std::string& one : {std::string(), std::string("x"), std::string("null"), std::string("[]"), std::string(R"("new")"), std::string(R"({"new":3})"),
                                 std::string(R"({"new":{}})"), std::string(R"({"deleted":"x"})"), std::string(R"({"new":[])"), std::string(R"({"new":[]}})"),
                                 std::string(R"({"new":[]}{"new":[]})"), std::string("{\"new\":[\"\xff\"]}"), deep, text}) {
    INFO(one.substr(0, 60));
    CHECK(read(one) == refused);
    CHECK(read(one, 1) == refused);
  }
}

TEST_CASE("a scenario is bounded, and no terminal obeys it") {
  const auto words = read(fresh(decision("192.0.2.1", "Ip", "1h", "ban", R"(a\u001b[2J)" + std::string(1000, 'x'))));
  REQUIRE(words.size() == 1);
  const auto& reason = std::get<Heard>(words[0]).reason;
  CHECK(reason.starts_with("a?[2Jxxx"));
  CHECK(reason.size() == longest_text);
}

TEST_CASE("decisions and scenarios beyond their bounds are left out") {
  Decisions decisions;
  REQUIRE(decisions.feed(R"({"new":[)"));
  for (std::size_t i = 0; i < most_decisions + 10; ++i) {
    const std::string address = fmt::format("10.{}.{}.{}", i >> 16, (i >> 8) & 255, i & 255);
    REQUIRE(decisions.feed((i == 0 ? "" : ",") + decision(address, "Ip", "1h", "ban", fmt::format("s{}", i))));
  }
  REQUIRE(decisions.feed("]}"));
  REQUIRE(decisions.finish());
  CHECK(decisions.left_out() == 10);
  std::size_t all = 0, with_reason = 0;
  while (const auto word = decisions.next(0)) {
    ++all;
    with_reason += std::get<Heard>(*word).reason.empty() ? 0 : 1;
  }
  CHECK(all == most_decisions);
  CHECK(with_reason == most_scenarios - 1);
}

TEST_CASE("the time that telling takes is taken off, and a ban that is too long is one for ever") {
  CHECK(read(fresh(decision("192.0.2.1", "Ip", "1m") + "," + decision("192.0.2.2", "Ip", "2s") + "," + decision("192.0.2.3", "Ip", "9999999h")), 100, 20) ==
        Words{ban("192.0.2.1", 40), ban("192.0.2.2", 1), ban("192.0.2.3", 0)});
}
