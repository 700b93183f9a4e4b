// SPDX-License-Identifier: MIT
#include "ctl/table.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace xsuperd::ctl;

TEST_CASE("Columns are as wide as their widest cell, and numbers stand on the right") {
  CHECK(render({{"NAME"}, {"N", Column::Align::right}, {"LAST"}}, {{"a", "1", "x"}, {"longer", "1000", ""}}, {}) ==
        "NAME       N  LAST\n"
        "a          1  x\n"
        "longer  1000\n");
}

TEST_CASE("A character of several bytes takes one column") {
  CHECK(width_of("h\xc3\xb6lle") == 5);
  CHECK(render({{"A"}, {"B"}}, {{"h\xc3\xb6lle", "x"}, {"hello", "y"}}, {}) ==
        "A      B\n"
        "h\xc3\xb6lle  x\n"
        "hello  y\n");
}

TEST_CASE("What gives way is cut when the terminal is too narrow, and never in the middle of a character") {
  const std::vector<Column> columns{{"ID", {}, true}, {"PORT"}};
  const std::vector<std::vector<std::string>> rows{{"a-very-long-service-name", "7501"}};
  CHECK(render(columns, rows, {20}) ==
        "ID              PORT\n"
        "a-very-long-..  7501\n");
  CHECK(render(columns, rows, {5}) ==
        "ID        PORT\n"
        "a-very..  7501\n");
  CHECK(render({{"ID", {}, true}}, {{"\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"}}, {8}) ==
        "ID\n\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6..\n");
}

TEST_CASE("Colours stand around a cell's text, titles are bold, and blanks stay as they are") {
  const auto tone = [](std::string_view cell) { return cell == "0" ? Tone::plain : cell == "1" ? Tone::warning : Tone::alarm; };
  const std::vector<Column> columns{{"ID"}, {"N", Column::Align::right, false, tone}, {"LAST", {}, false, tone}};
  const std::vector<std::vector<std::string>> rows{{"a", "0", "0"}, {"b", "1", ""}, {"c", "20", "0"}};
  CHECK(render(columns, rows, {0, true}) ==
        "\x1b[1mID   N  LAST\x1b[0m\n"
        "a    0  0\n"
        "b    \x1b[33m1\x1b[0m\n"
        "c   \x1b[1;31m20\x1b[0m  0\n");
  CHECK(render(columns, rows, {}) == "ID   N  LAST\na    0  0\nb    1\nc   20  0\n");
}

TEST_CASE("No cell can command the terminal") {
  CHECK(fit_for_terminal("a\x1b[2Jb\n\x7f") == "a\\x1b[2Jb\\x0a\\x7f");
  CHECK(fit_for_terminal("a\xc2\x9b"
                         "2J") == "a\\u009b2J");
  CHECK(fit_for_terminal("h\xc3\xb6lle \xe2\x82\xac") == "h\xc3\xb6lle \xe2\x82\xac");
  CHECK(fit_for_terminal("a\x9b" "2J\xff") == "a\\x9b2J\\xff");
  CHECK(fit_for_terminal("\xc2" "A\xc2\x1b\xe0\x80\xaf\xc2") == "\\xc2A\\xc2\\x1b\\xe0\\x80\\xaf\\xc2");
}

TEST_CASE("Durations show their two greatest units") {
  CHECK(duration_text(-1) == "0s");
  CHECK(duration_text(59.9) == "59s");
  CHECK(duration_text(61) == "1m01s");
  CHECK(duration_text(3'600) == "1h00m");
  CHECK(duration_text(90'000) == "1d01h");
  CHECK(duration_text(1e300) == duration_text(1e15));
  CHECK(duration_text(std::numeric_limits<double>::quiet_NaN()) == "0s");
}
