// SPDX-License-Identifier: MIT
#include "config/inetd_fixture.hpp"

// Lines of inetd.conf, each beside the entry that says the same (facts B11.1 to B11.13).
using namespace xsuperd;
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
struct Pair {
  const char* what;
  const char* line;
  const char* name;
  const char* entry;
};

#define EXTERNAL "user = nobody\ngroups = yes\nserver = /usr/sbin/in.ftpd\nflags = NAMEINARGS NOLIBWRAP"
#define ARGUMENTS "\nserver_args = in.ftpd -l\n"
#define PLAIN "socket_type = stream\nprotocol = tcp\nwait = no\n"
#define TAIL " nobody /usr/sbin/in.ftpd in.ftpd -l"

constexpr Pair classic[]{
    {"a program", "ftp stream tcp nowait" TAIL, "ftp", PLAIN EXTERNAL ARGUMENTS},
    {"tabs, blanks and a carriage return", "\tftp\t stream\ttcp  nowait" TAIL "\t \r", "ftp", PLAIN EXTERNAL ARGUMENTS},
    {"no argument: argv[0] is the program's name", "ftp stream tcp nowait nobody /usr/sbin/in.ftpd", "ftp",
     PLAIN "user = nobody\ngroups = yes\nserver = /usr/sbin/in.ftpd\nflags = NOLIBWRAP"},
    {"a datagram service", "ntalk dgram udp wait" TAIL, "ntalk",
     "socket_type = dgram\nprotocol = udp\nwait = yes\n" EXTERNAL ARGUMENTS},
    {"a stream service that waits", "ftp stream tcp wait" TAIL, "ftp",
     "socket_type = stream\nprotocol = tcp\nwait = yes\n" EXTERNAL ARGUMENTS},
    {"an internal service", "echo stream tcp nowait root internal", "echo",
     PLAIN "user = root\ngroups = yes\ntype = INTERNAL\nid = echo-stream\nflags = NOLIBWRAP"},
    {"an internal datagram service", "echo dgram udp wait root internal", "echo",
     "socket_type = dgram\nprotocol = udp\nwait = yes\nuser = root\ngroups = yes\ntype = INTERNAL\nid = echo-dgram\nflags = "
     "NOLIBWRAP"},
    {"internal services wait as they must, whatever stands there", "time stream tcp wait root internal", "time",
     PLAIN "user = root\ngroups = yes\ntype = INTERNAL\nid = time-stream\nflags = NOLIBWRAP"},
    {"a port number", "874 stream tcp nowait" TAIL, "874", "type = UNLISTED\nport = 874\n" PLAIN EXTERNAL ARGUMENTS},
    {"an RPC service", "rstatd/1-5 dgram rpc/udp wait" TAIL, "rstatd",
     "type = RPC\nrpc_version = 1-5\nsocket_type = dgram\nprotocol = udp\nwait = yes\n" EXTERNAL ARGUMENTS},
    {"an RPC service by number", "100068/2 stream rpc/tcp wait" TAIL, "100068",
     "type = RPC UNLISTED\nrpc_version = 2\nrpc_number = 100068\nsocket_type = stream\nprotocol = tcp\nwait = yes\n" EXTERNAL
         ARGUMENTS},
    {"a service behind tcpmux", "tcpmux/printer stream tcp nowait" TAIL, "printer",
     "type = TCPMUX UNLISTED\n" PLAIN EXTERNAL ARGUMENTS},
    {"a limit of a service behind tcpmux", "tcpmux/printer stream tcp nowait.40" TAIL, "printer",
     "type = TCPMUX UNLISTED\ncps = 40 600\ncps_window = 60\n" PLAIN EXTERNAL ARGUMENTS},
    {"tcpmux answers for it", "tcpmux/+date stream tcp nowait" TAIL, "date",
     "type = TCPMUXPLUS UNLISTED\n" PLAIN EXTERNAL ARGUMENTS},
    {"tcpmux itself", "tcpmux stream tcp nowait root internal", "tcpmux",
     PLAIN "user = root\ngroups = yes\ntype = INTERNAL\nid = tcpmux-stream\nflags = NOLIBWRAP"},
};

