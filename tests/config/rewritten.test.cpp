// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"
#include "xsuperd/base/text.hpp"

// Files that tools have rewritten or written anew are read as those before.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

/// A file as packages ship it, with what makes rewriting visible: comments for chkconfig, empty lines, tabs
/// and blanks.
const std::string shipped =
    "# default: off\n"
    "# description: Copies files, sending only what has changed. \\\n"
    "#              The daemon is for those who want no shell behind it.\n"
    "\n"
    "service rsync\n"
    "{\n"
    "\n"
    "\tsocket_type     = stream\n"
    "\tprotocol\t= tcp\n"
    "        type            = UNLISTED\n"
    "\tport = 8730\n"
    "\n"
    "\t# as the user that each module names\n"
    "\twait            = no\n"
    "\tuser            = root\n"
    "\tserver          = /usr/bin/rsync\n"
    "\tserver_args     = --daemon\n"
    "\tlog_on_failure  += USERID\n"
    "\n"
    "\tdisable         = yes\n"
    "}\n"
    "\n";

const std::string two_entries =
    "service time\n  {\n    type = INTERNAL\n    id = time-stream\n    socket_type = stream\n    wait = no\n "
    "   disable = no\n  }\n"
    "\n\n"
    "service time\n  {\n    disable = no\n    type = INTERNAL\n    id = time-dgram\n    socket_type = "
    "dgram\n    wait = yes\n  }";

enum class Blank { kept, dropped };

/// What chkconfig makes of a file: lines whose first word begins with "disable" go, behind each line that
/// begins with a brace a new one comes. Its later versions drop empty lines, its earlier ones add one at the
/// end each time.
std::string chkconfig(const std::string& text, bool on, Blank blank) {
  std::string result;
  std::size_t at = 0;
  for (bool last = false; !last;) {
    const std::size_t end = text.find('\n', at);
    last = end == std::string::npos;
    const std::string line = text.substr(at, last ? end : end - at);
    at = end + 1;
    const std::string_view words = xsuperd::base::trim(line);
    if (words.starts_with("disable") || (words.empty() && blank == Blank::dropped)) continue;
    result += line + "\n";
    if (words.starts_with("{")) result += on ? "\tdisable\t= no\n" : "\tdisable\t= yes\n";
  }
  return result;
}

World world(const std::string& text) {
  World w;
  w.files.programs.insert("/usr/bin/rsync");
  return w.read(text);
}

/// What the file means, whether or not it is switched on.
World switched_on(std::string text) {
  for (std::size_t at; (at = text.find("= yes\n}")) != std::string::npos;) text.replace(at, 5, "= no");
  return world(text);
}

}  // namespace

TEST_CASE("a file that chkconfig has switched on is read as if the line had been changed by hand") {
  const World by_hand = switched_on(shipped);
  REQUIRE(by_hand.up("rsync"));
  for (const Blank blank : {Blank::kept, Blank::dropped}) {
    std::string text = shipped;
    for (int turn = 0; turn < 3; ++turn) {
      text = chkconfig(text, true, blank);
      REQUIRE(text != shipped);
      INFO(text);
      const World w = world(text);
      CHECK(same(w.at("rsync"), by_hand.at("rsync")));
      CHECK(w.log() == by_hand.log());
      CHECK(w.loaded.config->services.size() == 1);
    }
  }
}

TEST_CASE("a file that chkconfig has switched off is off, and the same again when it is switched on") {
  const World by_hand = switched_on(shipped);
  for (const Blank blank : {Blank::kept, Blank::dropped}) {
    const std::string off = chkconfig(chkconfig(shipped, true, blank), false, blank);
    INFO(off);
    CHECK_FALSE(world(off).up("rsync"));
    CHECK(world(off).fate("rsync") == world(shipped).fate("rsync"));
    CHECK(world(off).log() == world(shipped).log());
    CHECK(same(world(chkconfig(off, true, blank)).at("rsync"), by_hand.at("rsync")));
  }
}

TEST_CASE("chkconfig switches both entries of a file, and both are what they were") {
  const World before = world(two_entries);
  for (const Blank blank : {Blank::kept, Blank::dropped}) {
    const std::string off = chkconfig(two_entries, false, blank);
    INFO(off);
    CHECK(world(off).loaded.config->services.empty());
    CHECK(world(off).loaded.config->absent.size() == 2);
    const World after = world(chkconfig(off, true, blank));
    for (const char* id : {"time-stream", "time-dgram"}) CHECK(same(after.at(id), before.at(id)));
    CHECK(after.log() == before.log());
  }
}

