// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// What the defaults give to services, and what is wrong in them.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
/// The printed value of an attribute of service x, whose defaults stand before or behind it.
std::string merged(const std::string& attribute, const std::string& of_defaults,
                   const std::string& of_service) {
  const World before(defaults(of_defaults) + service("x", 9000, of_service));
  const World behind(service("x", 9000, of_service) + defaults(of_defaults));
  const Attribute& row = *find_attribute(attribute);
  REQUIRE(before.up("x"));
  REQUIRE(same(before.at("x"), behind.at("x")));
  return row.is_set(before.at("x").settings) ? row.print(before.at("x").settings) : "unset";
}
}  // namespace

TEST_CASE("defaults reach services before and behind them, and a service's own value wins") {
  struct Row {
    std::string attribute, given, other;
  };
  const std::vector<Row> rows{{"instances", "5", "6"},
                              {"per_source", "5", "6"},
                              {"per_source_rate", "5 60", "6 60"},
                              {"fleet_per_source", "5", "6"},
                              {"fleet_rate", "5/minute", "UNLIMITED"},
                              {"cps_window", "60", "30"},
                              {"cps", "5 6", "7 8"},
                              {"max_load", "1.5", "2"},
                              {"umask", "022", "077"},
                              {"groups", "yes", "no"},
                              {"bind", "127.0.0.1", "::1"},
                              {"v6only", "yes", "no"},
                              {"log_type", "FILE /l", "FILE /m"},
                              {"banner", "/b", "/c"},
                              {"banner_success", "/b", "/c"},
                              {"banner_fail", "/b", "/c"},
                              {"only_from", "::1/128", "::2/128"},
                              {"no_access", "::1/128", "::2/128"},
                              {"passenv", "PATH", "TZ"},
                              {"log_on_success", "PID", "HOST"},
                              {"log_on_failure", "HOST", "ATTEMPT"},
                              {"backlog", "5", "6"},
                              {"mdns", "yes", "no"}};
  for (const Row& row : rows) {
    INFO(row.attribute);
    CHECK(merged(row.attribute, row.attribute + " = " + row.given, "") == row.given);
    CHECK(merged(row.attribute, row.attribute + " = " + row.given, row.attribute + " = " + row.other) ==
          row.other);
    CHECK(merged(row.attribute, "", "") == "unset");
  }
}

TEST_CASE("+= and -= of a service start from the defaults, wherever these stand") {
  CHECK(merged("only_from", "only_from = ::1", "only_from += ::2") == "::1/128 ::2/128");
  CHECK(merged("only_from", "only_from = ::1 ::3", "only_from -= ::1") == "::3/128");
  CHECK(merged("no_access", "no_access = ::1", "no_access = ::2\nno_access += ::3") == "::2/128 ::3/128");
  CHECK(merged("log_on_success", "log_on_success = PID", "log_on_success += HOST") == "HOST PID");
  CHECK(merged("log_on_failure", "log_on_failure = HOST ATTEMPT", "log_on_failure -= HOST") == "ATTEMPT");
  CHECK(merged("passenv", "passenv = PATH", "passenv += TZ") == "PATH TZ");
}

TEST_CASE("an empty list of a service replaces the one of the defaults") {
  CHECK(merged("only_from", "only_from = ::1", "only_from =") == "");
  CHECK(merged("log_on_success", "log_on_success = PID", "log_on_success =") == "");
}

TEST_CASE("= adds in the defaults") {
  CHECK(merged("only_from", "only_from = ::1\nonly_from = ::2", "") == "::1/128 ::2/128");
  CHECK(merged("only_from", "only_from = ::1 ::2\nonly_from -= ::1", "") == "::2/128");
  CHECK(merged("log_on_success", "log_on_success = PID\nlog_on_success = HOST", "") == "HOST PID");
  CHECK(merged("passenv", "passenv = PATH\npassenv = TZ", "") == "PATH TZ");
}

TEST_CASE("every file may have its defaults, and the first value wins") {
  World w;
  w.files.texts["/a"] = defaults("instances = 1\nonly_from = ::1");
  w.files.texts["/b"] = defaults("instances = 2\nonly_from = ::2\ncps = 3 4");
  w.read("include /a\ninclude /b\n" + service("x", 1));
  CHECK(w.at("x").settings.instances == Limit{1});
  CHECK(w.at("x").rate() == Rate{3, 4});
  CHECK(w.at("x").settings.only_from->size() == 2);
  CHECK(w.finding("Service (null): attribute already set: instances")->level == Level::warning);
}

TEST_CASE("a bad value in the defaults is fatal") {
  for (const std::string line : {"instances = many", "only_from = a,b", "log_on_failure = RECORD",
                                 "umask = 9", "log_type = FILE", "cps = a b", "groups = maybe"}) {
    const World w(defaults(line) + service("x", 1));
    INFO(line);
    CHECK(w.loaded.fatal == Loaded::Fatal::bad_defaults);
    CHECK_FALSE(w.loaded.config);
    CHECK(w.said("A fatal error was encountered while parsing the default section"));
    CHECK_FALSE(w.said("DISABLING SERVICE"));
  }
}

