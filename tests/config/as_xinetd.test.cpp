// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"
#include "xsuperd/config/examine.hpp"
#include "xsuperd/config/lint.hpp"

// What xinetd would make of the same files.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

struct Told {
  World world;
  std::vector<Diagnostic> found;

  explicit Told(const std::string& text) {
    world.files.texts["/c"] = "-----BEGIN X-----\n-----END X-----\n";
    world.read(text);
    REQUIRE(world.loaded.config);
    found = lint_as_xinetd(*world.loaded.config, world.files, world.names);
  }
  /// The sentences, one a line.
  [[nodiscard]] std::string all() const {
    std::string text;
    for (const Diagnostic& d : found) text += d.sentence + "\n";
    return text;
  }
  [[nodiscard]] bool says(const std::string& part) const { return all().find(part) != std::string::npos; }
};

/// A plain service with these lines from line 9 on.
std::string x(const std::string& lines) { return service("x", 9000, lines); }

struct Line {
  const char* text;
  const char* sentence;
};
constexpr Line lost[]{
    {"sandbox = basic", "Service x: xinetd ignores sandbox: servers run without it\n"},
    {"capabilities = none", "Service x: xinetd ignores capabilities: servers run without it\n"},
    {"system_calls = @service", "Service x: xinetd ignores system_calls: servers run without it\n"},
    {"no_new_privileges = yes", "Service x: xinetd ignores no_new_privileges: servers run without it\n"},
    {"rlimit_nproc = 9", "Service x: xinetd ignores rlimit_nproc: servers run without it\n"},
    {"tcp_connect = none", "Service x: xinetd ignores tcp_connect: servers run without it\n"},
    {"rate = 5/second", "Service x: xinetd ignores rate: requests are limited by cps alone\n"},
    {"per_source_rate = 5 60", "Service x: xinetd ignores per_source_rate: a source may come as often as it likes\n"},
    {"fleet_per_source = 4", "Service x: xinetd ignores fleet_per_source: each host counts a source by itself\n"},
    {"fleet_rate = 5/minute", "Service x: xinetd ignores fleet_rate: a source may come as often as it likes\n"},
    {"penalty = exit=9s", "Service x: xinetd ignores penalty: failures and refusals cost a source nothing\n"},
    {"ban_on = refused", "Service x: xinetd ignores ban_on: only services with the flag SENSOR record peers\n"},
    {"runtime_max = 1h", "Service x: xinetd ignores runtime_max: servers may run for as long as they like\n"},
    {"idle_timeout = 9", "Service x: xinetd ignores idle_timeout: idle connections stay open\n"},
    {"first_data_timeout = 9", "Service x: xinetd ignores first_data_timeout: peers may send nothing for as long as they like\n"},
    {"proxy_from = 10.0.0.1", "Service x: xinetd ignores proxy_from: servers read the proxy's header, and the proxy is the peer\n"},
    {"real_peer = yes", "Service x: xinetd ignores real_peer: to servers the proxy is the peer\n"},
    {"bind_device = lo", "Service x: xinetd ignores bind_device: peers come in through every interface\n"},
    {"mark = 7", "Service x: xinetd ignores mark: packets have no mark for routing and packet filters\n"},
    {"access_times = 22:00-6:00",
     "Service x: xinetd refuses the entry: to it an interval ends later than it begins, at 23:59 at the latest\n"},
    {"access_times = 8:00-24:00",
     "Service x: xinetd refuses the entry: to it an interval ends later than it begins, at 23:59 at the latest\n"},
    {"max_load = 0", "Service x: xinetd refuses the entry: to it 0 is not a load\n"},
    {"no_access = 10.0.0.0/255.0.0.0",
     "Service x: xinetd does not understand the mask in 10.0.0.0/255.0.0.0, and takes it for a single address\n"},
    {"no_access = 2001:db8::1/128", "Service x: xinetd finds nobody in 2001:db8::1/128, and admits that address\n"},
    {"only_from = 10.0.0.0/8 ::/0",
     "Service x: xinetd admits all IPv4 peers, too: it compares them with ::/0 in their IPv6 form\n"},
    {"tls = yes\ntls_cert = /c", "Service x: xinetd ignores tls: peers are served in plain text\n"},
    {"listen = unix:/run/x", "Service x: xinetd ignores listen, and opens what port and bind say alone\n"},
};