constexpr Pair users[]{
    {"user.group", "ftp stream tcp nowait nobody.tty /usr/sbin/in.ftpd in.ftpd -l", "ftp", PLAIN EXTERNAL ARGUMENTS "group = tty"},
    {"user:group", "ftp stream tcp nowait nobody:tty /usr/sbin/in.ftpd in.ftpd -l", "ftp", PLAIN EXTERNAL ARGUMENTS "group = tty"},
    {"a user with a dot", "ftp stream tcp nowait www.data /bin/sh", "ftp",
     PLAIN "user = www.data\ngroups = yes\nserver = /bin/sh\nflags = NOLIBWRAP"},
    {"a user with a dot and a group", "ftp stream tcp nowait www.data.tty /bin/sh", "ftp",
     PLAIN "user = www.data\ngroup = tty\ngroups = yes\nserver = /bin/sh\nflags = NOLIBWRAP"},
    {"a number nobody has", "ftp stream tcp nowait 4242 /bin/sh", "ftp",
     PLAIN "user = 4242\nserver = /bin/sh\nflags = NOLIBWRAP"},
    {"a number somebody has", "ftp stream tcp nowait 1000:audio /bin/sh", "ftp",
     PLAIN "user = 1000\ngroup = audio\ngroups = yes\nserver = /bin/sh\nflags = NOLIBWRAP"},
    {"FreeBSD's usual login class", "ftp stream tcp nowait nobody:tty/daemon /usr/sbin/in.ftpd in.ftpd -l", "ftp",
     PLAIN EXTERNAL ARGUMENTS "group = tty"},
};

constexpr Pair families[]{
    {"tcp4", "ftp stream tcp4 nowait" TAIL, "ftp", PLAIN EXTERNAL " IPv4" ARGUMENTS},
    {"tcp6", "ftp stream tcp6 nowait" TAIL, "ftp", PLAIN EXTERNAL " IPv6" ARGUMENTS "v6only = yes"},
    {"inetutils: tcp6only", "ftp stream tcp6only nowait" TAIL, "ftp", PLAIN EXTERNAL " IPv6" ARGUMENTS "v6only = yes"},
    {"tcp46", "ftp stream tcp46 nowait" TAIL, "ftp", PLAIN EXTERNAL " IPv6" ARGUMENTS "v6only = no"},
    {"udp4", "ntalk dgram udp4 wait" TAIL, "ntalk",
     "socket_type = dgram\nprotocol = udp\nwait = yes\n" EXTERNAL " IPv4" ARGUMENTS},
    {"rpc/udp6", "rstatd/1 dgram rpc/udp6 wait" TAIL, "rstatd",
     "type = RPC\nrpc_version = 1\nsocket_type = dgram\nprotocol = udp\nwait = yes\n" EXTERNAL " IPv6" ARGUMENTS "v6only = yes"},
};

constexpr Pair limits[]{
    {"so many a minute", "ftp stream tcp nowait.40" TAIL, "ftp", PLAIN EXTERNAL ARGUMENTS "cps = 40 600\ncps_window = 60"},
    {"NetBSD: after a colon", "ftp stream tcp nowait:40" TAIL, "ftp", PLAIN EXTERNAL ARGUMENTS "cps = 40 600\ncps_window = 60"},
    {"wait.N", "ntalk dgram udp wait.7" TAIL, "ntalk",
     "socket_type = dgram\nprotocol = udp\nwait = yes\n" EXTERNAL ARGUMENTS "cps = 7 600\ncps_window = 60"},
    {"FreeBSD: servers at a time", "ftp stream tcp nowait/3" TAIL, "ftp",
     PLAIN EXTERNAL ARGUMENTS "instances = 3\nqueue = 512 1h"},
    {"FreeBSD: 0 is no limit", "ftp stream tcp nowait/0/0/0" TAIL, "ftp",
     PLAIN EXTERNAL ARGUMENTS "instances = UNLIMITED\nper_source_rate = 0 60\nper_source = UNLIMITED"},
    {"FreeBSD: and of an address, a minute and at a time", "ftp stream tcp nowait/3/10/2" TAIL, "ftp",
     PLAIN EXTERNAL ARGUMENTS "instances = 3\nqueue = 512 1h\nper_source_rate = 10 60\nper_source = 2"},
    {"FreeBSD: one server that waits", "ftp stream tcp wait/1/5" TAIL, "ftp",
     "socket_type = stream\nprotocol = tcp\nwait = yes\n" EXTERNAL ARGUMENTS "per_source_rate = 5 60"},
    {"NetBSD: sizes of buffers", "ftp stream tcp4,rcvbuf=64k,sndbuf=1m nowait" TAIL, "ftp",
     PLAIN EXTERNAL " IPv4" ARGUMENTS "receive_buffer = 64K\nsend_buffer = 1M"},
    {"NetBSD: connections accepted at a time", "ftp stream,4 tcp nowait" TAIL, "ftp",
     PLAIN EXTERNAL ARGUMENTS "instances = 4\nqueue = 512 1h"},
    {"NetBSD: 0 is no limit", "ftp stream,0 tcp nowait" TAIL, "ftp", PLAIN EXTERNAL ARGUMENTS "instances = UNLIMITED"},
    {"NetBSD: one server that waits has no queue", "ftp stream,1 tcp wait" TAIL, "ftp",
     "socket_type = stream\nprotocol = tcp\nwait = yes\n" EXTERNAL ARGUMENTS "instances = 1"},
    {"an internal service of datagrams waits, however many are allowed", "daytime dgram,2 udp nowait root internal", "daytime",
     "type = INTERNAL\nid = daytime-dgram\nsocket_type = dgram\nprotocol = udp\nwait = yes\nuser = root\ngroups = yes\n"
     "instances = 2\nflags = NOLIBWRAP"},
    {"no queue behind tcpmux", "tcpmux/+ftp stream tcp nowait/3" TAIL, "ftp",
     "type = TCPMUXPLUS UNLISTED\ninstances = 3\n" PLAIN EXTERNAL ARGUMENTS},
    {"FreeBSD: of an address alone", "ftp stream tcp nowait/0/0/2" TAIL, "ftp",
     PLAIN EXTERNAL ARGUMENTS "instances = UNLIMITED\nper_source_rate = 0 60\nper_source = 2"},
};

