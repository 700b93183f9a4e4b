// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// Attributes of one value: what they take, what they refuse, and how they print.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
struct Row {
  std::string word;
  std::string printed;  ///< or "refused"
};
/// Each word in a service of its own.
void check(const std::string& attribute, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(attribute << " = " << row.word);
    CHECK(value(attribute, attribute + " = " + row.word) == row.printed);
  }
}
constexpr char refused[] = "refused";
/// A service with everything but the given attribute.
World without(const std::string& attribute, const std::string& lines = "") {
  std::string kept;
  std::string rest = plain;
  while (!rest.empty()) {
    const std::string line = rest.substr(0, rest.find('\n') + 1);
    rest.erase(0, line.size());
    if (!line.starts_with(attribute + " ")) kept += line;
  }
  return World(entry("x", kept + lines));
}
}  // namespace

TEST_CASE("yes and no are the only words of a boolean") {
  for (const std::string name : {"groups", "v6only", "mdns"})
    check(name,
          {{"yes", "yes"}, {"NO", "no"}, {"true", refused}, {"1", refused}, {"on", refused}, {"y", refused}});
  CHECK(without("wait", "wait = YES").at("x").wait);
  CHECK(without("wait", "wait = maybe").said("Bad value for wait: maybe"));
  CHECK(with("groups = off").finding("Bad value for groups: off")->suggestion == "write 'no'");
  CHECK(with("groups = perhaps").finding("Bad value for groups")->suggestion ==
        "expected 'yes' or 'no'");
}

TEST_CASE("counts of servers take a number or UNLIMITED, and no suffix") {
  for (const std::string name : {"instances", "per_source"})
    check(name, {{"0", "0"},
                 {"+3", "3"},
                 {"03", "3"},
                 {"unlimited", "UNLIMITED"},
                 {"4294967295", "4294967295"},
                 {"4294967296", refused},
                 {"-1", refused},
                 {"1k", refused},
                 {"1.5", refused},
                 {"many", refused}});
  CHECK(with("instances = 1k").said("Number of instances is invalid: 1k"));
  CHECK(with("per_source = x").said("Number of per source instances is invalid: x"));
}

TEST_CASE("cps takes two numbers of 32 bits") {
  check("cps", {{"0 0", "0 0"},
                {"100 2", "100 2"},
                {"4294967295 1", "4294967295 1"},
                {"4294967296 1", refused},
                {"-1 5", refused},
                {"5 -1", refused},
                {"x 5", refused},
                {"5 x", refused},
                {"5", refused},
                {"1 2 3", refused}});
  CHECK(with("cps = x 5").said("cps argument not a number: x"));
  CHECK(with("cps = 5 x").said("cps time argument not a number: x"));
}

TEST_CASE("cps_window takes seconds up to a day, and per_source_rate a number and such seconds") {
  check("cps_window", {{"1", "1"}, {"86400", "86400"}, {"0", refused}, {"86401", refused}, {"-1", refused}, {"m", refused}});
  check("per_source_rate", {{"10 60", "10 60"},
                            {"0 1", "0 1"},
                            {"4294967296 1", refused},
                            {"x 1", refused},
                            {"1 0", refused},
                            {"1 86401", refused},
                            {"1 x", refused},
                            {"1", refused},
                            {"1 2 3", refused}});
  CHECK(with("cps = 5 6\ncps_window = 60").at("x").rate() == Rate{5, 6, 60});
  CHECK(with("cps_window = x").said("cps_window is not a number of seconds from 1 to 86400: x"));
  CHECK(with("per_source_rate = x 1").said("per_source_rate argument not a number: x"));
  CHECK(with("per_source_rate = 1 x").said("per_source_rate needs a number of seconds from 1 to 86400: x"));
}

TEST_CASE("limits of a fleet are numbers from 1 on, the rate with a period, or UNLIMITED") {
  check("fleet_per_source", {{"1", "1"}, {"4294967295", "4294967295"}, {"unlimited", "UNLIMITED"}, {"0", refused}, {"4294967296", refused}, {"-1", refused}, {"x", refused}});
  check("fleet_rate", {{"10/second", "10/second"},
                       {"10/m", "10/minute"},
                       {"1000000/DAY", "1000000/day"},
                       {"UNLIMITED", "UNLIMITED"},
                       {"0/hour", refused},
                       {"1000001/hour", refused},
                       {"10", refused},
                       {"10/week", refused},
                       {"10/minute 20", refused}});
}

TEST_CASE("umask is octal and at most 0777") {
  check("umask", {{"22", "022"},
                  {"0777", "777"},
                  {"0", "000"},
                  {"1000", refused},
                  {"08", refused},
                  {"-1", refused},
                  {"+22", refused},
                  {"0x12", refused}});
  CHECK(with("umask = 22").at("x").settings.umask->bits == 022);
}