/// What xinetd knows, what lets in more than holds without it, and values that take nothing away.
constexpr const char* kept[]{
    "instances = 3", "only_from = 10.0.0.0/8 2001:db8::/32", "only_from = 10.0.0.0/255.0.0.0", "no_access = 10.0.0.0/8",
    "access_times = 8:00-23:59", "rlimit_as = 1M", "nice = 3", "access_policy = best_match", "limit_exempt = ::1", "ban_exempt = ::1", "queue = 9",
    "sandbox = none", "capabilities = all", "system_calls = all", "no_new_privileges = no", "tcp_connect = any",
    "rlimit_nproc = UNLIMITED", "expand = no", "conn_env = xinetd", "backlog = 5", "linger = 5", "kill_grace = 9",
    "v6only = yes", "max_load = 2.5", "tls = no\ntls_cert = /c", "proxy_timeout = 9", "proxy_from =", "real_peer = no",
};

}  // namespace

TEST_CASE("each line that restricts and that xinetd ignores or reads otherwise is a warning of its own") {
  for (const Line& line : lost) {
    const Told told(x(line.text));
    INFO(line.text);
    CHECK(told.all() == line.sentence);
    REQUIRE(told.found.size() == 1);
    const Diagnostic& d = told.found.front();
    CHECK(d.level == Level::warning);
    CHECK(d.place.file == main_file);
    CHECK(d.place.line == 9);
    CHECK(d.place.column > 0);
    CHECK(d.line_text == std::string_view(line.text).substr(0, std::string_view(line.text).find('\n')));
    CHECK(d.id == "x");
  }
}

TEST_CASE("a target that would get plain text is told of") {
  const std::string relay = "type = UNLISTED\nport = 9000\nsocket_type = stream\nwait = no\nuser = root\nredirect = 192.0.2.1 993\n";
  CHECK(Told(entry("x", relay + "redirect_tls = yes")).all() == "Service x: xinetd ignores redirect_tls: the target gets everything in plain text\n");
}

TEST_CASE("what xinetd reads alike, or more strictly, is not told") {
  for (const char* line : kept) {
    INFO(line);
    CHECK(Told(x(line)).all().empty());
  }
}

TEST_CASE("every attribute that restricts and is not xinetd's is looked at, whatever it is") {
  for (const Attribute& row : attributes()) {
    if (in_xinetd(row) || !restricts(row) || row.xinetd.stricter || row.where == Where::defaults) continue;
    // The example of a row can stand in a file, but not in every entry.
    World world(x(std::string(row.example)));
    if (!world.up("x")) continue;
    // An example of what there would be anyway has nothing to lose.
    const bool said = row.example.substr(row.example.find("= ") + 2) != row.initial;
    const bool concerned = said && (!row.concerns || row.concerns(world.at("x")));
    INFO(row.example);
    CHECK(Told(x(std::string(row.example))).says(std::string("xinetd ignores ") + std::string(row.name)) == concerned);
  }
}

TEST_CASE("the name of an attribute that is ignored is pointed at, and the value of one that is read otherwise") {
  const Told name(x("  sandbox\t= basic"));
  CHECK(name.found.at(0).place.column == 3);
  CHECK(name.found.at(0).width == 7);
  const Told value(x("max_load = 0"));
  CHECK(value.found.at(0).place.column == 12);
  CHECK(value.found.at(0).width == 1);
}

TEST_CASE("a line of the defaults is told once, with the services that it is meant for") {
  const std::string sandbox = defaults("sandbox = basic");
  const Told two(sandbox + service("x", 1) + service("y", 2, "sandbox = none"));
  CHECK(two.all() == "Service x: xinetd ignores sandbox: servers run without it\n");
  CHECK(two.found.at(0).place.line == 3);
  const Told all(sandbox + service("x", 1) + service("y", 2) + entry("echo", "type = INTERNAL\nsocket_type = stream\nwait = no\n"));
  CHECK(all.all() == "Services x and y: xinetd ignores sandbox: servers run without it\n");
  CHECK(all.found.at(0).id.empty());
  std::string many = sandbox;
  for (int i = 1; i <= 14; ++i) many += service("s" + std::to_string(i), i);
  CHECK(Told(many).all() == "Services s1, s2, s3, s4, s5, s6, s7, s8, s9, s10 and 4 more: xinetd ignores sandbox: servers run without it\n");
}

TEST_CASE("what stands in the defaults for the daemon itself is told without a service") {
  CHECK(Told(defaults("reload_policy = strict") + x("")).all() == "xinetd ignores reload_policy: an error in an entry ends its service and its servers\n");
  CHECK(Told(defaults("reload_policy = lenient") + x("")).all().empty());
}

