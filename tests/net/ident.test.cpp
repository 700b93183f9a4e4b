// SPDX-License-Identifier: MIT
#include "xsuperd/net/ident.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::net;
using Outcome = IdentAnswer::Outcome;

TEST_CASE("the reasons have xinetd's words") {
  CHECK(log_words(Outcome::no_server) == "no server");
  CHECK(log_words(Outcome::timeout) == "timeout");
  CHECK(log_words(Outcome::system_error) == "system error");
  CHECK(log_words(Outcome::receive_error) == "error while receiving response");
  CHECK(log_words(Outcome::bad_response) == "bad response");
}
