// SPDX-License-Identifier: MIT
#include "config/inetd_fixture.hpp"

// NetBSD's key-values notation of inetd.conf.
using namespace xsuperd;
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
struct Pair {
  const char* keys;
  const char* line;
};

// Both sides come to the same service.
constexpr Pair pairs[]{
    {"ftp on socktype = stream, protocol = tcp, wait = no, user = nobody, exec = /bin/sh, args = sh -c;",
     "ftp stream tcp nowait nobody /bin/sh sh -c"},
    {"ftp on protocol=tcp4,wait=no,user=nobody,group=tty,exec=/bin/sh;", "ftp stream tcp4 nowait nobody:tty /bin/sh"},
    {"ntalk on protocol = udp, wait = yes, user = nobody, exec = /bin/sh, service_max = 7;",
     "ntalk dgram udp wait.7 nobody /bin/sh"},
    {"ftp on protocol = tcp, bind = 127.0.0.1, wait = no, user = nobody, exec = /bin/sh, accept_max = 3;",
     "127.0.0.1:ftp stream,3 tcp nowait nobody /bin/sh"},
    {"127.0.0.1:8021 on protocol = tcp, wait = no, user = nobody, exec = /bin/sh;", "127.0.0.1:8021 stream tcp nowait nobody /bin/sh"},
    {"ftp on protocol = tcp, wait = no, user = nobody, exec = /bin/sh, accept_max = 0, ip_max = 5, ipsec =;",
     "ftp stream tcp nowait/0/5 nobody /bin/sh"},
    {"rstatd/1-3 on protocol = rpc/udp, socktype = dgram, wait = yes, user = nobody, exec = /bin/sh;",
     "rstatd/1-3 dgram rpc/udp wait nobody /bin/sh"},
    {"ftp on protocol = tcp, recvbuf = 64k, sndbuf = 1m, wait = no, user = nobody, exec = /bin/sh;",
     "ftp stream tcp,rcvbuf=64k,sndbuf=1m nowait nobody /bin/sh"},
    {"/run/x on socktype = stream, protocol = unix, wait = no, user = nobody, exec = /bin/sh;",
     "/run/x stream unix nowait nobody /bin/sh"},
    {":root:tty:660:/run/x on socktype = stream, protocol = unix, bind = ::1, wait = no, user = nobody, exec = /bin/sh;",
     ":root:tty:660:/run/x stream unix nowait nobody /bin/sh"},
    {"ftp on\n# a comment; with a semicolon\n  protocol = tcp, # and another\n\n wait = no,\n\tuser =\n nobody, exec = /bin/sh,\n args "
     "= sh\n -c 'a;b,c # d'\n;",
     "ftp stream tcp nowait nobody /bin/sh sh -c 'a;b,c # d'"},
};

Service only(const std::string& text) {
  const World w = inetd(text + "\n");
  if (w.loaded.config->services.size() != 1) throw std::runtime_error("not one service:\n" + w.log());
  return *w.loaded.config->services[0];
}
}  // namespace

TEST_CASE("definitions of NetBSD's inetd are what the lines say that mean the same") {
  for (const Pair& pair : pairs) {
    INFO(pair.keys);
    CHECK(same(only(pair.keys), only(pair.line)));
  }
}

TEST_CASE("connections beyond accept_max of NetBSD's inetd wait, and those beyond service_max close the service") {
  const Service most = only("ftp on protocol = tcp, wait = no, user = nobody, exec = /bin/sh, accept_max = 3, service_max = 9;");
  CHECK(most.settings.instances == Limit{3});
  CHECK(most.settings.queue == like_backlog);
  CHECK(most.settings.cps == Rate{.connections = 9, .pause = 600});
  CHECK(most.settings.cps_window == 60u);
  CHECK_FALSE(only("ftp on protocol = tcp, wait = no, user = nobody, exec = /bin/sh, accept_max = 0;").settings.queue.has_value());
  CHECK(only("echo on protocol = tcp, accept_max = 2;").settings.queue == like_backlog);
  CHECK_FALSE(only("echo on protocol = udp, accept_max = 2;").settings.queue.has_value());
}

TEST_CASE("definitions of NetBSD's inetd for internal services need little") {
  const World w = inetd("echo on protocol = tcp;\ndaytime on protocol = udp, exec = internal;\n");
  CHECK(w.at("echo-stream").kind == Kind::internal);
  CHECK_FALSE(w.at("echo-stream").wait);
  CHECK(w.at("daytime-dgram").wait);
}

