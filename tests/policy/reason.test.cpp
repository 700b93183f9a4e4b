// SPDX-License-Identifier: MIT
#include "xsuperd/policy/reason.hpp"

#include <catch2/catch.hpp>
#include <iterator>

#include "xsuperd/config/attribute.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;

TEST_CASE("the reasons have xinetd's words") {
  CHECK(log_word(Reason::address) == "address");
  CHECK(log_word(Reason::time) == "time");
  CHECK(log_word(Reason::fork) == "fork");
  CHECK(log_word(Reason::service_limit) == "service_limit");
  CHECK(log_word(Reason::per_source_limit) == "per_source_limit");
  CHECK(log_word(Reason::per_source_rate) == "per_source_rate");
  CHECK(log_word(Reason::process_limit) == "process_limit");
  CHECK(log_word(Reason::libwrap) == "libwrap");
  CHECK(log_word(Reason::load) == "load");
  CHECK(log_word(Reason::connections_per_second) == "connections per second");
}

TEST_CASE("the attribute that decides about a reason is one") {
  for (const ReasonRow& row : reason_table) {
    INFO(row.word);
    CHECK((row.attribute.empty() || config::find_attribute(row.attribute) != nullptr));
  }
}

TEST_CASE("the sentence of a reason ends as one, and names the attribute that decides") {
  for (const ReasonRow& row : reason_table) {
    INFO(row.word);
    CHECK(row.sentence.ends_with('.'));
    CHECK(row.sentence.find(row.attribute) != row.sentence.npos);
  }
}

TEST_CASE("each reason has a value of its own") {
  PerReason<int> values;
  for (const ReasonRow& row : reason_table) values[row.reason] = static_cast<int>(row.reason) + 1;
  for (const ReasonRow& row : reason_table) CHECK(values[row.reason] == static_cast<int>(row.reason) + 1);
}
