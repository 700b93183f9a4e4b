// SPDX-License-Identifier: MIT
#include "ctl/arguments.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "ctl/commands.hpp"
#include "ctl/duration.hpp"
#include "ctl/help.hpp"
#include "ctl/options.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/control/socket_file.hpp"

using namespace xsuperd;
using namespace xsuperd::ctl;

namespace {

/// What the command sends, as JSON; or what is wrong, behind a "!".
std::string asked(const std::vector<std::string>& words) {
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
  CHECK(parse_arguments({}).value().socket == control::path_to_ask());
}

TEST_CASE("Words become arguments of the request") {
  CHECK(asked({"show", "ftp"}) == R"({"service":"ftp"})");
  CHECK(asked({"show", "ftp", "port", "http", "BIND"}) == R"({"services":["ftp","http"]})");
  CHECK(asked({"sessions"}) == "{}");
  CHECK(asked({"sessions", "a*", "b"}) == R"({"services":["a*","b"]})");
  CHECK(asked({"explain", "ftp", "::1", "--at", "4:00"}) == R"({"service":"ftp","address":"::1","at":"4:00"})");
  CHECK(asked({"ban", "::1"}) == R"({"address":"::1"})");
  CHECK(asked({"explain", "ftp", "http", "::1"}) == R"({"services":["ftp","http"],"address":"::1"})");
  CHECK(asked({"ban", "::1", "30"}) == R"({"address":"::1","minutes":30})");
  CHECK(asked({"ban", "192.0.2.0/24", "::1", "7d"}) == R"({"addresses":["192.0.2.0/24","::1"],"minutes":10080})");
  CHECK(asked({"ban", "::1", "soon"}) == "!'soon' is not an address, a network or a time such as 30m, 1h or 7d");
  CHECK(asked({"unban", "10.0.0.1", "soon"}) == "!'soon' is neither an address nor a network");
  CHECK(asked({"ban", "7d"}) == "!'7d' is neither an address nor a network");
  CHECK(asked({"unban", "::1", "192.0.2.0/24"}) == R"({"addresses":["::1","192.0.2.0/24"]})");
  CHECK(asked({"drain", "ftp", "--hold"}) == R"({"service":"ftp","hold":true})");
}

TEST_CASE("A word of digits is a session to kill, another one a service") {
  CHECK(asked({"kill", "17"}) == R"({"session":17})");
  CHECK(asked({"kill", "ftp", "--signal", "HUP"}) == R"({"service":"ftp","signal":"HUP"})");
  CHECK(asked({"kill", "--peer", "::1"}) == R"({"peer":"::1"})");
  CHECK(asked({"kill", "17", "ftp", "18", "http"}) == R"({"services":["ftp","http"],"sessions":[17,18]})");
  CHECK(asked({"kill"}).front() == '!');
  CHECK(asked({"kill", "17", "--peer", "::1"}).front() == '!');
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
  std::string lines = help_text();
  std::replace(lines.begin(), lines.end(), '\n', ' ');
  std::string help;  // however its lines were broken
  for (const std::string_view word : base::split_words(lines)) help.append(word).append(" ");
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK_THAT(help, Catch::Contains(std::string(command.text)));
    CHECK(find_command(command.name) == &command);
  }
}

TEST_CASE("Times are minutes, hours or days") {
  CHECK(minutes_of("30") == 30);
  CHECK(minutes_of("30m") == 30);
  CHECK(minutes_of("1h") == 60);
  CHECK(minutes_of("7d") == 7 * 24 * 60);
  for (const char* word : {"", "m", "0", "0h", "-1h", "+1h", "1.5h", "1h30m", "1w", "1 h", "99999999999", "9999999999d", "h1"})
    CHECK_FALSE(minutes_of(word));
  CHECK(minutes_text(90) == "90m");
  CHECK(minutes_text(120) == "2h");
  CHECK(minutes_text(2880) == "2d");
}

TEST_CASE("Each command has a help of its own, with usage, description, its options, exit statuses and examples") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK_FALSE(command.description.empty());
    const std::string help = help_text(command);
    CHECK(help.starts_with("Usage: xsuperctl " + std::string(command.name)));
    CHECK(help.find("Exit status:\n  0") != std::string::npos);
    CHECK_FALSE(command.examples.empty());
    for (const std::string_view example : command.examples) {
      CHECK(help.find(example) != std::string::npos);
      CHECK(example.starts_with("xsuperctl " + std::string(command.name)));
    }
    for (const OptionWord& option : option_words()) {
      const bool taken = takes(command.name, std::string_view(option.word).substr(2)) && option.word != "--version";
      if (!command.apart) CHECK((help.find("  " + option.word) != std::string::npos || help.find(", " + option.word) != std::string::npos) == taken);
    }
    for (std::size_t at = 0; at < help.size(); at = help.find('\n', at) + 1) CHECK(help.find('\n', at) - at <= 100);
  }
}

TEST_CASE("The exit statuses of each command are in the table, no status twice with one meaning") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    std::set<int> statuses;
    for (const ExitMeaning& one : exit_meanings())
      if (concerns(one, command)) statuses.insert(one.status);
    CHECK(statuses.contains(0));
    CHECK(statuses.contains(2));
    CHECK(statuses.contains(3) == command.asks_daemon());
    const bool reads_files = command.name == "reload" || command.name == "diff" || command.name == "check" || command.name == "convert";
    CHECK(statuses.contains(4) == reads_files);
  }
}
