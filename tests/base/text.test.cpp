// SPDX-License-Identifier: MIT
#include "xsuperd/base/text.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::base;

TEST_CASE("numbers are decimal with an optional sign and never wrap") {
  CHECK(parse_number("+3") == 3);
  CHECK(parse_number("03") == 3);
  CHECK(parse_number("-7") == -7);
  CHECK_FALSE(parse_number(""));
  CHECK_FALSE(parse_number("0x50"));
  CHECK_FALSE(parse_number("1k"));
  CHECK_FALSE(parse_number("5 "));
  CHECK_FALSE(parse_number("+-5"));
  CHECK_FALSE(parse_number("4294967296", 0, 4294967295LL));
  CHECK_FALSE(parse_number("99999999999999999999"));
}

TEST_CASE("what a peer sent is escaped and bounded") {
  CHECK(escaped("plain %n text") == "plain %n text");
  CHECK(escaped(std::string_view("a\n\x1b[31m\0", 8)) == "a\\x0a\\x1b[31m\\x00");
  CHECK(escaped("\xff\\") == "\\xff\\x5c");
  CHECK(escaped("abcdef", 3) == "abc...");
}

TEST_CASE("words are separated by blanks and tabs only") {
  CHECK(split_words("  a\tb  c ") == std::vector<std::string_view>{"a", "b", "c"});
  CHECK(split_words("a\rb") == std::vector<std::string_view>{"a\rb"});
  CHECK(split_words(" \t").empty());
}

TEST_CASE("a near word is suggested and a far one is not") {
  CHECK(nearest("instnces", {"id", "instances", "nice"}) == "instances");
  CHECK(nearest("sevrer", {"server", "server_args"}) == "server");
  CHECK_FALSE(nearest("frobnicate", {"server", "flags"}));
  CHECK(edit_distance("ab", "ba") == 1);
}
