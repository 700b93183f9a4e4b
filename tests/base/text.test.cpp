// SPDX-License-Identifier: MIT
#include "xsuperd/base/text.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string>

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

TEST_CASE("bytes are written in hexadecimal digits and read back") {
  const std::string bytes("\0\x09\xaf\xff", 4);
  CHECK(hexadecimal(bytes) == "0009afff");
  CHECK(hexadecimal(std::array<std::uint8_t, 2>{0x5, 0xe0}) == "05e0");
  CHECK(hexadecimal(std::string_view()).empty());
  CHECK(from_hexadecimal("0009afff") == bytes);
  CHECK(from_hexadecimal("") == std::string());
  for (const char* text : {"0", "000", "0g", "AF", " 0", "0x"}) CHECK_FALSE(from_hexadecimal(text));
}

TEST_CASE("a hexadecimal digit may be upper or lower case, and a text of them is lower case") {
  CHECK(hexadecimal_digit('0') == 0);
  CHECK(hexadecimal_digit('9') == 9);
  CHECK(hexadecimal_digit('a') == 10);
  CHECK(hexadecimal_digit('F') == 15);
  for (const char c : {'g', 'G', '/', ':', '@', '`', '\0', '\xe1'}) CHECK_FALSE(hexadecimal_digit(c));
  CHECK(is_hexadecimal("0123456789abcdef"));
  CHECK(is_hexadecimal(""));
  CHECK_FALSE(is_hexadecimal("AB"));
}

TEST_CASE("a near word is suggested and a far one is not") {
  CHECK(nearest("instnces", {"id", "instances", "nice"}) == "instances");
  CHECK(nearest("sevrer", {"server", "server_args"}) == "server");
  CHECK_FALSE(nearest("frobnicate", {"server", "flags"}));
  CHECK(edit_distance("ab", "ba") == 1);
}
