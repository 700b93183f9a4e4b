// SPDX-License-Identifier: MIT
#include "converse/ident_reply.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace xsuperd::converse;

namespace {
std::optional<std::string> parsed(std::string_view line) { return parse_ident_reply(line, 6193, 23); }
}  // namespace

TEST_CASE("what follows the second colon of a reply is the text") {
  CHECK(parsed("6193,23:USERID:UNIX:joe") == "UNIX:joe");
  CHECK(parsed("6193, 23 : USERID : UNIX : st joe's \r") == "UNIX : st joe's ");
  CHECK(parsed("  6193\t,\t23\t:\tUSERID\t:\t OTHER , US-ASCII :a:b:c\rmore") == "OTHER , US-ASCII :a:b:c");
  CHECK(parsed(std::string_view("6193,23:USERID:UNIX:a\0%n%s%m\x1b", 29)) ==
        std::string("UNIX:a\0%n%s%m\x1b", 14));
  CHECK(parsed("6193,23:USERID:") == "");
}

TEST_CASE("a reply for other ports is no identification") {
  for (const char* line : {"6193,24:USERID:UNIX:joe", "6194,23:USERID:UNIX:joe", "23,6193:USERID:UNIX:joe",
                           "6193:USERID:UNIX:joe", ",:USERID:UNIX:joe", "71729,23:USERID:UNIX:joe",
                           "6193,23,:USERID:UNIX:joe", "6193x,23:USERID:UNIX:joe", "-6193,23:USERID:UNIX:joe",
                           "+6193,23:USERID:UNIX:joe", "6193,2 3:USERID:UNIX:joe"})
    CHECK_FALSE(parsed(line));
}

TEST_CASE("a reply without the very word USERID between two colons is no identification") {
  for (const char* line :
       {"6193,23:ERROR:NO-USER", "6193,23:userid:UNIX:joe", "6193,23:USERIDS:UNIX:joe", "6193,23:USERID",
        "6193,23:USER ID:UNIX:joe", "6193,23::USERID:UNIX:joe", "6193,23", "", ":", "::", "\r", "joe"})
    CHECK_FALSE(parsed(line));
}

TEST_CASE("any bytes at all can be parsed") {
  std::mt19937 random(1413);
  const std::string start = "6193,23:USERID:UNIX:joe";
  int texts = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string line = start.substr(0, random() % (start.size() + 1));
    for (auto n = random() % 8; n > 0; --n)
      line.insert(line.begin() + static_cast<long>(random() % (line.size() + 1)),
                  static_cast<char>(random()));
    const auto text = parsed(line);
    if (!text) continue;
    ++texts;
    if (text->size() >= line.size() || text->find_first_of("\r\n") != std::string::npos)
      FAIL("round " << i << ": a text that is no part of a line");
  }
  CHECK(texts > 0);  // else only refusals were tried
}
