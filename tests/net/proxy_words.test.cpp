// SPDX-License-Identifier: MIT
// What a proxy may have told of its client.
#include "xsuperd/net/proxy_words.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::net;
using Fact = ProxyWord::Fact;

TEST_CASE("a word is one to 256 bytes of UTF-8 without control characters") {
  for (const char* good : {"a", "two words", "J\xc3\xb6rg", "\xf0\x9f\x98\x80"}) CHECK(can_be_told(good));
  for (const char* bad : {"", "a\tb", "\x7f", "\xc2\x85", "\xc3", "\xed\xa0\x80"}) CHECK_FALSE(can_be_told(bad));
  CHECK(can_be_told(std::string(longest_proxy_word, 'x')));
  CHECK_FALSE(can_be_told(std::string(longest_proxy_word + 1, 'x')));
}

TEST_CASE("words stand in the order of their facts, none twice") {
  CHECK(in_order({}));
  CHECK(in_order({{Fact::name, "a"}, {Fact::tls_key, "b"}}));
  CHECK_FALSE(in_order({{Fact::tls_key, "b"}, {Fact::name, "a"}}));
  CHECK_FALSE(in_order({{Fact::name, "a"}, {Fact::name, "a"}}));
  CHECK_FALSE(in_order({{Fact::name, ""}}));
  const ProxyWords words{{Fact::name, "a"}, {Fact::tls_key, "b"}};
  CHECK(word_of(words, Fact::tls_key) == "b");
  CHECK(word_of(words, Fact::protocol).empty());
}
