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
  CHECK(w.said("Must specify a server in x"));
  CHECK(w.refused("x"));
}

TEST_CASE("the id needs a space before its operator") {
  CHECK(with("id=foo").refused("x"));
  CHECK(with("id= foo").refused("x"));
  CHECK(with("id =foo").up("foo"));
}

TEST_CASE("a wrong number of values is a warning, and the line is ignored") {
  const World w = with("id = foo # comment");
  CHECK(w.up("x"));
  const Diagnostic* d = w.finding("attribute id expects 1 values and 3 values were specified");
  REQUIRE(d);
  CHECK(d->level == Level::warning);
  CHECK(d->suggestion == "what follows # is not a comment here: comments have lines of their own");
  CHECK(d->place.column == 10);
  CHECK(with("id =").up("x"));
  CHECK(with("id =").said("attribute id expects 1 values and 0 values were specified"));
  CHECK(with("id =\nid = foo").up("foo"));
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
  CHECK(with("nice = abc").said("Error parsing attribute nice - DISABLING SERVICE"));
}

TEST_CASE("all errors of an entry are reported, not just the first") {
  const World w = with("nice = abc\ninstances = many\nbogus = 1");
  CHECK(w.said("nice argument is invalid: abc"));
  CHECK(w.said("Number of instances is invalid: many"));
  CHECK(w.said("bad service attribute: bogus"));
}

TEST_CASE("disable = yes leaves an entry out without a word") {
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
  const World w("defaults {\ninstances = 3\n}\n" + service("x", 1));
  CHECK(w.said("Service (null): missing '{'"));
  CHECK(w.up("x"));
  CHECK_FALSE(w.at("x").settings.instances);
}

TEST_CASE("a file with CR LF has no services, and the messages show the CR") {
  std::string text;
  for (const char c : service("x", 1)) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const World w(text);
  CHECK(w.refused("x"));
  CHECK(w.log().find("Bad service type: UNLISTED\\x0d") != std::string::npos);
}

TEST_CASE("a second assignment is ignored with a warning") {
  const World w = with("interface = 127.0.0.1\nbind = 127.0.0.2");
  CHECK(w.at("x").settings.bind == "127.0.0.1");
  CHECK(w.finding("Service x: attribute already set: bind")->level == Level::warning);
}

TEST_CASE("an operator that an attribute does not take is ignored with a warning") {
  const World w = with("port += 3\naccess_times += 1:00-2:00");
  CHECK(w.at("x").listen.at.port == 9000);
  CHECK_FALSE(w.at("x").settings.access_times);
  CHECK(w.said("Service x: operator '+=' cannot be used for attribute 'access_times'"));
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
