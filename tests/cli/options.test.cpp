// SPDX-License-Identifier: MIT
#include "xsuperd/cli/daemon.hpp"
#include "xsuperd/cli/options.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

using namespace xsuperd::cli;
using Task = CommandLine::Task;

namespace {
using Words = std::vector<std::string>;
CommandLine parse(const Words& words) { return parse_command_line(words); }
Task task(const Words& words) { return parse(words).task; }
bool is_usage_error(const Words& words) {
  const CommandLine c = parse(words);
  return c.task == Task::usage_error && !c.error.empty();
}
}  // namespace

TEST_CASE("without words the daemon serves as xinetd does") {
  const CommandLine c = parse({});
  CHECK(c.task == Task::serve);
  CHECK(c.config == "/etc/xinetd.conf");
  CHECK(c.limit == 0);
  CHECK(c.logprocs == 15);
  CHECK(c.consistency == 0);
  CHECK_FALSE((c.filelog || c.syslog || c.pidfile));
  CHECK_FALSE((c.debug || c.stay_alive || c.foreground || c.inetd_compat || c.strict || c.show));
  CHECK(c.warnings.empty());
}

TEST_CASE("every option is taken, with its value") {
  const CommandLine c =
      parse({"-d", "-f", "a.conf", "-filelog", "log", "-reuse", "-limit", "7", "-pidfile", "pid", "-logprocs",
             "3", "-cc", "60", "-stayalive", "-inetd_compat", "-inetd_ipv6"});
  CHECK(c.task == Task::serve);
  CHECK((c.debug && c.stay_alive && c.inetd_compat));
  CHECK_FALSE(c.foreground);
  CHECK(c.config == "a.conf");
  CHECK(c.filelog == "log");
  CHECK(c.limit == 7);
  CHECK(c.pidfile == "pid");
  CHECK(c.logprocs == 3);
  CHECK(c.consistency == 60);
  CHECK(c.warnings.empty());
  CHECK(parse({"-syslog", "local3"}).syslog == "local3");
}

TEST_CASE("option -dontfork implies -stayalive") {
  const CommandLine c = parse({"-dontfork"});
  CHECK((c.foreground && c.stay_alive));
}

// B13.41, B13.42
TEST_CASE("option -version wins over what comes after it, and not over what came before") {
  CHECK(task({"-version"}) == Task::version);
  CHECK(task({"--version"}) == Task::version);
  CHECK(task({"-version", "junk"}) == Task::version);
  CHECK(task({"-version", "-limit", "x"}) == Task::version);
  CHECK(task({"-version", "-f"}) == Task::version);
  CHECK(is_usage_error({"junk", "-version"}));
  CHECK(is_usage_error({"-limit", "x", "-version"}));
}

// B13.43, B13.44
TEST_CASE("in a container the daemon stays in the foreground and logs to standard output") {
  const CommandLine c = parse({"--container"});
  CHECK((c.container && c.foreground && c.stay_alive));
  CHECK(c.filelog == "/dev/stdout");
  CHECK(parse({"--container", "-filelog", "/dev/stderr"}).filelog == "/dev/stderr");
  const CommandLine with_syslog = parse({"-syslog", "daemon", "--container"});
  CHECK((with_syslog.container && with_syslog.syslog == "daemon" && !with_syslog.filelog));
  CHECK_FALSE((parse({"-dontfork"}).container || parse({"-dontfork"}).filelog));
}

TEST_CASE("option -filelog and -syslog exclude each other, unless the version is asked for") {
  CHECK(task({"-filelog", "A", "-syslog", "daemon", "-version"}) == Task::version);
  CHECK(task({"-filelog", "A", "-syslog", "daemon", "--help"}) == Task::help);
  CHECK(is_usage_error({"-filelog", "A", "-syslog", "daemon"}));
  CHECK(is_usage_error({"-syslog", "daemon", "-filelog", "A"}));
}

// B13.45
TEST_CASE("a number may have blanks before it and nothing behind it") {
  CHECK(parse({"-limit", " 5"}).limit == 5);
  CHECK(parse({"-limit", "\t+5"}).limit == 5);
  for (const char* text : {"5 ", "0x5", "", " ", "99999999999999999999", "5a", "- 5", "+-5"}) {
    INFO('\'' << text << '\'');
    CHECK(is_usage_error({"-limit", text}));
  }
}