constexpr Pair places[]{
    {"an address", "127.0.0.1:ftp stream tcp nowait" TAIL, "ftp", PLAIN EXTERNAL ARGUMENTS "bind = 127.0.0.1"},
    {"all addresses", "*:ftp stream tcp nowait" TAIL, "ftp", PLAIN EXTERNAL ARGUMENTS},
    {"an address and a port", "127.0.0.1:8021 stream tcp nowait" TAIL, "8021",
     "type = UNLISTED\nport = 8021\n" PLAIN EXTERNAL ARGUMENTS "bind = 127.0.0.1"},
    {"IPv6 as busybox writes it", "::1:444 stream tcp6 nowait" TAIL, "444",
     "type = UNLISTED\nport = 444\n" PLAIN EXTERNAL " IPv6" ARGUMENTS "v6only = yes\nbind = ::1"},
    {"IPv6 in brackets", "[::1]:444 stream tcp6 nowait" TAIL, "444",
     "type = UNLISTED\nport = 444\n" PLAIN EXTERNAL " IPv6" ARGUMENTS "v6only = yes\nbind = ::1"},
    {"a name with one address", "www.example.com:ftp stream tcp nowait" TAIL, "ftp",
     PLAIN EXTERNAL ARGUMENTS "bind = 192.0.2.7"},
    {"the address of a name that fits", "two.example.com:ftp stream tcp4 nowait" TAIL, "ftp",
     PLAIN EXTERNAL " IPv4" ARGUMENTS "bind = 192.0.2.8"},
    {"an address for all lines below", "127.0.0.1:\nftp stream tcp nowait" TAIL, "ftp",
     PLAIN EXTERNAL ARGUMENTS "bind = 127.0.0.1"},
    {"until there is another one", "192.0.2.1:\n*:\nftp stream tcp nowait" TAIL, "ftp", PLAIN EXTERNAL ARGUMENTS},
    {"a line's own address counts more", "192.0.2.1:\n127.0.0.1:ftp stream tcp nowait" TAIL, "ftp",
     PLAIN EXTERNAL ARGUMENTS "bind = 127.0.0.1"},
};

