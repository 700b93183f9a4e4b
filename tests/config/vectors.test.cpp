// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// Whole configurations: what becomes of a service with a given line.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

TEST_CASE("keywords, attribute names and words of enumerations ignore case") {
  const World w(
      "SERVICE x\n{\nTYPE = unlisted\nPort = 9\nSOCKET_TYPE = STREAM\nWait = NO\nUSER = root\n"
      "sERVER = /bin/server\nflags = ipV4 Reuse\n}\n");
  CHECK(w.up("x"));
  CHECK(w.log() == "");
  CHECK(w.at("x").has(Flag::ipv4));
}

TEST_CASE("words after the name and comments before the brace do no harm") {
  CHECK(World("service x junk more\n\n# note\n\n{\n" + std::string(plain) + "}\n").up("x"));
}

TEST_CASE("a misplaced brace costs its own service alone") {
  const World w("service x {\n" + std::string(plain) + "}\n" + service("y", 9001));
  CHECK(w.refused("x"));
  CHECK(w.up("y"));
}

TEST_CASE("a brace behind the path of the server is a second value") {
  const World w(
      "service x\n{\ntype = UNLISTED\nport = 1\nwait = no\nuser = root\nsocket_type = stream\n"
      "server = /bin/server }\n}\n");
  CHECK(w.said("attribute server expects 1 values and 2 values were specified"));
  CHECK(w.refused("x"));
}

TEST_CASE("the id needs a space before its operator") {
  CHECK(with("id=foo").refused("x"));
  CHECK(with("id= foo").refused("x"));
  CHECK(with("id =foo").up("foo"));
}

TEST_CASE("a wrong number of values is a warning, and the line is ignored") {
  const World w = with("nice = 3 4 5");
  CHECK(w.up("x"));
  const Diagnostic* d = w.finding("attribute nice expects 1 values and 3 values were specified");
  REQUIRE(d);
  CHECK(d->level == Level::warning);
  CHECK(d->suggestion == "the line is ignored");
  CHECK(d->place.column == 10);
  CHECK(with("nice =").said("attribute nice expects 1 values and 0 values were specified"));
  CHECK(with("nice =\nnice = 3").at("x").settings.nice == 3);
}

TEST_CASE("a comment behind values is left out, with a warning") {
  const World w = with("id = foo # comment");
  REQUIRE(w.up("foo"));
  const Diagnostic* d = w.finding("the comment after the values of id is ignored");
  REQUIRE(d);
  CHECK(d->level == Level::warning);
  CHECK(d->suggestion == "put comments on lines of their own");
  CHECK(d->place.column == 10);
  CHECK(with("server_args = a # b").at("x").settings.server_args == Words{"a", "#", "b"});
  CHECK(with("server_args = a # b").finding("'#' and what follows it are arguments of the server")->level == Level::info);
  CHECK(World(defaults("disabled = a # b") + service("a", 1) + service("b", 2)).loaded.config->services.empty());
  CHECK(World(defaults("enabled = a # b") + service("a", 1) + service("b", 2)).fate("b") == Fate::disabled_by_defaults);
  CHECK(with("umask = # 027").refused("x"));
}

TEST_CASE("an unknown attribute is a warning, unless its line has no operator") {
  const World w = with("foobar = 1");
  CHECK(w.up("x"));
  CHECK(w.finding("bad service attribute: foobar")->level == Level::warning);
  CHECK(with("foobar ? 1").refused("x"));
}

TEST_CASE("the first error of an entry is final") {
  CHECK(with("nice = abc").refused("x"));
  CHECK(with("nice = abc\nnice = 3").refused("x"));
  CHECK(with("nice = abc\ndisable = no").refused("x"));
  CHECK(World(defaults("enabled = x") + service("x", 9000, "nice = abc")).refused("x"));
}

TEST_CASE("all errors of an entry are reported, not just the first") {
  const World w = with("nice = abc\ninstances = many\nbogus = 1");
  CHECK(w.said("nice argument is invalid: abc"));
  CHECK(w.said("Number of instances is invalid: many"));
  CHECK(w.said("bad service attribute: bogus"));
}

TEST_CASE("disable = yes leaves an entry out with no more than notes") {
  const World w = with("disable = yes\nnice = abc\ngarbage");
  CHECK(w.log() == "");
  CHECK(w.fate("x") == Fate::disabled);
  CHECK(World(defaults("enabled = x") + service("x", 9000, "disable = yes")).fate("x") == Fate::disabled);
  CHECK(accepted("disable = no"));
  CHECK(with("disable = true").refused("x"));
  CHECK(with("disable = true").finding("Bad value: true")->suggestion == "write 'yes'");
}

TEST_CASE("a stray word before the first service costs nothing but a message") {
  const World w("stray\n" + service("a", 1) + service("b", 2));
  CHECK(w.up("a"));
  CHECK(w.up("b"));
  CHECK(w.loaded.unclear_files == std::vector<std::string>{main_file});
}

TEST_CASE("a service that is not ended by a brace leaves the others alone") {
  const World w(service("a", 1) + "service b\n{\n" + plain);
  CHECK(w.up("a"));
  CHECK(w.refused("b"));
  const World v("service b\n{\n" + std::string(plain) + service("a", 1));
  CHECK(v.up("a"));
  CHECK(v.refused("b"));
}

TEST_CASE("defaults with a misplaced brace are ignored, and the services run") {
  const World w("defaults {\nbanner = /motd\n}\n" + service("x", 1));
  CHECK(w.said("Service (null): missing '{'"));
  CHECK(w.up("x"));
  CHECK_FALSE(w.at("x").settings.banner);
  // Without this one more would be served than was meant.
  CHECK(World("defaults {\nonly_from = 10.0.0.1\n}\n" + service("x", 1)).loaded.fatal == Loaded::Fatal::bad_defaults);
  CHECK(World("defualts\n{\ninstances = 3\n}\n" + service("x", 1)).loaded.fatal == Loaded::Fatal::bad_defaults);
}

TEST_CASE("a file with CR LF means what it says") {
  std::string text;
  for (const char c : service("x", 1)) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const World w(text);
  CHECK(w.up("x"));
  CHECK(w.log() == "the lines of the file end in CR LF; each CR is ignored (dos2unix removes them) [file=/etc/xinetd.conf] [line=1]\n");
}

TEST_CASE("a second assignment is ignored with a warning") {
  const World w = with("interface = 127.0.0.1\nbind = 127.0.0.2");
  CHECK(w.at("x").settings.bind == "127.0.0.1");
  CHECK(w.finding("Service x: attribute already set: bind")->level == Level::warning);
}

TEST_CASE("an operator that an attribute does not take is ignored with a warning") {
  const World w = with("port += 3\nnice += 3");
  CHECK(w.at("x").listen.at.port == 9000);
  CHECK_FALSE(w.at("x").settings.nice);
  CHECK(w.said("Service x: operator '+=' cannot be used for attribute 'nice'"));
  CHECK(with("access_times += 1:00-2:00").refused("x"));
}

TEST_CASE("an unreadable main file is fatal") {
  World w;
  w.loaded = load(w.files, w.names, "/none");
  CHECK(w.loaded.fatal == Loaded::Fatal::unreadable);
  CHECK_FALSE(w.loaded.config);
  CHECK(w.log() == "open( /none ) failed: No such file or directory (errno = 2)\n");
}

TEST_CASE("an empty configuration has no services and no findings") {
  const World w("");
  CHECK(w.loaded.fatal == Loaded::Fatal::none);
  CHECK(w.loaded.config->services.empty());
  CHECK(w.log() == "");
}