TEST_CASE("a switch leaves alone what begins like it in a value or a comment") {
  const std::string text = "# disable it where nobody asks\nservice x\n{\n" + std::string(plain) +
                           "server_args = disable = yes\ndisable = yes\n}\n";
  const World w(chkconfig(text, true, Blank::dropped));
  CHECK(w.at("x").settings.server_args == std::vector<std::string>{"disable", "=", "yes"});
}

TEST_CASE("an entry from Puppet's template is read as the one that it replaces") {
  const World by_hand =
      world(service("tftp-like", 6900,
                    "disable = no\nprotocol = tcp\ngroup = users\ngroups = yes\nbind = 127.0.0.1\n"
                    "server_args = -s /srv\nonly_from = 127.0.0.1 192.0.2.0/24\nper_source = 11\n"
                    "log_on_success += DURATION\nlog_on_failure = HOST\ncps = 100 2\nflags = IPv4\n"
                    "nice = 5\nenv = LANG=C\ninstances = 30\n"));
  // The order and the spacing of the template, which has two places for instances.
  const World by_puppet = world(
      "# This file is being maintained by Puppet.\n# DO NOT EDIT\n\n"
      "service tftp-like\n{\n"
      "        port            = 6900\n"
      "        disable         = no\n"
      "        socket_type     = stream\n"
      "        protocol        = tcp\n"
      "        wait            = no\n"
      "        user            = root\n"
      "        group           = users\n"
      "        groups          = yes\n"
      "        server          = /bin/server\n"
      "        bind            = 127.0.0.1\n"
      "        type            = UNLISTED\n"
      "        server_args     = -s /srv\n"
      "        only_from       = 127.0.0.1 192.0.2.0/24\n"
      "        per_source      = 11\n"
      "        log_on_success += DURATION\n"
      "        log_on_failure = HOST\n"
      "        instances       = 30\n"
      "        cps             = 100 2\n"
      "        flags           = IPv4\n"
      "        nice            = 5\n"
      "        env             = LANG=C\n"
      "        instances       = 30\n"
      "}\n");
  CHECK(by_hand.log() == "");
  CHECK(same(by_puppet.at("tftp-like"), by_hand.at("tftp-like")));
  // Of the second line for instances it is said that it does not count, and of nothing else.
  CHECK(by_puppet.said("attribute already set: instances"));
  CHECK(std::count_if(by_puppet.loaded.diagnostics.all().begin(), by_puppet.loaded.diagnostics.all().end(),
                      [](const Diagnostic& d) { return d.level <= Level::notice; }) == 1);
}

TEST_CASE("a main file from Puppet's template means the same as one without its comments") {
  const std::string by_hand =
      "defaults\n{\n\tlog_type = SYSLOG daemon info\n\tlog_on_failure = HOST\n\tlog_on_success = PID HOST "
      "DURATION EXIT\n"
      "\tcps = 50 10\n\tinstances = 50\n\tper_source = 10\n\tv6only = no\n\tgroups = yes\n\tumask = 002\n}\n"
      "includedir /etc/xinetd.d\n";
  const std::string by_puppet =
      "# This file is being maintained by Puppet.\n# DO NOT EDIT\n#\n\n"
      "defaults\n{\n"
      "# The next two items are for switching services for a time.\n#\n"
      "#       enabled         =\n#       disabled        =\n\n"
      "        log_type        = SYSLOG daemon info\n"
      "        log_on_failure  = HOST\n"
      "        log_on_success  = PID HOST DURATION EXIT\n\n"
      "#       no_access       =\n#       max_load        = 0\n"
      "        cps             = 50 10\n"
      "        instances       = 50\n"
      "        per_source      = 10\n\n"
      "#       mdns            = yes\n"
      "        v6only          = no\n\n"
      "        groups          = yes\n"
      "        umask           = 002\n\n"
      "#       banner          =\n}\n\n"
      "includedir /etc/xinetd.d\n";
  const std::string by_another =  // two blanks, and empty values left out
      "defaults\n{\n  log_type       = SYSLOG daemon info\n  per_source     = 10\n  umask          = 002\n"
      "  log_on_success = PID HOST DURATION EXIT\n  log_on_failure = HOST\n  instances      = 50\n"
      "  groups         = yes\n  cps            = 50 10\n  v6only = no\n}\n\nincludedir /etc/xinetd.d\n";
  const auto read = [](const std::string& main) {
    World w;
    w.files.texts["/etc/xinetd.d/x"] = service("x", 9000, "log_on_failure += ATTEMPT\n");
    return w.read(main);
  };
  const World before = read(by_hand);
  CHECK(before.log() == "");
  for (const std::string& main : {by_puppet, by_another}) {
    INFO(main);
    const World after = read(main);
    CHECK(after.log() == "");
    CHECK(same(after.at("x"), before.at("x")));
  }
}
