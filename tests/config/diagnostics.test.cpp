// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;

TEST_CASE("a finding in the log is one line with its file and line") {
  CHECK(log_line({Level::error, {"/f", 3, 5}, "it is wrong", "text", 1, {}, {}}) ==
        "it is wrong [file=/f] [line=3]");
  CHECK(log_line({Level::error, {"/f", 3, 5}, "wrong", "text", 1, "did you mean 'x'?", {}}) ==
        "wrong (did you mean 'x'?) [file=/f] [line=3]");
  CHECK(log_line({Level::error, {}, "wrong", {}, 1, {}, {}}) == "wrong");
  CHECK(log_line({Level::error, {"/f", 0, 0}, "wrong", {}, 1, {}, {}}) == "wrong [file=/f]");
  CHECK(log_line({Level::error, {"/f", 1, 0}, "a\nb\x1b", {}, 1, {}, {}}) ==
        "a\\x0ab\\x1b [file=/f] [line=1]");
}

TEST_CASE("a finding is explained with the line and a caret below the word") {
  CHECK(explained({Level::warning, {"/f", 3, 6}, "bad word", "\tid = word x", 4, "try another", {}}) ==
        "/f:3:6: warning: bad word\n"
        "    \tid = word x\n"
        "    \t    ^~~~\n"
        "    try another\n");
  CHECK(explained({Level::error, {}, "no place", {}, 1, {}, {}}) == "error: no place\n");
  CHECK(explained({Level::error, {"/f", 9, 0}, "at the end", {}, 1, {}, {}}) == "/f:9: error: at the end\n");
  CHECK(explained({Level::info, {"/f", 1, 1}, "s", "a\x1b", 0, {}, {}}) ==
        "/f:1:1: note: s\n    a?\n    ^\n");
  CHECK(explained({Level::error, {"/f", 1, 99}, "s", "ab", 1, {}, {}}) ==
        "/f:1:99: error: s\n    ab\n      ^\n");
}

TEST_CASE("findings are counted by level") {
  Diagnostics all;
  all.add(Level::error, {}, "a");
  all.add(Level::warning, {}, "b");
  all.add(Level::error, {}, "c");
  CHECK(all.count(Level::error) == 2);
  CHECK(all.count(Level::warning) == 1);
  CHECK(all.count(Level::critical) == 0);
  CHECK(all.all().size() == 3);
}

TEST_CASE("a finding about a value points at the value") {
  const World w("# comment\nservice x\n{\n\tflags =\tREUSE  NODELY\n}\n");
  const Diagnostic* d = w.finding("Bad service flag: NODELY");
  REQUIRE(d);
  CHECK(d->place == Place{main_file, 4, 17});
  CHECK(d->line_text == "\tflags =\tREUSE  NODELY");
  CHECK(d->width == 6);
  CHECK(d->suggestion == "did you mean 'NODELAY'?");
  CHECK(d->id == "x");
  CHECK(explained(*d) ==
        "/etc/xinetd.conf:4:17: error: Bad service flag: NODELY in flags\n"
        "    \tflags =\tREUSE  NODELY\n"
        "    \t       \t       ^~~~~~\n"
        "    did you mean 'NODELAY'?\n");
}

TEST_CASE("a finding about an attribute points at its name") {
  const World w("service x\n{\n  instnces = 3\n}\n");
  const Diagnostic* d = w.finding("bad service attribute: instnces; service x runs without it");
  REQUIRE(d);
  CHECK(d->place == Place{main_file, 3, 3});
  CHECK(d->width == 8);
  CHECK(d->suggestion == "did you mean 'instances'?");
  CHECK(log_line(*d) ==
        "bad service attribute: instnces; service x runs without it (did you mean 'instances'?) [file=/etc/xinetd.conf] [line=3]");
}

TEST_CASE("near misses of attribute names are found, far ones are not guessed at") {
  CHECK(with("sevrer = x").finding("bad service attribute")->suggestion == "did you mean 'server'?");
  CHECK(with("interfce = x").finding("bad service attribute")->suggestion == "did you mean 'interface'?");
  CHECK(with("no-access = x").finding("bad service attribute")->suggestion == "did you mean 'no_access'?");
  CHECK(with("frobnicate = x").finding("bad service attribute")->suggestion == "");
}

TEST_CASE("a finding about a whole service names its line and id") {
  const World w("\n" +
                entry("x", "id = y\nsocket_type = stream\nport = 1\ntype = UNLISTED\nserver = /bin/server"));
  const Diagnostic* d = w.finding("Service y missing attribute wait - DISABLING");
  REQUIRE(d);
  CHECK(d->place == Place{main_file, 2, 1});
  CHECK(d->id == "y");
}

TEST_CASE("nothing of a file that a terminal would obey gets through") {
  Diagnostic d{Level::error, {"/a\x1b[1m", 1, 1}, "s\x1b", "x\x1b]0;p\x07 \xc2\x9b", 1, "sug\x1b[2J", {}};
  for (const char c : explained(d)) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
  CHECK(explained(d).find("\xc2\x9b") == std::string::npos);
}
