// SPDX-License-Identifier: MIT
#include "xsuperd/policy/selection.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace xsuperd::policy;

namespace {

constexpr Named services[]{{"web-http", "http"}, {"web-https", "https"}, {"ftp", "ftp"}, {"http", "other"}, {"ftp", "ftp"}};

std::string meant(std::string_view word) {
  std::string all;
  for (const std::size_t i : meant_by(word, services)) all += std::to_string(i);
  return all;
}

}  // namespace

TEST_CASE("a service is meant by its id, else by its name, else by a pattern") {
  CHECK(meant("http") == "3");  // an id goes before a name
  CHECK(meant("HTTPS") == "1");
  CHECK(meant("ftp") == "24");
  CHECK(meant("web-*") == "01");
  CHECK(meant("WEB-HTTP?") == "1");
  CHECK(meant("*") == "01234");
  CHECK(meant("oth*") == "3");  // by name, as no id matches
  CHECK(meant("nobody").empty());
  CHECK(meant("no*body").empty());
  CHECK(meant("").empty());
}

TEST_CASE("a pattern matches the whole text, and no text takes long") {
  CHECK(matches("*", ""));
  CHECK(matches("a*c", "abc"));
  CHECK(matches("a*c", "abcbc"));
  CHECK(matches("a**", "a"));
  CHECK(matches("?", "x"));
  CHECK_FALSE(matches("?", ""));
  CHECK_FALSE(matches("a*c", "abcd"));
  CHECK_FALSE(matches("", "a"));
  CHECK_FALSE(matches("ab", "a"));
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "*a";
  CHECK_FALSE(matches(pattern + "b", std::string(10'000, 'a')));
}
