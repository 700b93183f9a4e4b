// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <syslog.h>

#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// Attributes with lists or a syntax of their own.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
std::string access(const std::string& intervals) {
  return value("access_times", "access_times = " + intervals);
}
std::string log(const std::string& words) { return value("log_type", "log_type = " + words); }
}  // namespace

TEST_CASE("access_times are intervals of minutes") {
  CHECK(access("2:00-8:59 12:00-23:59") == "2:00-8:59 12:00-23:59");
  CHECK(access("02:05-8:9") == "2:05-8:09");
  CHECK(access(":-1:1") == "0:00-1:01");
  CHECK(access("2:00-9:00 12:00-24:00") == "2:00-9:00 12:00-24:00");
  CHECK(access("22:00-6:00") == "22:00-6:00");
  CHECK(with("access_times = 22:00-6:00").at("x").settings.access_times->at(0) == Interval{1320, 360});
}

TEST_CASE("intervals that are none are refused") {
  for (const std::string words :
       {"8", "8:00", "8-9", "a:00-9:00", "8:00-9:x", "8:00 - 9:00", "8:00-9:00-10:00"}) {
    INFO(words);
    CHECK(with("access_times = " + words).said("incorrect time interval"));
  }
  for (const std::string words :
       {"8:00-25:00", "8:60-9:00", "8:00-24:01", "24:00-1:00", "8:00-8:00", "99999:0-1:0"}) {
    INFO(words);
    CHECK(with("access_times = " + words).said("invalid time interval: " + words));
    CHECK(access(words) == "refused");
  }
}

TEST_CASE("log_type SYSLOG takes a facility and a level") {
  CHECK(log("SYSLOG daemon") == "SYSLOG daemon info");
  CHECK(log("syslog LOCAL7 Debug") == "SYSLOG local7 debug");
  CHECK(with("log_type = SYSLOG authpriv crit").at("x").settings.log_type->facility == LOG_AUTHPRIV);
  CHECK(with("log_type = SYSLOG kern").said("Unknown syslog facility: kern"));
  CHECK(with("log_type = SYSLOG daemon error").said("Unknown syslog level: error"));
  CHECK(with("log_type = SYSLOG deamon").finding("Unknown syslog")->suggestion == "did you mean 'daemon'?");
  CHECK(with("log_type = SYSLOG").said("wrong number of arguments"));
  CHECK(with("log_type = SYSLOG daemon info more").said("wrong number of arguments"));
  CHECK(with("log_type = STDOUT x").said("Unknown log type: STDOUT"));
}

TEST_CASE("log_type FILE takes a path and two limits") {
  CHECK(log("FILE /var/log/x") == "FILE /var/log/x");
  CHECK(log("file /l 0") == "FILE /l");
  CHECK(log("FILE /l 100") == "FILE /l 100 5220");
  CHECK(log("FILE /l 1M") == "FILE /l 1048576 1059061");
  CHECK(log("FILE /l 3m") == "FILE /l 3145728 3166208");
  CHECK(log("FILE /l 8k 16K") == "FILE /l 8192 16384");
  CHECK(log("FILE /l 8k 8k") == "FILE /l 8192 8192");
  CHECK(log("FILE /l 0 9") == "FILE /l 0 9");
  CHECK(with("log_type = FILE").said("wrong number of arguments"));
  CHECK(with("log_type = FILE /l 1 2 3").said("wrong number of arguments"));
  CHECK(with("log_type = FILE /l x").said("soft limit is invalid: x"));
  CHECK(with("log_type = FILE /l 1 x").said("hard limit is invalid: x"));
  CHECK(with("log_type = FILE /l unlimited").said("soft limit is invalid"));
  CHECK(with("log_type = FILE /l 2 1").said("hard limit (1) is less than soft limit (2)"));
}

TEST_CASE("log options are sets that = replaces and += and -= change") {
  CHECK(value("log_on_success", "log_on_success = PID host") == "HOST PID");
  CHECK(value("log_on_success", "log_on_success = PID\nlog_on_success += EXIT\nlog_on_success -= PID") ==
        "EXIT");
  CHECK(value("log_on_success", "log_on_success = PID\nlog_on_success = HOST") == "HOST");
  CHECK(value("log_on_failure", "log_on_failure =") == "");
  CHECK(with("log_on_failure =").at("x").settings.log_on_failure);
  CHECK(with("log_on_failure = RECORD").said("Bad log_on_failure flag: RECORD"));
  CHECK(with("log_on_success = ATTEMPT").refused("x"));
  CHECK(with("log_on_success = DURATON").finding("Bad log_on_success")->suggestion ==
        "did you mean 'DURATION'?");
}

TEST_CASE("env takes NAME=value words, and appends with +=") {
  CHECK(value("env", "env = A=1 B=\nenv += C==x") == "A=1 B= C==x");
  CHECK(value("env", "env = A=1\nenv = B=2") == "B=2");
  CHECK(value("env", "env += A=1") == "A=1");
  CHECK(with("env = A").said("a variable lacks its '='"));
  CHECK(with("env = A=1\nenv -= A=1").said("operator '-=' not supported for env attribute"));
  CHECK(with("env -= A=1").refused("x"));
}

TEST_CASE("passenv takes names that the daemon's environment has") {
  CHECK(value("passenv", "passenv = PATH TZ") == "PATH TZ");
  CHECK(value("passenv", "passenv = PATH path PATH") == "PATH");
  CHECK(value("passenv", "passenv = PATH TZ\npassenv -= path") == "TZ");
  CHECK(with("passenv = NONE PATH").finding("undefined environment variable: NONE")->level == Level::info);
  CHECK(with("passenv =").at("x").settings.passenv == Words{});
}

TEST_CASE("server_args may not be empty, and keeps its words") {
  CHECK(with("server_args = -v # x").at("x").argv == Words{"server", "-v", "#", "x"});
  CHECK(with("server_args =").refused("x"));
}

TEST_CASE("redirect takes a host, which may have its address later, and a port") {
  const auto redirect = [](const std::string& words) { return value("redirect", "redirect = " + words); };
  CHECK(redirect("127.0.0.1 80") == "127.0.0.1 80");
  CHECK(redirect("localhost http") == "localhost 80");
  CHECK(redirect("::1 65535") == "::1 65535");
  CHECK(redirect("six.example.com 80") == "six.example.com 80");
  for (const std::string words :
       {"::x 80", "127.0.0.1 0", "127.0.0.1 65536", "127.0.0.1 -1", "127.0.0.1 nosuch"})
    CHECK(redirect(words) == "refused");
  CHECK(with("redirect = host:80 80").said("bad address: host:80"));
  // A name that has no address yet may have one later (decision B15.24).
  CHECK(!with("redirect = nosuch 80").said("bad address"));
  for (const char* host : {"-x", "a..b", "a_b!", "10.1.2.300", ".x"}) {
    CAPTURE(host);
    CHECK(with(std::string("redirect = ") + host + " 80").said(std::string("bad address: ") + host));
  }
  CHECK(with("redirect = 127.0.0.1 70000").said("port number too large: 70000"));
  CHECK(with("redirect = 127.0.0.1 0").said("port number invalid: 0"));
}

TEST_CASE("a redirect without its port costs its entry") {
  const World w(entry("x",
                      "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\nuser = root\n"
                      "redirect = 127.0.0.1"));
  CHECK(w.said("the target of redirect has no port: 127.0.0.1"));
  CHECK(w.refused("x"));
}