TEST_CASE("a second log_type in the defaults is fatal") {
  for (const std::string op : {"=", "+="}) {
    const World w(defaults("log_type = FILE /a\nlog_type " + op + " FILE /b"));
    CHECK(w.loaded.fatal == Loaded::Fatal::bad_defaults);
    CHECK(w.said("Cannot set more than one log_type attribute"));
  }
  CHECK(World(defaults("log_type += FILE /a")).loaded.config->defaults.log_type->path == "/a");
  CHECK(with("log_type += FILE /a").said("operator '+=' cannot be used for attribute 'log_type'"));
}

TEST_CASE("a wrong number of values in the defaults is a warning, and fatal where the attribute restricts") {
  CHECK(World(defaults("banner = /a /b\nbacklog =") + service("x", 1)).up("x"));
  for (const std::string line : {"cps = 5", "instances = 1 2", "instances += 1"})
    CHECK(World(defaults(line) + service("x", 1)).loaded.fatal == Loaded::Fatal::bad_defaults);
  CHECK(World(defaults("instances = 1 # one") + service("x", 1)).at("x").settings.instances == Limit{1});
}

TEST_CASE("a line that restricts and stands behind the brace of its entry costs that entry") {
  const std::string behind = "only_from = 127.0.0.1\n}\n";
  const World w(service("x", 1) + behind + service("y", 2));
  CHECK(w.refused("x"));
  CHECK(w.up("y"));
  CHECK(World(service("x", 1) + "nice = 3\n}\n").up("x"));
  CHECK(World(defaults("instances = 3") + behind + service("y", 2)).loaded.fatal == Loaded::Fatal::bad_defaults);
}

TEST_CASE("the cause of a fatal error in the defaults is the error, at its own place") {
  const World w(defaults("bogus = 1\nlog_on_failure = HOST RECORD"));
  CHECK(w.loaded.diagnostics.count(Level::error) == 1);
  const Diagnostic* d = w.finding("Bad log_on_failure flag: RECORD");
  REQUIRE(d);
  CHECK(d->level == Level::error);
  CHECK(d->place == Place{main_file, 4, 23});
}

TEST_CASE("a line of the defaults that cannot be read costs itself alone") {
  const World w(defaults("instances = 3\nbanner\ncps = 1 1") + service("x", 1));
  CHECK(w.at("x").settings.instances == Limit{3});
  CHECK(w.at("x").rate() == Rate{1, 1});
}

TEST_CASE("a line of the defaults that restricts access and cannot be read is fatal") {
  for (const std::string line : {"only_from=10.0.0.1", "no_access", "Enabled := x", "disabled ~ y"})
    CHECK(World(defaults(line) + service("x", 1)).loaded.fatal == Loaded::Fatal::bad_defaults);
}

TEST_CASE("with enabled only the services of the list run") {
  const World w(defaults("enabled = A second") + service("a", 1) + service("b", 2, "id = second") +
                service("c", 3));
  CHECK(w.up("a"));
  CHECK(w.up("second"));
  CHECK(w.fate("c") == Fate::disabled_by_defaults);
  CHECK(World(service("a", 1) + defaults("enabled =")).fate("a") == Fate::disabled_by_defaults);
}

TEST_CASE("services are enabled and disabled by id, not by name") {
  const World w(service("b", 2, "id = second") + defaults("disabled = b"));
  CHECK(w.up("second"));
  CHECK(World(service("b", 2, "id = second") + defaults("disabled = SECOND")).fate("second") ==
        Fate::disabled_by_defaults);
  CHECK_FALSE(World(service("b", 2, "id = second") + defaults("enabled = b")).up("second"));
}

TEST_CASE("disabled wins over enabled, and both only ever grow") {
  const World w(defaults("enabled = a\nenabled += b\nenabled -= c\ndisabled = b\ndisabled -= x") +
                service("a", 1) + service("b", 2) + service("c", 3));
  CHECK(w.up("a"));
  CHECK(w.fate("b") == Fate::disabled_by_defaults);
  CHECK(w.up("c"));
  CHECK(w.loaded.config->defaults.disabled == Words{"b", "x"});
}

TEST_CASE("the log file of the defaults is shared, a service's own is not") {
  const std::string common = defaults("log_type = FILE /var/log/all");
  CHECK(World(common + service("x", 1)).at("x").common_log);
  CHECK_FALSE(World(common + service("x", 1, "log_type = FILE /var/log/x")).at("x").common_log);
  CHECK_FALSE(World(defaults("log_type = SYSLOG daemon") + service("x", 1)).at("x").common_log);
}
