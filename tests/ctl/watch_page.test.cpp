// SPDX-License-Identifier: MIT
#include "ctl/watch_page.hpp"

#include <catch2/catch.hpp>

#include "ctl/characters.hpp"

using namespace xsuperd::ctl;

namespace {

std::vector<std::string> texts_of(const std::vector<Line>& lines) {
  std::vector<std::string> texts;
  for (const Line& line : lines) {
    std::string& text = texts.emplace_back();
    for (const Span& span : line) text += span.text;
  }
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("What a watched command prints is broken where the terminal would break it, and nothing of it is lost") {
  const Characters utf8("C.UTF-8");
  if (!utf8.set()) return;  // a system without that locale has nothing to check
  CHECK(texts_of(wrapped_lines("abcdefgh\n\nxy", 4)) == Texts{"abcd", "efgh", "", "xy"});
  CHECK(texts_of(wrapped_lines("abcde\n", 4)) == Texts{"abcd", "e"});
  CHECK(texts_of(wrapped_lines("\xc3\xa4\xc3\xb6\xc3\xbc", 2)) == Texts{"\xc3\xa4\xc3\xb6", "\xc3\xbc"});
  CHECK(texts_of(wrapped_lines("abcdefgh", 0)) == Texts{"abcdefgh"});
  CHECK(wrapped_lines("", 4).empty());
}

TEST_CASE("Nothing that a watched command prints does anything to the terminal") {
  CHECK(texts_of(wrapped_lines("a\x1b[2Jb\tc", 80)) == Texts{"a\\x1b[2Jb\\x09c"});
}

TEST_CASE("A watched command has its command line above, then the time, and a status that is not good") {
  Watched watched{"xsuperctl watch list", "one\ntwo\nthree\n", "12:30:05", 0, ""};
  Page page = watch_page(watched, 0, {40, 6});
  CHECK(texts_of(page.lines) ==
        Texts{"xsuperctl watch list", "12:30:05", "one", "two", "three", "q quit  space now  arrows scroll"});
  CHECK(page.room == 3);
  watched.status = 3;
  CHECK(texts_of(watch_page(watched, 0, {40, 6}).lines)[1] == "12:30:05  exit status 3");
  watched.notice = "no answer for 5s";
  CHECK(texts_of(watch_page(watched, 0, {40, 6}).lines)[1] == "no answer for 5s");
}

TEST_CASE("The output of a watched command scrolls to its last line and no further") {
  const Watched watched{"xsuperctl watch list", "one\ntwo\nthree\nfour\n", "12:30:05", 0, ""};
  const Page page = watch_page(watched, 1'000'000'000, {60, 5});
  CHECK(page.first == 2);
  CHECK(texts_of(page.lines) == Texts{"xsuperctl watch list", "12:30:05", "three", "four", "3-4 of 4  q quit  space now  arrows scroll"});
  for (const std::size_t lines : {1U, 2U, 3U}) CHECK(watch_page(watched, 0, {10, lines}).lines.size() <= lines);
}