// B13.46
TEST_CASE("numbers that xinetd takes are taken") {
  CHECK(parse({"-limit", "-1"}).task == Task::serve);
  CHECK(parse({"-limit", "-1"}).limit == 0);  // so large that it is none
  CHECK(parse({"-logprocs", "-1"}).logprocs == std::numeric_limits<std::uint64_t>::max());
  CHECK(parse({"-logprocs", "4294967297"}).logprocs == 4294967297);
  CHECK(parse({"-cc", "4294967297"}).task == Task::serve);
  CHECK(parse({"-cc", "4294967297"}).consistency >= 1u << 31);
  CHECK(parse({"-cc", "0"}).consistency == 0);
}

// B13.47
TEST_CASE("a bad number, a missing value and a stray word are usage errors") {
  CHECK(is_usage_error({"-cc", "-1"}));
  CHECK(is_usage_error({"-cc", "abc"}));
  CHECK(is_usage_error({"-f"}));
  CHECK(is_usage_error({"-shutdownprocs"}));
  CHECK(is_usage_error({"-"}));
  CHECK(is_usage_error({"foo"}));
  CHECK(is_usage_error({""}));
  CHECK(is_usage_error({"-dontfork", "-pidfile"}));
}

TEST_CASE("a usage error says what is wrong") {
  CHECK(parse({"-f"}).error == "-f needs a value");
  CHECK(parse({"foo"}).error == "'foo' is not an option");
  CHECK(parse({"-cc", "abc"}).error == "-cc takes a number, not 'abc'");
  CHECK(parse({"a\nb"}).error == "'a\\x0ab' is not an option");
}

// B13.48
TEST_CASE("option -shutdownprocs takes any word, says that it is deprecated, and does nothing") {
  const CommandLine c = parse({"-shutdownprocs", "3", "-version"});
  CHECK(c.task == Task::version);
  CHECK(c.warnings == Words{"The shutdownprocs option has been deprecated."});
  CHECK(task({"-shutdownprocs", "many"}) == Task::serve);
}

// B13.49, decision B15.12
TEST_CASE("unknown words with a dash are warned of and passed over") {
  for (const char* word :
       {"-h", "-D", "--", "-bogus", "-Version", "-fileLog", "-filelo", "-fX", "-cc=5"}) {
    INFO(word);
    const CommandLine c = parse({word, "-stayalive"});
    CHECK(c.task == Task::serve);
    CHECK(c.stay_alive);
    CHECK(c.warnings == Words{"unknown option " + std::string(word) + " is ignored"});
  }
  CHECK(parse({"-inetd_ipv6"}).warnings.empty());
  CHECK(parse({"-a", "-b"}).warnings.size() == 2);
}

// Decision B15.32
TEST_CASE("an unknown word with two dashes is a usage error, and what may be meant is named") {
  for (const char* word : {"--test", "--limit", "--daemon", "--showx", "---", "--limit=3"}) {
    INFO(word);
    CHECK(is_usage_error({word, "-stayalive"}));
    CHECK(is_usage_error({"-f", "x.conf", word}));
    CHECK(is_usage_error({"--inetd", "x", word}));
  }
  CHECK(parse({"--no-such"}).error == "unknown option --no-such");
  CHECK(parse({"--pidfile", "x"}).error == "unknown option --pidfile; did you mean -pidfile?");
  CHECK(parse({"--test"}).error == "unknown option --test; did you mean -t?");
  CHECK(is_usage_error({"--no-such", "-version"}));
  CHECK(task({"-version", "--no-such"}) == Task::version);
  CHECK(parse({"-f", "--no-such"}).config == "--no-such");
}

TEST_CASE("the value of an unknown option is a stray word") { CHECK(is_usage_error({"-bogus", "value"})); }

// B1.4
TEST_CASE("a value is the next word, whatever it looks like") {
  const CommandLine c = parse({"-f", "-d"});
  CHECK(c.config == "-d");
  CHECK_FALSE(c.debug);
  CHECK(parse({"-f", "-version"}).task == Task::serve);
  CHECK(parse({"-pidfile", "-"}).pidfile == "-");
  CHECK(parse({"-f", ""}).config == "");
}

// B1.6
TEST_CASE("the last of a repeated option wins") {
  const CommandLine c =
      parse({"-f", "a", "-limit", "1", "-filelog", "x", "-f", "b", "-limit", "2", "-filelog", "y"});
  CHECK(c.config == "b");
  CHECK(c.limit == 2);
  CHECK(c.filelog == "y");
  CHECK(parse({"-d", "-d"}).debug);
  CHECK(is_usage_error({"-limit", "x", "-limit", "2"}));
}

