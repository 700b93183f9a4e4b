// SPDX-License-Identifier: MIT
#include "xsuperd/base/utf8.hpp"

#include <catch2/catch.hpp>
#include <string_view>

using xsuperd::base::utf8_length;

TEST_CASE("characters of UTF-8 have one to four bytes") {
  CHECK(utf8_length(std::string_view("\0", 1)) == 1);
  CHECK(utf8_length("\x7fzz") == 1);
  CHECK(utf8_length("\xc2\x80z") == 2);
  CHECK(utf8_length("\xe2\x82\xacz") == 3);
  CHECK(utf8_length("\xf4\x8f\xbf\xbfz") == 4);
}

TEST_CASE("what is cut, too long, a half of a pair or no character at all is no UTF-8") {
  for (const char* bad : {"\x80", "\xc2", "\xc2z", "\xc1\xbf", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
    CHECK(utf8_length(bad) == 0);
}
