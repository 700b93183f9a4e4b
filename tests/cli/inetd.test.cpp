// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "xsuperd/cli/options.hpp"
#include "xsuperd/cli/sources.hpp"
#include "xsuperd/net/libwrap.hpp"

// The daemon as an inetd: its options, and the configuration that they come to.
using namespace xsuperd;
using namespace xsuperd::cli;
using Task = CommandLine::Task;

namespace {
using Words = std::vector<std::string>;
CommandLine as_inetd(const Words& words) { return parse_command_line(words, "inetd"); }

/// The value of an attribute in the defaults that the options come to; "none" when it is not given.
std::string given(const Words& words, const std::string& attribute) {
  const std::string lines = "\n" + sources_of(as_inetd(words)).defaults;
  const std::size_t at = lines.find("\n" + attribute + " =");
  if (at == lines.npos) return "none";
  const std::size_t from = at + attribute.size() + 3;
  const std::string value = lines.substr(from, lines.find('\n', from) - from);
  return value.empty() ? value : value.substr(1);
}
}  // namespace

TEST_CASE("called inetd, the daemon reads /etc/inetd.conf alone and goes on without services") {
  const CommandLine c = as_inetd({});
  REQUIRE(c.inetd);
  CHECK(c.inetd->files == Words{"/etc/inetd.conf"});
  CHECK(c.pidfile == "/run/inetd.pid");
  CHECK(c.stay_alive);
  CHECK_FALSE(c.foreground);
  const config::Sources sources = sources_of(c);
  CHECK(sources.main.empty());
  CHECK(sources.path() == "/etc/inetd.conf");
  CHECK(sources.style.replaces_tcpd == net::libwrap_available());
  CHECK_FALSE((sources.style.wraps || sources.style.wraps_internal));
}

TEST_CASE("option --inetd makes an inetd of the daemon, whatever it is called") {
  const CommandLine c = parse_command_line({"--inetd", "a.conf", "-i", "-R", "7"}, "xinetd");
  REQUIRE(c.inetd);
  CHECK(c.inetd->files == Words{"a.conf"});
  CHECK(c.inetd->rate == 7);
  CHECK(c.foreground);
  CHECK_FALSE(c.pidfile);
  CHECK(parse_command_line({"-R", "7", "--inetd", "a.conf"}).inetd->rate == 7);
  CHECK(parse_command_line({"--inetd"}).task == Task::usage_error);
}

TEST_CASE("words without a dash are files of inetd, for an inetd only") {
  CHECK(as_inetd({"a.conf", "-i", "/etc/inetd.d"}).inetd->files == Words{"a.conf", "/etc/inetd.d"});
  CHECK(parse_command_line({"a.conf"}).task == Task::usage_error);
  CHECK(as_inetd({""}).task == Task::usage_error);
  CHECK(as_inetd({"-"}).task == Task::usage_error);
}

TEST_CASE("letters of inetd may be joined, with each other and with a value") {
  const CommandLine c = as_inetd({"-ilR100", "-q5", "-a127.0.0.1", "-wEp/run/x"});
  CHECK((c.foreground && c.inetd->logs && c.inetd->wraps && c.inetd->keeps_environment));
  CHECK(c.inetd->rate == 100);
  CHECK(c.inetd->backlog == 5);
  CHECK(c.inetd->address == "127.0.0.1");
  CHECK(c.pidfile == "/run/x");
  CHECK(c.warnings.empty());
  CHECK(as_inetd({"-dR"}).task == Task::usage_error);
}

TEST_CASE("xinetd's words are taken by an inetd too, and not apart") {
  const CommandLine c = as_inetd({"-dontfork", "-limit", "3", "-pidfile", "p", "-filelog", "/dev/stdout", "-t"});
  CHECK((c.foreground && c.limit == 3 && c.pidfile == "p" && c.filelog == "/dev/stdout"));
  CHECK(c.task == Task::check);
}

TEST_CASE("options of the other one are reported and passed over") {
  CHECK(parse_command_line({"-l"}).warnings == Words{"unknown option -l is ignored (it is inetd's)"});
  CHECK(as_inetd({"-inetd_compat"}).inetd->children == 0);
  CHECK(as_inetd({"-inetd_compat"}).warnings == Words{"unknown option -inetd_compat is ignored (it is xinetd's)"});
  CHECK(as_inetd({"-z"}).warnings == Words{"unknown option -z is ignored"});
}