TEST_CASE("xinetd does not apply lists of defaults to entries before them, nor v6only of defaults at all") {
  CHECK(Told(x("") + defaults("only_from = 10.0.0.0/8")).all() ==
        "Service x: xinetd does not apply only_from of defaults to entries that precede them\n");
  CHECK(Told(defaults("only_from = 10.0.0.0/8") + x("")).all().empty());
  CHECK(Told(defaults("v6only = yes") + x("")).all() ==
        "Service x: xinetd does not apply v6only of defaults to sockets, and admits IPv4 peers\n");
}

TEST_CASE("the access lists of a stream server that accepts are nothing to xinetd, unless it intercepts") {
  const std::string waits = "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\nno_access = 10.0.0.1\n";
  CHECK(Told(entry("w", waits)).all() ==
        "Service w: xinetd does not apply no_access to a stream server with wait = yes, which accepts for itself\n");
  CHECK(Told(entry("w", waits + "flags = INTERCEPT\n")).all().empty());
}

TEST_CASE("where xinetd would open what only listen opens is told, or that it would not") {
  const std::string server = "socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\nlisten = unix:/run/x\n";
  CHECK(Told(entry("ftp", server)).all() == "Service ftp: xinetd ignores listen and opens tcp port 21 on all addresses\n");
  CHECK(Told(entry("unheard", server)).all() ==
        "Service unheard: xinetd ignores listen and refuses the entry: /etc/services does not have unheard/tcp\n");
  CHECK(Told(entry("ftp", "type = UNLISTED\n" + server)).all() ==
        "Service ftp: xinetd ignores listen and refuses the entry: the type UNLISTED needs a port\n");
  const std::string bare = "wait = no\nuser = root\nserver = /bin/server\nlisten = tcp:127.0.0.1:21\n";
  CHECK(Told(entry("ftp", bare)).all() ==
        "Service ftp: xinetd ignores listen and refuses the entry, which has neither socket_type nor protocol\n");
  const std::string packets = "socket_type = seqpacket\nwait = no\nuser = root\nserver = /bin/server\nlisten = unix:/run/x\n";
  CHECK(Told(entry("ftp", packets)).all() == "Service ftp: xinetd ignores listen and refuses the entry, which has no protocol\n");
}

TEST_CASE("what restricts the peers of UNIX and vsock sockets is told where there are such") {
  const Told there(x("listen = unix:/run/x vsock:any:9\nonly_uid = root\nonly_gid = users\nonly_cid = 3\nsocket_mode = 600"));
  for (const char* part : {"ignores only_uid: no peer is asked for its user", "ignores only_gid: ", "ignores only_cid: ",
                           "ignores socket_mode, and its restriction is lost"})
    CHECK(there.says(part));
  CHECK_FALSE(Told(x("") + defaults("only_uid = root\nsocket_mode = 600")).says("xinetd ignores"));
}

TEST_CASE("a redirect to a UNIX socket is none to xinetd") {
  const std::string relay = "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nuser = root\nredirect = ";
  CHECK(Told(entry("r", relay + "unix:/run/x\n")).all() == "Service r: xinetd refuses the entry: it knows no redirect to a UNIX socket\n");
  CHECK(Told(entry("r", relay + "192.0.2.1 80\n")).all().empty());
  CHECK(Told(entry("r", relay + "192.0.2.1 80\nredirect_proxy = v2\n")).all() ==
        "Service r: xinetd ignores redirect_proxy: targets get no header, and this host is their peer\n");
  CHECK(Told(entry("r", relay + "192.0.2.1 80\nredirect_proxy = no\n")).all().empty());
}

TEST_CASE("xinetd is only looked at when it is asked for") {
  World w;
  w.files.texts[main_file] = x("sandbox = basic");
  CHECK(examine(w.files, w.names, {.main = main_file}, Abilities{}).warnings == 0);
  const Examined also = examine(w.files, w.names, {.main = main_file}, Abilities{}, Readers::also_xinetd);
  CHECK(also.warnings == 1);
  CHECK(also.findings.at(0).place.line == 9);
}

TEST_CASE("lines of inetd.conf are not compared with what xinetd makes of them") {
  World w;
  w.read_inetd("ftp/4 stream tcp nowait/4/9 root /bin/server server\n");
  REQUIRE(w.loaded.config);
  CHECK(lint_as_xinetd(*w.loaded.config, w.files, w.names).empty());
}