TEST_CASE("quoted values of NetBSD's inetd have escapes") {
  const World w = inetd(R"(ftp on protocol = tcp, wait = no, user = nobody, exec = /bin/sh, args = "a b" '\x41\n\t\'\"\\' x=y;)");
  CHECK(w.at("ftp").argv == Words{"a b", "A\n\t'\"\\", "x=y"});
}

TEST_CASE("definitions of NetBSD's inetd that are off are checked and not served") {
  const World w = inetd("ftp off protocol = tcp, wait = no, user = bob, exec = /bin/sh;\ntelnet stream tcp nowait nobody /bin/sh\n");
  CHECK(w.fate("ftp") == Fate::disabled);
  CHECK(w.said("Unknown user: bob"));
  CHECK(w.up("telnet"));
}

TEST_CASE("several definitions of NetBSD's inetd may stand on a line, and another notation behind them") {
  const World w = inetd("echo on protocol = tcp; time on protocol = tcp;  ftp stream tcp nowait nobody /bin/sh sh\n");
  CHECK((w.up("echo-stream") && w.up("time-stream")));
  CHECK(w.at("ftp").argv == Words{"sh"});
  CHECK(w.at("ftp").place.column == 50);
}

TEST_CASE("faults in definitions of NetBSD's inetd are told with their places") {
  CHECK(fault("ftp on protocol = tcp, bogus = 1;") == "24 unknown key bogus");
  CHECK(fault("ftp on protocol tcp;") == "8 expected '=' after protocol");
  CHECK(fault("ftp on = tcp;") == "8 expected a key");
  CHECK(fault("ftp on protocol = tcp udp;") == "8 protocol takes one value");
  CHECK(fault("ftp on protocol = tcp, user = nobody, exec = /bin/sh;") == "1 the definition has no wait");
  CHECK(fault("ftp on protocol = tcp, wait = no, exec = /bin/sh;") == "1 the definition has no user");
  CHECK(fault("ftp on wait = maybe;") == "15 Bad value for wait: maybe: expected 'yes' or 'no'");
  CHECK(fault("ftp on acceptfilter = x;") == "8 acceptfilter cannot be set");
  CHECK(fault("ftp on protocol = tcp, recvbuf = 64q, wait = no, user = nobody, exec = /bin/sh;") == "34 receive_buffer is invalid: 64q");
  CHECK(fault("ftp on ipsec = 'in ipsec esp';") == "8 ipsec cannot be set");
  CHECK(fault("127.0.0.1:ftp on bind = ::1;") == "25 there is already an address before the service");
  CHECK(fault("ftp on user = 'nobody;") == "15 the closing quotation mark is missing");
  CHECK(fault("ftp on user = 'a\\q';") == "17 a backslash must be followed by another one, n, t, r, a quotation mark or xHH");
  CHECK(fault("ftp on user = 'a\\x0g';").starts_with("17 a backslash must be followed by another one"));
  CHECK(fault("ftp on user = 'a\\").starts_with("17 a backslash must be followed by another one"));
  CHECK(fault("ftp on protocol = tcp") == "1 the definition of ftp does not end in a semicolon");
  CHECK(fault("ftp on") == "1 the definition of ftp does not end in a semicolon");
  CHECK(fault("ftp on protocol = tcp, wait = no, user = nobody, exec = /bin/sh, ip_max = x;") == "75 'x' is not a number");
}

TEST_CASE("a fault in a definition of NetBSD's inetd costs that definition alone") {
  const World w = inetd("ftp on user = 'a;b' ! ; telnet stream tcp nowait nobody /bin/sh\nhttp on wait maybe ';' ; echo on protocol = tcp;\n");
  CHECK(w.refused("ftp"));
  CHECK(w.refused("http"));
  CHECK(w.up("telnet"));
  CHECK(w.up("echo-stream"));
  CHECK(w.loaded.unclear_files.empty());
}

TEST_CASE("a definition of NetBSD's inetd without an end makes the file unclear") {
  const World w = inetd("ftp on protocol = tcp\ntelnet stream tcp nowait nobody /bin/sh\n");
  CHECK(w.refused("ftp"));
  CHECK(w.loaded.unclear_files == std::vector<std::string>{inetd_file});
}