TEST_CASE("numbers of inetd's options are checked") {
  for (const char* option : {"-R", "-c", "-C", "-s", "-q"}) {
    INFO(option);
    CHECK(as_inetd({option, "x"}).task == Task::usage_error);
    CHECK(as_inetd({option, "-1"}).task == Task::usage_error);
    CHECK(as_inetd({option, "99999999999"}).task == Task::usage_error);
    CHECK(as_inetd({option, "12"}).task == Task::serve);
  }
}

TEST_CASE("option -d of an inetd stays in the foreground and writes to standard error") {
  const CommandLine c = as_inetd({"-d"});
  CHECK((c.foreground && c.inetd->debugs));
  CHECK_FALSE(c.debug);
  CHECK(c.filelog == "/dev/stderr");
  CHECK(as_inetd({"-d", "-filelog", "x"}).filelog == "x");
  CHECK_FALSE(as_inetd({"-d", "-syslog", "daemon"}).filelog);
}

TEST_CASE("an inetd starts a service 256 times a minute, or as often as it is told") {
  CHECK(given({}, "cps") == "256 600");
  CHECK(given({}, "cps_window") == "60");
  CHECK(given({"-R", "0"}, "cps") == "0 600");
  CHECK(given({"-R", "40"}, "cps") == "40 600");
}

TEST_CASE("options of inetd become defaults") {
  CHECK(given({"-c", "3"}, "instances") == "3");
  CHECK(given({"-s", "2"}, "per_source") == "2");
  CHECK(given({"-C", "9"}, "per_source_rate") == "9 60");
  CHECK(given({"-q", "5"}, "backlog") == "5");
  for (const char* attribute : {"instances", "per_source", "per_source_rate", "backlog", "log_type", "log_on_success"})
    CHECK(given({}, attribute) == "none");
}

TEST_CASE("an inetd that logs does so where the daemon does") {
  CHECK(given({"-l"}, "log_type") == "SYSLOG daemon info");
  CHECK(given({"-l"}, "log_on_success") == "HOST PID");
  CHECK(given({"-l"}, "log_on_failure") == "HOST");
  CHECK(given({"-l", "-syslog", "local3"}, "log_type") == "SYSLOG local3 info");
  CHECK(given({"-l", "-filelog", "/var/log/inetd"}, "log_type") == "FILE /var/log/inetd");
  CHECK(given({"-l", "-filelog", "/dev/stderr"}, "log_type") == "SYSLOG daemon info");
  CHECK(given({"-l", "-filelog", "/a b"}, "log_type") == "SYSLOG daemon info");
}

TEST_CASE("an inetd passes language and time zone, or with -E everything") {
  ::setenv("TZ", "UTC", 1);
  ::unsetenv("LC_ALL");
  const std::string passed = " " + given({}, "passenv") + " ";
  CHECK(passed.find(" TZ ") != passed.npos);
  CHECK(passed.find("PATH") == passed.npos);
  CHECK(passed.find("LC_ALL") == passed.npos);
  CHECK(given({"-E"}, "passenv") == "none");
}

TEST_CASE("options of inetd say whom libwrap is asked for, and where to listen") {
  CHECK(sources_of(as_inetd({"-l"})).style.wraps);
  CHECK(sources_of(as_inetd({"-w"})).style.wraps);
  CHECK_FALSE(sources_of(as_inetd({"-w"})).style.wraps_internal);
  CHECK(sources_of(as_inetd({"-W"})).style.wraps_internal);
  CHECK(sources_of(as_inetd({"-a", "::1"})).style.address == "::1");
}

TEST_CASE("with -inetd_compat inetd.conf is read besides the main file") {
  const config::Sources sources = sources_of(parse_command_line({"-inetd_compat", "-f", "x.conf"}));
  CHECK(sources.main == "x.conf");
  CHECK(sources.inetd == Words{"/etc/inetd.conf"});
  CHECK(sources.defaults.empty());
  CHECK(sources_of(parse_command_line({})).inetd.empty());
}

TEST_CASE("an inetd's usage text has its own options") {
  const std::string text = usage("inetd");
  CHECK(text.find("[-R rate]") != text.npos);
  CHECK(text.find("-inetd_compat") == text.npos);
  CHECK(text.ends_with("] [file ...]\n"));
  CHECK(usage("xinetd").find("[-R rate]") == text.npos);
}
