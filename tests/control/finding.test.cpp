// SPDX-License-Identifier: MIT
#include "xsuperd/control/finding.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd;
using namespace xsuperd::control;

TEST_CASE("A finding as JSON has every member, and reads back as it was") {
  config::Diagnostic d{config::Level::warning, {"/etc/x", 3, 9}, "it is wrong", "\tport = x", 4, "did you mean 7?", "ftp"};
  CHECK(json::serialize(write(finding_of(d))) ==
        R"({"level":"warning","file":"/etc/x","line":3,"column":9,"width":4,"sentence":"it is wrong",)"
        R"("text":"\tport = x","hint":"did you mean 7?","service":"ftp"})");
  const config::Diagnostic again = diagnostic_of(read<reply::Finding>(write(finding_of(d))));
  CHECK(config::explained(again) == config::explained(d));
  CHECK(again.id == "ftp");
}

TEST_CASE("What is not known of a finding is null, and bytes that are no UTF-8 are escaped") {
  const config::Diagnostic d{config::Level::error, {}, "a \xff", {}, 1, {}, {}};
  CHECK(json::serialize(write(finding_of(d))) ==
        R"({"level":"error","file":null,"line":null,"column":null,"width":null,"sentence":"a \\xff","text":null,"hint":null,"service":null})");
}

TEST_CASE("Whatever a daemon calls a finding can be printed") {
  for (const char* text : {R"({})", R"({"level":7,"file":[],"line":-5,"column":99999999999,"width":-1,"sentence":null})",
                           R"({"level":"loud","file":"/x","line":1,"column":2000000000,"width":2000000000,"text":"x"})"})
    CHECK(config::explained(diagnostic_of(read<reply::Finding>(json::parse(text).as_object()))).size() < 1000);
}
