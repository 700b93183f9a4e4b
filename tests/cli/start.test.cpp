// SPDX-License-Identifier: MIT
#include "cli/start.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

using namespace xsuperd;
using namespace xsuperd::cli;

namespace {
CommandLine parsed(const std::vector<std::string>& words) { return parse_command_line(words, "xsuperd"); }
}  // namespace

TEST_CASE("The group of the control socket is given by number or name, and has to be there") {
  CHECK(control_group(parsed({})).value() == std::nullopt);
  CHECK(control_group(parsed({"--control-group", "0"})).value() == gid_t{0});
  CHECK(control_group(parsed({"--control-group", "root"})).value() == gid_t{0});
  const auto nobody = control_group(parsed({"--control-group", "no-such-group"}));
  REQUIRE(nobody.has_error());
  CHECK(nobody.error().sentence == "--control-group no-such-group: no such group");
}

TEST_CASE("Workers are never root, and a user that was asked for has to be there") {
  if (::geteuid() != 0) return;  // then nobody can be chosen
  const auto root = worker_user(parsed({"--worker-user", "root"}));
  REQUIRE(root.has_error());
  CHECK(root.error().sentence == "--worker-user root: must not be root");
  const auto missing = worker_user(parsed({"--worker-user", "no-such-user"}));
  REQUIRE(missing.has_error());
  CHECK(missing.error().sentence == "--worker-user no-such-user: no such user");
  CHECK(worker_user(parsed({})).value().uid != 0);
}

TEST_CASE("The log is the file that is named, and syslog without one") {
  const auto file = chosen_log(parsed({"-filelog", "whatever"}), "/nowhere/at/all")({});
  REQUIRE(file.has_error());
  CHECK(chosen_log(parsed({}), "")({}).has_value());
}
