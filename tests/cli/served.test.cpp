// SPDX-License-Identifier: MIT
#include "xsuperd/cli/served.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd;
using cli::served_list;
using Lines = std::vector<std::string>;

TEST_CASE("who starts the daemon at a terminal sees service, port and program") {
  CHECK(served_list("xsuperd", 42,
                    {{"upper", "tcp 127.0.0.1:7004", "/usr/bin/tr", true}, {"daytime-stream", "tcp *:13", "internal", false}}) ==
        Lines{"xsuperd runs as process 42 and serves these:",  //
              "  SERVICE         PORT                PROGRAM",
              "  upper           tcp 127.0.0.1:7004  /usr/bin/tr",
              "  daytime-stream  tcp *:13            internal (not open)",  //
              "\"kill 42\" ends it."});
}

TEST_CASE("a daemon without services says so") {
  CHECK(served_list("xsuperd", 42, {}) == Lines{"xsuperd runs as process 42 and serves nothing", "\"kill 42\" ends it."});
}

TEST_CASE("of many services the first twenty are listed, and how many there are more") {
  const std::vector<supervisor::Served> many(23, {"x", "tcp *:1", "internal", true});
  const Lines lines = served_list("xsuperd", 42, many);
  REQUIRE(lines.size() == 1 + 1 + 20 + 1 + 1);
  CHECK(lines[22] == "  and 3 more");
}