TEST_CASE("nice takes any number that could make a difference") {
  check("nice", {{"-20", "-20"},
                 {"19", "19"},
                 {"+5", "5"},
                 {"40", "40"},
                 {"-40", "-40"},
                 {"41", refused},
                 {"99999999999", refused},
                 {"abc", refused},
                 {"1.0", refused}});
}

TEST_CASE("max_load takes a decimal fraction, and 0 switches it off") {
  check("max_load", {{"2.5", "2.5"},
                     {"0", "0"},
                     {".5", "0.5"},
                     {"10junk", "10"},
                     {"-1", refused},
                     {"nan", refused},
                     {"0,5", refused},
                     {"0x", refused},
                     {"junk", refused},
                     {"inf", "inf"}});
  CHECK(with("max_load = 10junk").finding("'junk' after the number is ignored")->level == Level::warning);
}

TEST_CASE("port takes 0 to 65535 in decimal") {
  const auto port = [](const std::string& word) -> std::string {
    const World w = without("port", "port = " + word);
    return w.up("x") ? std::to_string(w.at("x").listen.at.port) : refused;
  };
  CHECK(port("0") == "0");
  CHECK(port("021078") == "21078");
  CHECK(port("+21077") == "21077");
  CHECK(port("65535") == "65535");
  for (const std::string word : {"65536", "-1", "0x50", "http", "80x"}) CHECK(port(word) == refused);
}

TEST_CASE("memory limits take K and M and nothing larger") {
  for (const std::string name : {"rlimit_as", "rlimit_data", "rlimit_rss", "rlimit_stack", "rlimit_files"})
    check(name, {{"8M", "8388608"},
                 {"8m", "8388608"},
                 {"8K", "8192"},
                 {"8k", "8192"},
                 {"100", "100"},
                 {"0", "0"},
                 {"UNLIMITED", "UNLIMITED"},
                 {"8G", refused},
                 {"8MB", refused},
                 {"M", refused},
                 {"1.5M", refused},
                 {"-1", refused},
                 {"9223372036854775807", "9223372036854775807"},
                 {"9223372036854775807K", refused},
                 {"8796093022207M", "9223372036853727232"},
                 {"8796093022208M", refused}});
  check("rlimit_cpu", {{"10", "10"}, {"10K", refused}, {"unlimited", "UNLIMITED"}, {"-1", refused}});
}

TEST_CASE("each limit is refused in its own words") {
  CHECK(with("rlimit_as = x").said("Address space limit is invalid: x"));
  CHECK(with("rlimit_cpu = x").said("CPU limit is invalid: x"));
  CHECK(with("rlimit_data = x").said("Data limit is invalid: x"));
  CHECK(with("rlimit_rss = x").said("RSS limit is invalid: x"));
  CHECK(with("rlimit_stack = x").said("Stack limit is invalid: x"));
  CHECK(with("rlimit_files = x").said("Max files limit is invalid: x"));
}

TEST_CASE("user is a name or a number") {
  CHECK(without("user", "user = alice").at("x").settings.user == User{"alice", "alice", 1000, 100});
  CHECK(without("user", "user = 1000").at("x").settings.user == User{"1000", "alice", 1000, 1000});
  CHECK(without("user", "user = 4242").at("x").settings.user == User{"4242", "", 4242, 4242});
  for (const std::string word : {"mallory", "4294967295", "4294967296", "-1", "+5", "0x0", "Alice"})
    CHECK(without("user", "user = " + word).said("Unknown user: " + word));
}

TEST_CASE("digits are a uid even where a user has that name") {
  World w;
  w.names.users.push_back({"0", 77, 77});
  w.read(entry("x",
               "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\nserver = /bin/server\nuser = 0"));
  CHECK(w.at("x").settings.user->uid == 0);
}

TEST_CASE("group is a name or a number") {
  CHECK(with("group = audio").at("x").settings.group == Group{"audio", 29});
  CHECK(with("group = 4242").at("x").settings.group == Group{"4242", 4242});
  for (const std::string word : {"nogroup", "4294967295", "-1", "4294967296"})
    CHECK(with("group = " + word).said("Unknown group: " + word));
}

TEST_CASE("socket types and protocols are words of their tables") {
  CHECK(without("socket_type", "socket_type = rdm").said("Bad socket type: rdm"));
  CHECK(without("socket_type", "socket_type = steam").finding("Bad socket")->suggestion ==
        "did you mean 'stream'?");
  CHECK(without("socket_type", "socket_type = bogus\nsocket_type = stream").refused("x"));
  CHECK(with("protocol = tcp").up("x"));
  CHECK(with("protocol = ipx").said("Protocol ipx not in /etc/protocols"));
}