#define LOCAL "socket_type = stream\nwait = no\n"
constexpr Pair unix_sockets[]{
    {"a path: its owner alone may connect", "/run/x.sock stream unix nowait" TAIL, "x.sock",
     LOCAL "listen = unix:/run/x.sock\nsocket_mode = 200\n" EXTERNAL ARGUMENTS},
    {"FreeBSD: owner, group and mode", ":nobody:tty:0660:/run/x.sock stream unix nowait" TAIL, "x.sock",
     LOCAL "listen = unix:/run/x.sock\nsocket_owner = nobody\nsocket_group = tty\nsocket_mode = 660\n" EXTERNAL ARGUMENTS},
    {"a path with a colon", ":root:tty:660:/run/a:/b stream unix nowait" TAIL, "b",
     LOCAL "listen = unix:/run/a:/b\nsocket_owner = root\nsocket_group = tty\nsocket_mode = 660\n" EXTERNAL ARGUMENTS},
    {"a server that waits", "/run/x stream unix wait" TAIL, "x",
     "socket_type = stream\nwait = yes\nlisten = unix:/run/x\nsocket_mode = 200\n" EXTERNAL ARGUMENTS},
    {"datagrams", "/run/x dgram unix wait" TAIL, "x",
     "socket_type = dgram\nwait = yes\nlisten = unix:/run/x\nsocket_mode = 200\n" EXTERNAL ARGUMENTS},
    {"packets", "/run/x seqpacket unix nowait" TAIL, "x",
     "socket_type = seqpacket\nwait = no\nlisten = unix:/run/x\nsocket_mode = 200\n" EXTERNAL ARGUMENTS},
    {"limits", "/run/x stream,4 unix,rcvbuf=64k nowait.40" TAIL, "x",
     LOCAL "listen = unix:/run/x\nsocket_mode = 200\nreceive_buffer = 64K\ninstances = 4\nqueue = 512 1h\ncps = 40 600\ncps_window = 60\n" EXTERNAL
         ARGUMENTS},
    {"NetBSD: an address means nothing", "127.0.0.1:/run/x stream unix nowait" TAIL, "x",
     LOCAL "listen = unix:/run/x\nsocket_mode = 200\n" EXTERNAL ARGUMENTS},
    {"nor does one for all lines below", "127.0.0.1:\n/run/x stream unix nowait" TAIL, "x",
     LOCAL "listen = unix:/run/x\nsocket_mode = 200\n" EXTERNAL ARGUMENTS},
    {"tcpd stays, which libwrap would not be asked for", "/run/x stream unix nowait nobody /usr/sbin/tcpd in.ftpd", "x",
     LOCAL "listen = unix:/run/x\nsocket_mode = 200\nuser = nobody\ngroups = yes\nserver = /usr/sbin/tcpd\nflags = NAMEINARGS "
           "NOLIBWRAP\nserver_args = in.ftpd"},
};

constexpr Pair wrapped[]{
    {"tcpd with a path", "ftp stream tcp nowait nobody /usr/sbin/tcpd /usr/sbin/vsftpd -x", "ftp",
     PLAIN "user = nobody\ngroups = yes\nserver = /usr/sbin/vsftpd\nflags = NAMEINARGS\nserver_args = vsftpd -x\nlibwrap = vsftpd"},
    {"tcpd with a name", "ftp stream tcp nowait nobody /usr/sbin/tcpd in.ftpd", "ftp",
     PLAIN "user = nobody\ngroups = yes\nserver = /usr/sbin/in.ftpd\nflags = NAMEINARGS\nserver_args = in.ftpd\nlibwrap = in.ftpd"},
};

template <std::size_t N>
void check(const Pair (&pairs)[N]) {
  for (const Pair& pair : pairs) {
    INFO(pair.what << ": " << pair.line);
    CHECK(difference(pair.line, pair.name, pair.entry) == "");
  }
}
}  // namespace

TEST_CASE("classic lines of inetd.conf are the entries that say the same") { check(classic); }
TEST_CASE("users of inetd.conf may have groups, behind a dot or a colon") { check(users); }
TEST_CASE("digits behind a protocol of inetd.conf choose the family") { check(families); }
TEST_CASE("limits of inetd.conf a minute, at a time and for an address") { check(limits); }
TEST_CASE("lines of inetd.conf may say where to listen") { check(places); }
TEST_CASE("lines of inetd.conf may be for UNIX sockets") { check(unix_sockets); }
TEST_CASE("tcpd in inetd.conf becomes the server, with libwrap asked by us") { check(wrapped); }

TEST_CASE("UNIX sockets of inetd.conf have ids of their own, whatever else the file has") {
  const std::string tail = " nowait nobody /bin/sh sh\n";
  const World w = inetd("/run/a/ftp stream unix" + tail + "/run/b/ftp stream unix" + tail + "/run/c/ftp stream unix" + tail +
                        "/run/d/c/ftp stream unix" + tail + "ftp stream tcp" + tail + "ftp stream tcp6" + tail);
  CHECK(w.log().empty());
  const std::pair<const char*, const char*> expected[]{{"ftp", "unix:/run/a/ftp"},     {"ftp-unix", "unix:/run/b/ftp"},
                                                       {"ftp-c", "unix:/run/c/ftp"},   {"ftp-unix-c", "unix:/run/d/c/ftp"},
                                                       {"ftp-tcp", "tcp:*:21"},        {"ftp-tcp6", "tcp:[::]:21"}};
  for (const auto& [id, place] : expected) {
    INFO(id);
    REQUIRE(w.up(id));
    CHECK(element_text(w.at(id).listen) == place);
    CHECK(w.at(id).places().size() == 1);
  }
}