TEST_CASE("option -t checks, and --strict and --show go with it") {
  const CommandLine c = parse({"-t", "--strict", "--show", "-f", "x.conf"});
  CHECK(c.task == Task::check);
  CHECK((c.strict && c.show));
  CHECK(c.config == "x.conf");
}

TEST_CASE("option --as-xinetd goes with -t, and is none of inetd's") {
  CHECK(parse({"-t", "--as-xinetd"}).as_xinetd);
  CHECK_FALSE(parse({"-t"}).as_xinetd);
  CHECK(is_usage_error({"--inetd", "x", "-t", "--as-xinetd"}));
}

TEST_CASE("option --explain takes a service, an address and perhaps a time") {
  const CommandLine two = parse({"-t", "--explain", "ftp", "::1", "-f", "x.conf"});
  CHECK(two.task == Task::check);
  CHECK(two.config == "x.conf");
  REQUIRE(two.explain);
  CHECK(two.explain->service == "ftp");
  CHECK(two.explain->address == "::1");
  CHECK_FALSE(two.explain->time);
  for (const char* time : {"8:00", "08:15", "99:99"}) CHECK(parse({"--explain", "ftp", "::1", time}).explain->time == time);
  CHECK(task({"--explain", "ftp", "::1"}) == Task::check);
  CHECK_FALSE(parse({"-t"}).explain);
}

TEST_CASE("what does not look like a time is the next word after --explain") {
  for (const char* word : {"8:0", "123:00", ":00", "a:00", "8.00", "noon", "::1"})
    CHECK(is_usage_error({"--explain", "ftp", "::1", word}));
  const CommandLine c = parse({"--explain", "-f", "-t", "-f", "x.conf"});
  CHECK(c.explain->service == "-f");
  CHECK(c.explain->address == "-t");
  CHECK(c.config == "x.conf");
  CHECK(parse({"--explain", "ftp"}).error == "--explain needs 2 values");
  CHECK(is_usage_error({"-t", "--explain"}));
}

TEST_CASE("option --try takes a service, and what is behind -- is for its server") {
  const CommandLine plain = parse({"--try", "ftp", "-f", "x.conf"});
  CHECK(plain.task == Task::attempt);
  CHECK(plain.attempt.service == "ftp");
  CHECK(plain.config == "x.conf");
  CHECK_FALSE(plain.attempt.arguments);
  CHECK_FALSE(plain.attempt.json);
  const CommandLine full = parse({"--try", "ftp", "--json", "--", "-t", "--inetd", "--", "x"});
  CHECK(full.task == Task::attempt);
  CHECK(full.attempt.json);
  CHECK(full.attempt.arguments == Words{"-t", "--inetd", "--", "x"});
  CHECK_FALSE(full.inetd);
  CHECK(parse({"--try", "ftp", "--"}).attempt.arguments == Words{});
  CHECK(is_usage_error({"--try"}));
  CHECK(parse({"--", "--try", "ftp"}).task == Task::attempt);
  CHECK(parse({"--inetd", "x", "--try", "ftp"}).inetd->files == Words{"x"});
}

// B1.5
TEST_CASE("the usage text begins as xinetd's and ends its line") {
  const std::string text = usage("xinetd");
  CHECK(
      text.starts_with("Usage: xinetd [-d] [-f config_file] [-filelog filename] [-syslog facility] [-reuse] "
                       "[-limit proc_limit] [-pidfile filename] [-logprocs limit] [-shutdownprocs limit] "
                       "[-cc interval]"));
  CHECK(text.ends_with("]\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("option --help names every option with its text") {
  CHECK(task({"--help"}) == Task::help);
  CHECK(task({"--help", "junk"}) == Task::help);
  const std::string text = help("xsuperd");
  for (const Option& option : option_table()) {
    INFO(option.word);
    CHECK(text.find("  " + std::string(option.word) + " ") != std::string::npos);
    CHECK_FALSE(option.text.empty());
    CHECK(text.find(option.text) != std::string::npos);
  }
}

TEST_CASE("a trial run is known by its first argument, which no version takes for an option") {
  CHECK(is_trial({"xsuperd", "take-over-trial"}));
  CHECK(is_trial({"xsuperd", "take-over-trial", "-f", "x.conf"}));
  CHECK_FALSE(is_trial({"xsuperd"}));
  CHECK_FALSE(is_trial({"xsuperd", "-f", "take-over-trial"}));
  CHECK(parse_command_line({"take-over-trial", "-f", "x.conf"}).task == CommandLine::Task::usage_error);
}