TEST_CASE("the server must be an executable file") {
  World w;
  w.files.texts["/etc/motd"] = "";
  w.files.directories.insert("/bin");
  const auto with_server = [&](const std::string& path) -> World& {
    return w.read(entry(
        "x", "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\nuser = root\nserver = " + path));
  };
  CHECK(with_server("/bin/server").up("x"));
  CHECK(with_server("/bin/none").said("Server /bin/none is not executable: stat"));
  CHECK(with_server("/etc/motd").said("Server /etc/motd is not executable: its mode does not allow it"));
  CHECK(with_server("/bin").said("Server /bin is not executable: it is a directory"));
  CHECK(w.refused("x"));
}

TEST_CASE("flags and types are sets of words that are known") {
  CHECK(value("flags", "flags = SENSOR reuse") == "REUSE SENSOR");
  CHECK(with("flags = REUSE DISABLE").said("Bad service flag: DISABLE"));
  CHECK(with("flags = NODELY").finding("Bad service flag")->suggestion == "did you mean 'NODELAY'?");
  CHECK(with("flags = REUSE\nflags = IPv4").said("attribute already set: flags"));
  CHECK(without("type", "type = UNLISTED unlisted").up("x"));
  CHECK(without("type", "type = LISTED").refused("x"));
  CHECK(without("type", "type =").refused("x"));
  const World special(
      entry("echo", "type = SPECIAL\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server"));
  CHECK(special.up("echo"));
  CHECK_FALSE(special.at("echo").settings.type);
}

TEST_CASE("rpc numbers and version ranges are checked") {
  const std::string rpc = "type = RPC\nsocket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\n";
  const auto versions = [&](const std::string& word) {
    const World w(entry("rstatd", rpc + "rpc_version = " + word));
    return w.up("rstatd") ? find_attribute("rpc_version")->print(w.at("rstatd").settings)
                          : std::string(refused);
  };
  CHECK(versions("2") == "2");
  CHECK(versions("2-4") == "2-4");
  CHECK(versions("3-3") == "3");
  for (const std::string word : {"4-2", "x", "1-", "-1", "1-2-3", "4294967296"})
    CHECK(versions(word) == refused);
  CHECK(with("rpc_number = 100001").at("x").settings.rpc_number == 100001u);
  CHECK(with("rpc_number = -1").said("rpc_number is invalid: -1"));
}

TEST_CASE("deny_time takes minutes, FOREVER or NEVER") {
  check("deny_time", {{"forever", "-1"},
                      {"NEVER", "0"},
                      {"60", "60"},
                      {"-1", "-1"},
                      {"-2", refused},
                      {"2147483647", "2147483647"},
                      {"2147483648", refused},
                      {"soon", refused}});
}

TEST_CASE("backlog is a positive number") {
  check("backlog", {{"1", "1"}, {"4096", "4096"}, {"0", refused}, {"-1", refused}, {"2147483648", refused}});
  CHECK(with("backlog = 5").at("x").listen.backlog == 5);
}

TEST_CASE("words are taken as they are") {
  for (const std::string name : {"banner", "banner_success", "banner_fail", "libwrap", "bind"}) {
    const std::string word = name == "bind" ? "127.0.0.1" : "/Some/File#1";
    CHECK(value(name, name + " = " + word) == word);
  }
  CHECK(value("server_args", "server_args = -a \"b c\"") == "-a \"b c\"");
}

TEST_CASE("pass_fds takes its words, belongs to a service, and warns where no server waits") {
  const auto passing = [](const std::string& word, const std::string& wait) {
    return World(entry("x", "type = UNLISTED\nport = 1\nprotocol = tcp\nsocket_type = stream\nuser = root\nserver = /bin/server\n"
                            "wait = " + wait + "\npass_fds = " + word));
  };
  CHECK(passing("SYSTEMD", "yes").at("x").passes_fds());
  CHECK_FALSE(passing("none", "yes").at("x").passes_fds());
  CHECK_FALSE(passing("systemd", "yes").said("pass_fds has no effect"));
  CHECK_FALSE(passing("systemd", "no").at("x").passes_fds());
  CHECK(passing("systemd", "no").said("pass_fds has no effect: service x has no server with wait = yes"));
  CHECK_FALSE(passing("all", "yes").up("x"));
  CHECK(passing("all", "yes").said("Bad choice for pass_fds: all"));
  CHECK(World(defaults("pass_fds = systemd") + service("x", 1)).said("pass_fds"));
}