TEST_CASE("of two lines of inetd.conf for one UNIX socket the first one counts, and an entry with it counts more") {
  const World twice = inetd("/run/x stream unix nowait nobody /bin/sh a\n/run/x dgram unix wait nobody /bin/sh b\n");
  CHECK(twice.at("x").argv == Words{"a"});
  CHECK(twice.refused("x-unix"));
  World w = inetd_world();
  w.read_inetd("/run/x stream unix nowait nobody /bin/sh a\n/run/y stream unix nowait nobody /bin/sh b\n",
               entry("own", "listen = unix:/run/x\nsocket_type = stream\nwait = no\nuser = nobody\nserver = /bin/sh"));
  CHECK(w.up("own"));
  CHECK(w.fate("x") == Fate::superseded);
  CHECK(w.up("y"));
}

TEST_CASE("libwrap is not asked for UNIX sockets of inetd.conf, whatever the options say") {
  Sources sources;
  sources.style = {.wraps = true, .address = "127.0.0.1"};
  const World w = inetd_world().read_inetd("/run/x stream unix nowait nobody /bin/sh\n", "", sources);
  CHECK_FALSE(w.at("x").asks_libwrap());
  CHECK(w.at("x").places().size() == 1);
}

TEST_CASE("taking tcpd's place is told in a note") {
  const World w = inetd("ftp stream tcp nowait nobody /usr/sbin/tcpd in.ftpd\n");
  const Diagnostic* note = w.finding("is started without tcpd");
  REQUIRE(note);
  CHECK(note->level == Level::info);
  CHECK(note->place == Place{inetd_file, 1, 30});
  CHECK(w.at("ftp").asks_libwrap());
  CHECK(w.at("ftp").libwrap_name() == "in.ftpd");
}

TEST_CASE("without libwrap tcpd stays what is started") {
  Sources sources;
  sources.style.replaces_tcpd = false;
  const World w = inetd_world().read_inetd("ftp stream tcp nowait nobody /usr/sbin/tcpd in.ftpd\n", "", sources);
  CHECK(w.at("ftp").settings.server == "/usr/sbin/tcpd");
  CHECK(w.at("ftp").argv == Words{"in.ftpd"});
}

TEST_CASE("tcpd stays where libwrap would not be asked: RPC over tcp") {
  const World w = inetd("rstatd/1 stream rpc/tcp wait nobody /usr/sbin/tcpd in.ftpd\nrusersd/1 dgram rpc/udp wait nobody /usr/sbin/tcpd in.ftpd\n");
  CHECK(w.at("rstatd").settings.server == "/usr/sbin/tcpd");
  CHECK(w.at("rusersd").settings.server == "/usr/sbin/in.ftpd");
  CHECK(w.at("rusersd").asks_libwrap());
}

TEST_CASE("arguments of inetd.conf may stand in quotes, which hold them together") {
  const World w = inetd("ftp stream tcp nowait nobody /bin/sh sh -c \"(cat; sleep 0.5) | cat\" 'a \"b' x\"y '' end\n");
  CHECK(w.at("ftp").argv == Words{"sh", "-c", "(cat; sleep 0.5) | cat", "a \"b", "x\"y", "", "end"});
}

TEST_CASE("a line of inetd.conf goes on where the next one begins with a blank") {
  const World w = inetd("ftp stream tcp nowait nobody /bin/sh sh\n\t-c one\n  two\n# no comment in between\n three\n");
  CHECK(w.at("ftp").argv == Words{"sh", "-c", "one", "two"});
  const World split = inetd("ftp stream tcp\n nowait nobody /bin/sh sh\n");
  CHECK(split.at("ftp").argv == Words{"sh"});
}

TEST_CASE("a line of inetd.conf that begins with a blank and is a service by itself is no continuation") {
  const World w = inetd("ftp stream tcp nowait nobody /bin/sh sh\n telnet stream tcp nowait nobody /bin/sh sh\n");
  CHECK((w.up("ftp") && w.up("telnet")));
  CHECK(w.at("ftp").argv == Words{"sh"});
}

TEST_CASE("comments of inetd.conf, and what Debian has switched off, do not count") {
  const World w = inetd("# ftp stream tcp nowait nobody /bin/sh\n#<off># ftp stream tcp nowait nobody /bin/sh\n\n"
                        "#<disabled>#ftp\n   # x\ntelnet stream tcp nowait nobody /bin/sh sh # argument\n");
  CHECK(w.loaded.config->services.size() == 1);
  CHECK(w.at("telnet").argv == Words{"sh", "#", "argument"});
  CHECK(w.log().empty());
}
