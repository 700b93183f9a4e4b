// SPDX-License-Identifier: MIT
#include "ctl/arguments.hpp"

#include <catch2/catch.hpp>

#include "ctl/commands.hpp"

using namespace xsuperd;
using namespace xsuperd::ctl;

namespace {

/// What the command sends, as JSON; or what is wrong, behind a "!".
std::string request(const std::vector<std::string>& words) {
  const auto arguments = parse_arguments(words);
  if (!arguments) return "!" + arguments.error().sentence;
  const Command* command = find_command(arguments->command);
  if (!command) return "!no command";
  json::object object;
  const std::string wrong = command->fill(*arguments, object);
  return wrong.empty() ? json::serialize(object) : "!" + wrong;
}

}  // namespace

TEST_CASE("Options stand anywhere among the words, and are never guessed") {
  const auto a = parse_arguments({"--json", "explain", "--at", "3:00", "ftp", "--socket=/x", "::1"});
  REQUIRE(a.has_value());
  CHECK(a->command == "explain");
  CHECK(a->words == std::vector<std::string>{"ftp", "::1"});
  CHECK(a->socket == "/x");
  CHECK(a->json);
  CHECK(a->at == "3:00");
  CHECK(parse_arguments({"--sock", "/x", "list"}).has_error());
  CHECK(parse_arguments({"--frobnicate"}).has_error());
  CHECK(parse_arguments({}).value().socket == "/run/xsuperd/control");
}

TEST_CASE("Words become arguments of the request") {
  CHECK(request({"show", "ftp"}) == R"({"service":"ftp"})");
  CHECK(request({"sessions"}) == "{}");
  CHECK(request({"explain", "ftp", "::1", "--at", "4:00"}) == R"({"service":"ftp","address":"::1","at":"4:00"})");
  CHECK(request({"ban", "::1"}) == R"({"address":"::1"})");
  CHECK(request({"ban", "::1", "30"}) == R"({"address":"::1","minutes":30})");
  CHECK(request({"ban", "::1", "soon"}) == "!'soon' is no number of minutes");
  CHECK(request({"drain", "ftp", "--hold"}) == R"({"hold":true,"service":"ftp"})");
}

TEST_CASE("A word of digits is a session to kill, another one a service") {
  CHECK(request({"kill", "17"}) == R"({"session":17})");
  CHECK(request({"kill", "ftp", "--signal", "HUP"}) == R"({"service":"ftp","signal":"HUP"})");
  CHECK(request({"kill", "--peer", "::1"}) == R"({"peer":"::1"})");
  CHECK(request({"kill"}).front() == '!');
  CHECK(request({"kill", "17", "--peer", "::1"}).front() == '!');
}

TEST_CASE("An option that the command does not take is told") {
  const auto wrong = [](const std::vector<std::string>& words) { return misplaced_option(parse_arguments(words).value()); };
  CHECK(wrong({"list", "--all"}).empty());
  CHECK(wrong({"enable", "x", "--persist"}).empty());
  CHECK(wrong({"top", "--once", "--interval", "2", "--sort", "name"}).empty());
  CHECK(wrong({"stats", "--once"}) == "stats does not take --once");
  CHECK(wrong({"list", "--interval=2"}) == "list does not take --interval");
  CHECK(wrong({"list", "--persist"}) == "list does not take --persist");
  CHECK(wrong({"kill", "--hold", "1"}) == "kill does not take --hold");
}

TEST_CASE("Each command is told in the help, with a text") {
  const std::string help = help_text();
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK_THAT(help, Catch::Contains(std::string(command.text)));
    CHECK(find_command(command.name) == &command);
  }
}