TEST_CASE("stderr takes its words, also in the defaults, and warns where it does nothing") {
  const std::string log = "log_type = FILE /var/log/x\n";
  CHECK(with("").at("x").error_output() == ErrorOutput::client);
  CHECK(with("stderr = CLIENT").at("x").error_output() == ErrorOutput::client);
  CHECK(with("stderr = discard").at("x").error_output() == ErrorOutput::discard);
  CHECK(with(log + "stderr = log").at("x").error_output() == ErrorOutput::log);
  CHECK(with(log + "stderr = log").log() == "");
  CHECK(World(defaults("stderr = discard") + service("x", 1)).at("x").error_output() == ErrorOutput::discard);
  CHECK(World(defaults("stderr = discard") + service("x", 1, "stderr = client")).at("x").error_output() == ErrorOutput::client);
  CHECK(with("stderr = log").said("Service x: stderr = log writes nothing, as the service has no log"));
  CHECK(with("stderr = both").refused("x"));  // what was not for the peer would go to it
  CHECK(with("stderr = both").said("Bad choice for stderr: both"));
  const std::string echo = entry("echo", "type = INTERNAL UNLISTED\nport = 7\nsocket_type = stream\nwait = no\nstderr = discard");
  CHECK(World(echo).said("stderr has no effect: service echo starts no programs"));
  CHECK_FALSE(World(defaults("stderr = discard") + entry("echo", "type = INTERNAL UNLISTED\nport = 7\nsocket_type = stream\nwait = no")).said("stderr"));
}

TEST_CASE("reload_policy and removed_sessions stand in the defaults alone, and take their words only") {
  const auto in_defaults = [](const std::string& line) { return World(defaults(line) + service("x", 1)); };
  CHECK(in_defaults("reload_policy = STRICT").loaded.config->defaults.reload_policy == ReloadPolicy::strict);
  CHECK(in_defaults("removed_sessions = keep").loaded.config->defaults.removed_sessions == RemovedSessions::keep);
  CHECK(in_defaults("reload_policy = hard").loaded.fatal == Loaded::Fatal::bad_defaults);
  CHECK(in_defaults("removed_sessions = hide").said("Bad choice for removed sessions: hide"));
  CHECK(with("reload_policy = strict").said("reload_policy belongs in the defaults"));
}

TEST_CASE("event_log takes its words, and a service's own comes before that of the defaults") {
  using Kind = EventTarget::Kind;
  const auto of = [](const std::string& line) { return with(line).at("x").settings.event_log; };
  CHECK_FALSE(of(""));
  CHECK(of("event_log = FILE /var/log/events") == EventTarget{Kind::file, "/var/log/events"});
  CHECK(of("event_log = stdout") == EventTarget{Kind::standard_output, ""});
  CHECK(of("event_log = Journal") == EventTarget{Kind::journal, ""});
  const std::string common = defaults("event_log = FILE /var/log/events");
  CHECK(World(common + service("x", 1)).at("x").settings.event_log == EventTarget{Kind::file, "/var/log/events"});
  CHECK(World(common + service("x", 1)).loaded.config->defaults.event_log == EventTarget{Kind::file, "/var/log/events"});
  CHECK(World(common + service("x", 1, "event_log = JOURNAL")).at("x").settings.event_log == EventTarget{Kind::journal, ""});
  CHECK(World(common + service("x", 1, "event_log = NONE")).at("x").settings.event_log == EventTarget{Kind::none, ""});
}

TEST_CASE("a wrong event_log costs the entry, and one value too many the line") {
  for (const std::string value : {"PIPE x", "FILE", "JOURNAL x"}) {
    const World world = with("event_log = " + value);
    CHECK(world.loaded.diagnostics.count(Level::error) == 1);
    CHECK(world.refused("x"));
  }
  CHECK_FALSE(with("event_log = FILE a b").at("x").settings.event_log);
  CHECK(with("event_log = PIPE x").said("Unknown event log: PIPE"));
}

TEST_CASE("A cause of a ban has a number in a time, and exit a status") {
  check("ban_on", {{"refused", "refused"}, {"REFUSED:10/1m", "refused:10/60"}, {"refused:1/1m", "refused"}, {"exit:77", "exit:77"},
                   {"exit:3/2m", "exit:3/120"}, {"exit:0:3/2m", "exit:0:3/120"}, {"penalty:10m", "penalty:600"}, {"sensor", "sensor"},
                   {"signal:2/1 timeout", "signal:2/1 timeout"}, {"refused refused:2/1m", "refused:2/60"}, {"exit exit:1", "exit exit:1"},
                   {"exit:1/2:3", refused}, {"exit:", refused}, {":3/1m", refused}, {"refused:0/1m", refused}, {"penalty:3/1m", refused}});
}

TEST_CASE("The time of bans may grow") {
  check("ban_time", {{"10m", "600"}, {"600 x2 1d", "600 x2 86400"}, {"1h X3 30d", "3600 x3 2592000"}, {"10m x1 1h", "600"},
                     {"0", refused}, {"10m x2", refused}, {"10m x0 1d", refused}, {"10m 2 1d", refused}, {"1d x2 1h", refused}});
}
