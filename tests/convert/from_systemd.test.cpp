// SPDX-License-Identifier: MIT
#include "convert/fixture.hpp"

// From units to entries of xinetd.conf.
using namespace xsuperd;
using namespace xsuperd::convert;
using namespace xsuperd::convert::test;

namespace {

const std::string server = "StandardInput=socket\nExecStart=/bin/server\n";
const std::string listens = "ListenStream=9000\n";

struct Row {
  const char* what;
  const char* socket;
  const char* service;
  const char* expected;  ///< "NAME = VALUES", or "!NAME" for an attribute that must not be there
};

constexpr Row rows[]{
    {"a port", "", "", "port = 9000"},
    {"the protocol", "", "", "protocol = tcp"},
    {"Accept=yes", "", "", "wait = no"},
    {"the usual number of connections", "", "", "instances = 64"},
    {"no family", "", "", "!v6only"},
    {"MaxConnections", "MaxConnections=7", "", "instances = 7"},
    {"endless connections", "MaxConnections=4294967295", "", "instances = UNLIMITED"},
    {"MaxConnectionsPerSource", "MaxConnectionsPerSource=2", "", "per_source = 2"},
    {"Backlog", "Backlog=5", "", "backlog = 5"},
    {"BindIPv6Only", "BindIPv6Only=ipv6-only", "", "v6only = yes"},
    {"BindIPv6Only as a boolean", "BindIPv6Only=yes", "", "v6only = yes"},
    {"both families", "BindIPv6Only=both", "", "v6only = no"},
    {"an option", "NoDelay=yes", "", "flags = IPv6 NODELAY NOLIBWRAP NAMEINARGS"},
    {"more options", "KeepAlive=on\nSELinuxContextFromNet=1", "", "flags = IPv6 KEEPALIVE LABELED NOLIBWRAP NAMEINARGS"},
    {"times of KeepAlive", "KeepAlive=yes\nKeepAliveTimeSec=1min\nKeepAliveIntervalSec=10\nKeepAliveProbes=6", "",
     "keepalive = 60 10 6"},
    {"one of them: the others are the kernel's", "KeepAlive=yes\nKeepAliveTimeSec=60", "", "keepalive = 60 75 9"},
    {"times without KeepAlive", "KeepAliveTimeSec=60", "", "!keepalive"},
    {"DeferAcceptSec", "DeferAcceptSec=2min", "", "defer_accept = 120"},
    {"no DeferAcceptSec", "DeferAcceptSec=0", "", "!defer_accept"},
    {"ReceiveBuffer", "ReceiveBuffer=64K", "", "receive_buffer = 65536"},
    {"SendBuffer", "SendBuffer=1M", "", "send_buffer = 1048576"},
    {"IPTOS", "IPTOS=low-cost", "", "tos = mincost"},
    {"IPTOS as a number", "IPTOS=184", "", "tos = 184"},
    {"Mark", "Mark=7", "", "mark = 7"},
    {"no Mark", "Mark=-1", "", "!mark"},
    {"BindToDevice", "BindToDevice=eth0", "", "bind_device = eth0"},
    {"no BindToDevice", "BindToDevice=*", "", "!bind_device"},
    {"FreeBind", "FreeBind=yes", "", "freebind = yes"},
    {"no FreeBind", "FreeBind=no", "", "!freebind"},
    {"multipath TCP", "SocketProtocol=mptcp", "", "mptcp = yes"},
    {"which is TCP", "SocketProtocol=mptcp", "", "protocol = tcp"},
    {"a mode of no file", "SocketMode=0600\nSocketUser=root\nDirectoryMode=0700", "", "!socket_mode"},
    {"the usual rate", "", "", "cps = 200 10"},
    {"its window", "", "", "cps_window = 2"},
    {"one of two rates", "PollLimitIntervalSec=5s\nPollLimitBurst=30\nTriggerLimitBurst=20", "", "cps = 20 10"},
    {"the window of the other", "PollLimitIntervalSec=5s\nPollLimitBurst=30\nTriggerLimitBurst=20", "",
     "cps_window = 5"},
    {"no rate where TriggerLimit closes the socket before", "PollLimitIntervalSec=5s\nPollLimitBurst=30\nTriggerLimitBurst=20", "",
     "!rate"},
    {"nor where it does so after a longer time", "PollLimitIntervalSec=1s\nPollLimitBurst=9\nTriggerLimitIntervalSec=1min", "", "!rate"},
    {"nor where parts of a second add up to more", "PollLimitIntervalSec=100ms\nPollLimitBurst=100", "", "!rate"},
    {"no TriggerLimit beside PollLimit", "TriggerLimitBurst=0\nPollLimitBurst=30", "", "rate = 15/second 30"},
    {"PollLimit", "PollLimitIntervalSec=5s\nPollLimitBurst=30", "", "rate = 6/second 30"},
    {"its queue", "PollLimitIntervalSec=5s\nPollLimitBurst=30", "", "queue = 512 3600"},
    {"no cps beside it", "PollLimitIntervalSec=5s\nPollLimitBurst=30", "", "cps = 0 0"},
    {"the usual PollLimitBurst", "PollLimitIntervalSec=2s", "", "rate = 75/second 150"},
    {"PollLimit in a part of a second", "PollLimitIntervalSec=200ms\nPollLimitBurst=3", "", "rate = 15/second 3"},
    {"PollLimit in a minute", "PollLimitIntervalSec=1min\nPollLimitBurst=7", "", "rate = 7/minute 7"},
    {"PollLimit in a week", "PollLimitIntervalSec=1w\nPollLimitBurst=7", "", "rate = 1/day 7"},
    {"PollLimit for which no period fits", "PollLimitIntervalSec=7s\nPollLimitBurst=2", "", "!rate"},
    {"which is a window", "PollLimitIntervalSec=7s\nPollLimitBurst=2", "", "cps_window = 7"},
    {"no PollLimit", "PollLimitIntervalSec=0", "", "cps = 200 10"},
    {"a PollLimit that nobody has written", "", "", "!rate"},
    {"and no queue", "", "", "!queue"},
    {"TriggerLimit", "TriggerLimitIntervalSec=1s\nTriggerLimitBurst=9", "", "cps = 9 10"},
    {"no limit", "TriggerLimitIntervalSec=0", "", "cps = 0 0"},
    {"all but some", "IPAddressDeny=any\nIPAddressAllow=localhost 192.0.2.0/24", "",
     "only_from = 127.0.0.0/8 ::1 192.0.2.0/24"},
    {"some", "IPAddressDeny=192.0.2.0/24", "", "no_access = 192.0.2.0/24"},
    {"some but others", "IPAddressDeny=192.0.2.0/31\nIPAddressAllow=192.0.2.1", "", "no_access = 192.0.2.0"},
    {"allowing alone", "IPAddressAllow=192.0.2.1", "", "!only_from"},
    {"root", "", "", "user = root"},
    {"User", "", "User=alice", "user = alice"},
    {"its groups", "", "User=alice", "groups = yes"},
    {"Group", "", "User=alice\nGroup=audio", "group = audio"},
    {"UMask", "", "UMask=0027", "umask = 0027"},
    {"Nice", "", "Nice=-5", "nice = -5"},
    {"LimitNOFILE", "", "LimitNOFILE=64", "rlimit_files = 64"},
    {"LimitAS", "", "LimitAS=8M", "rlimit_as = 8388608"},
    {"LimitCPU", "", "LimitCPU=1min 30s", "rlimit_cpu = 90"},
    {"no limit of stack", "", "LimitSTACK=infinity", "rlimit_stack = UNLIMITED"},
    {"RuntimeMaxSec", "", "RuntimeMaxSec=1h", "runtime_max = 3600"},
    {"a part of a second of it", "", "RuntimeMaxSec=1500ms", "runtime_max = 2"},
    {"endless RuntimeMaxSec", "", "RuntimeMaxSec=infinity", "!runtime_max"},
    {"RuntimeMaxSec that has no effect", "", "RuntimeMaxSec=5\nType=oneshot", "!runtime_max"},
    {"the usual TimeoutStopSec", "", "RuntimeMaxSec=5", "kill_grace = 90"},
    {"TimeoutStopSec", "", "RuntimeMaxSec=5\nTimeoutStopSec=7", "kill_grace = 7"},
    {"TimeoutSec", "", "RuntimeMaxSec=5\nTimeoutSec=8", "kill_grace = 8"},
    {"Environment", "", "Environment=A=1 \"B=2\"\nEnvironment=C=%%", "env = A=1 B=2 C=%"},
    {"PassEnvironment", "", "PassEnvironment=TZ LANG", "passenv = PATH LANG TZ"},
    {"no PassEnvironment", "", "", "passenv = PATH LANG"},
    {"variables that are taken back", "", "Environment=A=1 B=2 C=3\nUnsetEnvironment=A B=2 C=2 LANG", "env = C=3"},
    {"one of the manager that is taken back", "", "UnsetEnvironment=LANG", "passenv = PATH"},
    {"a variable that replaces the manager's", "", "Environment=PATH=/x", "passenv = LANG"},
    {"a variable that is set twice", "", "Environment=A=1 B=2\nEnvironment=A=3", "env = B=2 A=3"},
    {"groups of words in a variable", "", "Environment=\"A=-a 'b'\"\nExecStart=\nExecStart=/bin/server $A",
     "server_args = /bin/server -a b"},
    {"specifiers", "", "ExecStart=\nExecStart=/bin/server %h %t %S %u %U %T %p %j", "server_args = /bin/server /root /run "
     "/var/lib root 0 /tmp x x"},
    {"a prefix for old kernels", "", "ExecStart=\nExecStart=!!/bin/server", "server = /bin/server"},
    {"arguments", "", "ExecStart=\nExecStart=-/bin/server -a \"b\" 'c\\\\'d %% $$x %p",
     "server_args = /bin/server -a b c\\d % $x x"},
    {"argv[0]", "", "ExecStart=\nExecStart=-@/bin/server name -a", "server_args = name -a"},
    {"the whole path as argv[0]", "", "", "server_args = /bin/server"},
    {"the last part of the path as argv[0]", "", "ExecStart=\nExecStart=@/bin/server server -a", "server_args = -a"},
    {"its flag", "", "ExecStart=\nExecStart=@/bin/server name", "flags = IPv6 NOLIBWRAP NAMEINARGS"},
    {"variables", "", "Environment=A=1 N=x\nExecStart=\nExecStart=/bin/server ${A}b $N", "server_args = /bin/server 1b x"},
    {"no variables", "", "ExecStart=\nExecStart=:/bin/server $A", "server_args = /bin/server $A"},
    {"a quoted semicolon", "", "ExecStart=\nExecStart=/bin/server \";\" \\;", "server_args = /bin/server ; ;"},
};

/// The values of an attribute in the text of an entry, as "NAME = VALUES"; "!NAME" when it is not there.
std::string attribute(const std::string& entry, const std::string& name) {
  const std::size_t at = entry.find("\n\t" + name + " ");
  if (at == std::string::npos) return "!" + name;
  const std::size_t equals = entry.find('=', at);
  return name + " " + entry.substr(equals, entry.find('\n', equals) - equals);
}

struct Gap {
  const char* socket;
  const char* service;
  const char* finding;  ///< lines of the socket begin with 4, those of the service with 4, too
};
constexpr Gap gaps[]{
    {"ListenStream=run/x", "", "g /u/x.socket:4 ListenStream=run/x is not converted: services cannot listen there"},
    {"ListenStream=/run/a b", "", "g /u/x.socket:4 ListenStream=/run/a b is not converted"},
    {"ListenDatagram=vsock:2:3", "", "g /u/x.socket:4 ListenDatagram=vsock:2:3 is not converted"},
    {"ListenStream=vsock:2", "", "g /u/x.socket:4 ListenStream=vsock:2 is not converted"},
    {"ReceiveBuffer=100", "", "g /u/x.socket:4 ReceiveBuffer=100 is not converted"},
    {"ListenStream=/run/x\nDirectoryMode=0700", "", "g /u/x.socket:5 [Socket] DirectoryMode=0700 has no equivalent"},
    {"ListenStream=/run/x\nSocketUser=nobody", "", "g /u/x.socket:5 SocketUser=nobody would also set the group"},
    {"ListenStream=/run/x\nIPAddressDeny=any", "", "g /u/x.socket:5 only_from: peers that do not come over IP"},
    {"DeferAcceptSec=soon", "", "e /u/x.socket:4 DeferAcceptSec=soon has no value"},
    {"KeepAliveProbes=many", "", "e /u/x.socket:4 KeepAliveProbes=many has no value"},
    {"SendBuffer=lots", "", "e /u/x.socket:4 SendBuffer=lots has no value"},
    {"IPTOS=fast", "", "e /u/x.socket:4 IPTOS=fast has no value"},
    {"Mark=lots", "", "e /u/x.socket:3 the entry made of it would be refused: mark"},
    {"ListenStream=/run/x\nSocketMode=999", "", "e /u/x.socket:3 the entry made of it would be refused: socket_mode"},
    {"ListenFIFO=/run/x", "", "g /u/x.socket:4 ListenFIFO"},
    {"ListenNetlink=route", "", "g /u/x.socket:4 ListenNetlink"},
    {"IPTTL=1", "", "g /u/x.socket:4 [Socket] IPTTL=1 has no equivalent"},
    {"Nonsense=1", "", "g /u/x.socket:4 [Socket] Nonsense=1 has no equivalent"},
    {"MaxConnections=many", "", "e /u/x.socket:4 MaxConnections=many has no value"},
    {"NoDelay=perhaps", "", "e /u/x.socket:4 NoDelay=perhaps has no value"},
    {"IPAddressDeny=host", "", "e /u/x.socket:4 IPAddressDeny=host has no value"},
    {"[Unit]\nAfter=network.target", "", "g /u/x.socket:5 [Unit] After=network.target has no equivalent"},
    {"", "ProtectClock=yes", "g /u/x@.service:4 [Service] ProtectClock=yes has no equivalent"},
    {"", "ProtectSystem=strict", "n /u/x@.service:4 ProtectSystem=strict is read_only_paths = / here: /dev, /proc and /sys are read-only, too"},
    {"", "ProtectSystem=full", "n /u/x@.service:4 ProtectSystem=full is read_only_paths = /usr /etc here, of what exists on this machine"},
    {"", "ProtectHome=tmpfs", "n /u/x@.service:4 ProtectHome=tmpfs is inaccessible_paths here: they cannot be listed either"},
    {"", "PrivateUsers=yes", "n /u/x@.service:4 PrivateUsers=yes: root of the namespace is a user id of its own outside"},
    {"", "DynamicUser=yes",
     "n /u/x@.service:4 DynamicUser=yes is read_only_paths = / here, and dynamic_user, a user id for each connection, with no_new_privileges, private_tmp and private_ipc"},
    {"", "DynamicUser=yes\nReadWritePaths=/srv", "g /u/x@.service:4 DynamicUser=yes: it kept servers from making files that are set-user-ID"},
    {"", "EnvironmentFile=/etc/x", "g /u/x@.service:4 EnvironmentFile=/etc/x: it cannot be read"},
    {"", "Environment=\"A=b c\"", "g /u/x@.service:4 Environment=\"A=b c\" is not converted"},
    {"", "StandardError=journal", "g /u/x@.service:4 StandardError=journal"},
    {"", "Type=notify", "g /u/x@.service:4 Type=notify"},
    {"", "MemoryHigh=5M", "g /u/x@.service:4 [Service] MemoryHigh=5M has no equivalent: it limited what the server may "
                         "use"},
    {"PollLimitBurst=9", "", "n /u/x.socket:4 rate: further connections wait in the daemon, up to 512"},
    {"PollLimitIntervalSec=soon", "", "e /u/x.socket:4 PollLimitIntervalSec=soon has no value"},
    {"", "RuntimeMaxSec=1.5", "n /u/x@.service:4 RuntimeMaxSec=1.5: runtime_max takes whole seconds; it is 2"},
    {"", "RuntimeMaxSec=0", "g /u/x@.service:4 RuntimeMaxSec=0 is not converted"},
    {"", "RuntimeMaxSec=31d", "g /u/x@.service:4 RuntimeMaxSec=31d is not converted: runtime_max takes 1 s to 30 days"},
    {"", "RuntimeMaxSec=soon", "e /u/x@.service:4 RuntimeMaxSec=soon has no value"},
    {"", "RuntimeMaxSec=5\nType=oneshot", "n /u/x@.service:4 RuntimeMaxSec=5 is not converted: it has no effect"},
    {"", "RuntimeMaxSec=5\nRuntimeRandomizedExtraSec=9", "g /u/x@.service:5 RuntimeRandomizedExtraSec=9: here, every session has"},
    {"", "RuntimeMaxSec=5\nTimeoutStopSec=2h", "g /u/x@.service:5 TimeoutStopSec=2h: here, a server gets SIGKILL 3600 s after"},
    {"", "RuntimeMaxSec=5\nTimeoutStopSec=soon", "e /u/x@.service:5 TimeoutStopSec=soon has no value"},
    {"", "TimeoutStopSec=7", "g /u/x@.service:4 [Service] TimeoutStopSec=7 has no equivalent"},
    {"", "LimitAS=1M:2M", "g /u/x@.service:4 LimitAS=1M:2M"},
    {"", "LimitAS=lots", "e /u/x@.service:4 LimitAS=lots"},
    {"", "UMask=999", "e /u/x.socket:3 the entry made of it would be refused: umask"},
    {"", "Restart=always", "g /u/x@.service:4 Restart=always"},
    {"", "User=%i", "g /u/x@.service:4 User=%i"},
    {"", "garbage", "e /u/x@.service:4 a line of a unit"},
};

}  // namespace

TEST_CASE("directives of units become attributes of xinetd.conf") {
  for (const Row& row : rows) {
    const Conversion c = entries_of(listens + row.socket + "\n", server + row.service + "\n");
    const std::string entry = text(c, "x");
    INFO(row.what << "\n" << entry << report(c));
    const std::string expected = row.expected;
    const std::string name = expected[0] == '!' ? expected.substr(1) : expected.substr(0, expected.find(' '));
    CHECK(attribute(entry, name) == expected);
    CHECK_FALSE(c.has(Weight::error));
    CHECK_FALSE(c.has(Weight::loss));
  }
}

TEST_CASE("directives without an equal are reported with their lines") {
  for (const Gap& gap : gaps) {
    const Conversion c = entries_of(listens + gap.socket + "\n", server + gap.service + "\n");
    INFO(gap.socket << gap.service << "\n" << report(c));
    CHECK(reported(c, gap.finding));
  }
}

TEST_CASE("a server that would not run as it did is written disabled") {
  struct Case {
    std::string service;
    bool accept;
  };
  const Case all[]{{"ExecStart=/bin/server\n", true},
                   {"StandardInput=socket\n", true},
                   {"StandardInput=socket\nExecStart=/bin/server %i\n", true},
                   {"StandardInput=socket\nExecStart=/bin/server $UNSET\n", true},
                   {"StandardInput=socket\nExecStart=/bin/server \"a b\"\n", true},
                   {"StandardInput=socket\nExecStart=+/bin/server\n", true},
                   {"StandardInput=socket\nExecStart=!/bin/server\n", true},
                   {"StandardInput=socket\nExecStart=|/bin/server\n", true},
                   {"StandardInput=socket\nExecStart=@/bin/server\n", true},
                   {"StandardInput=socket\nExecStart=server\n", true},
                   {"StandardInput=socket\nExecStart=/bin/server ; /bin/server\n", true},
                   {"StandardInput=socket\nExecStart=/bin/server\nType=forking\n", false}};
  for (const Case& one : all) {
    const Conversion c = entries_of(listens, one.service, one.accept);
    INFO(one.service << text(c, "x") << report(c));
    CHECK(has_line(text(c, "x"), "\tdisable         = yes"));
    CHECK(text(c, "x").find("# Disabled: ") != std::string::npos);
    CHECK((c.has(Weight::loss) || c.has(Weight::error)));
  }
}

TEST_CASE("all sockets of one type are one entry") {
  const Conversion c = entries_of("ListenStream=192.0.2.1:79\nListenStream=[::1]:79\nListenStream=80\nListenStream=0.0.0.0:81\n"
                                  "ListenStream=/run/x.sock\nListenStream=@x\nListenStream=vsock:2:1234\nListenStream=vsock::99\n",
                                  server);
  const std::string entry = text(c, "x");
  INFO(entry << report(c));
  CHECK(names(c) == "x");
  CHECK(attribute(entry, "listen") == "listen = tcp:192.0.2.1:79 tcp:[::1]:79 tcp:*:80 tcp:0.0.0.0:81 unix:/run/x.sock unix:@x "
                                      "vsock:2:1234 vsock:any:99");
  CHECK(attribute(entry, "flags") == "flags = IPv6 NOLIBWRAP NAMEINARGS");
  for (const char* none : {"port", "bind", "type", "protocol", "disable"}) CHECK(attribute(entry, none) == std::string("!") + none);
  CHECK_FALSE(c.has(Weight::loss));
  CHECK_FALSE(c.has(Weight::error));
}

TEST_CASE("sockets of several types are an entry for each type, and have ids of their own") {
  const Conversion c = entries_of("ListenDatagram=70\nListenStream=70\nListenSequentialPacket=/run/x\nListenDatagram=/run/d\n", server);
  CHECK(names(c) == "x x-dgram x-seqpacket");
  CHECK(attribute(text(c, "x"), "port") == "port = 70");
  CHECK(attribute(text(c, "x-dgram"), "listen") == "listen = udp:*:70 unix:/run/d");
  CHECK(attribute(text(c, "x-dgram"), "id") == "id = x-dgram");
  CHECK(attribute(text(c, "x-seqpacket"), "listen") == "listen = unix:/run/x");
  CHECK(attribute(text(c, "x-seqpacket"), "socket_type") == "socket_type = seqpacket");
  CHECK(attribute(text(c, "x-seqpacket"), "flags") == "flags = NOLIBWRAP NAMEINARGS");
  CHECK(attribute(text(c, "x-seqpacket"), "disable") == "!disable");
  const Conversion waiting = entries_of("ListenStream=1\nListenDatagram=1\n", server, false);
  CHECK(has_line(text(waiting, "x"), "\tdisable         = yes"));
  CHECK(reported(waiting, "g /u/x.socket:2 a server without Accept=yes gets one socket"));
  CHECK(reported(entries_of("ListenStream=1\nListenStream=2\n", server, false), "g /u/x.socket:2 a server without Accept=yes"));
}

TEST_CASE("protocols that listen has no word for have an entry for each socket") {
  const Conversion c = entries_of("ListenStream=1\nListenStream=2\nListenStream=/run/x\nSocketProtocol=sctp\n", server);
  CHECK(names(c) == "x x-2 x-3");
  CHECK(attribute(text(c, "x-2"), "protocol") == "protocol = sctp");
  CHECK(attribute(text(c, "x-3"), "listen") == "listen = unix:/run/x");
}

TEST_CASE("a socket with a path has an owner, a group and a mode, and no options of IP") {
  const std::string listens_there = "ListenStream=/run/x.sock\nSocketMode=0660\nSocketUser=alice\n";
  const Conversion c = entries_of(listens_there + "SocketGroup=audio\nNoDelay=yes\nKeepAlive=yes\nIPTOS=4\nFreeBind=yes\nDeferAcceptSec=5\n"
                                                  "BindIPv6Only=both\nSocketProtocol=mptcp\nReceiveBuffer=8K\nIPAddressDeny=any\n", server);
  const std::string entry = text(c, "x");
  INFO(entry << report(c));
  CHECK(attribute(entry, "listen") == "listen = unix:/run/x.sock");
  CHECK(attribute(entry, "socket_mode") == "socket_mode = 0660");
  CHECK(attribute(entry, "socket_owner") == "socket_owner = alice");
  CHECK(attribute(entry, "socket_group") == "socket_group = audio");
  CHECK(attribute(entry, "receive_buffer") == "receive_buffer = 8192");
  CHECK(attribute(entry, "flags") == "flags = NOLIBWRAP NAMEINARGS");
  for (const char* none : {"tos", "freebind", "defer_accept", "keepalive", "mptcp", "v6only", "only_from", "disable"})
    CHECK(attribute(entry, none) == std::string("!") + none);
  CHECK_FALSE(c.has(Weight::loss));
  World w = config::test::inetd_world();
  w.files.texts["/etc/passwd"] = "alice:x:1000:100::/home/alice:/bin/sh\n";
  w.files.texts["/u/x.socket"] = "[Socket]\nAccept=yes\n" + listens_there;
  w.files.texts["/u/x@.service"] = "[Service]\n" + server;
  CHECK(attribute(text(systemd_to_xinetd({"/u/x.socket"}, w.files, w.names), "x"), "socket_group") == "socket_group = 100");
}

TEST_CASE("lists of addresses in the service's unit confined a server behind a socket with a path") {
  const Conversion c = entries_of("ListenStream=/run/x.sock\n", server + "IPAddressDeny=any\n");
  CHECK(attribute(text(c, "x"), "only_from") == "!only_from");
  CHECK(attribute(text(c, "x"), "disable") == "disable = yes");
}

TEST_CASE("a server that takes sockets by LISTEN_FDS is passed them, and its entry still has to be looked at") {
  const Conversion c = entries_of("ListenStream=1\n", "ExecStart=/bin/server\n", false);
  CHECK(attribute(text(c, "x"), "pass_fds") == "pass_fds = systemd");
  CHECK(has_line(text(c, "x"), "\tdisable         = yes"));
  CHECK(attribute(text(entries_of("ListenStream=1\n", "ExecStart=/bin/server\n", true), "x"), "pass_fds") == "!pass_fds");
}

TEST_CASE("a server without Accept waits") {
  const Conversion c = entries_of("ListenDatagram=69\n", server, false);
  const std::string entry = text(c, "x");
  CHECK(attribute(entry, "wait") == "wait = yes");
  CHECK(attribute(entry, "socket_type") == "socket_type = dgram");
  CHECK(attribute(entry, "protocol") == "protocol = udp");
  CHECK(attribute(entry, "instances") == "!instances");
  CHECK(attribute(entry, "cps") == "cps = 20 10");
  CHECK(report(c) ==
        "n /u/x.service:0 KillMode= is not given, which is control-group: here, processes that a server leaves behind "
        "keep running\n");
}

TEST_CASE("a relay of systemd's becomes redirect") {
  const Conversion c = entries_of(
      listens, "ExecStart=/usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=5min -c 9 www.example.com:http\n",
      false);
  CHECK(attribute(text(c, "x"), "redirect") == "redirect = www.example.com http");
  CHECK(attribute(text(c, "x"), "instances") == "instances = 9");
  CHECK(attribute(text(c, "x"), "wait") == "wait = no");
  CHECK(attribute(text(c, "x"), "disable") == "!disable");
  // systemd counts the starts of the relay, not its connections.
  CHECK(attribute(text(c, "x"), "cps") == "cps = 0 0");
  const Conversion local = entries_of(listens, "ExecStart=/usr/lib/systemd/systemd-socket-proxyd /run/x\n", false);
  CHECK(attribute(text(local, "x"), "disable") == "disable = yes");
}

TEST_CASE("a server that waits has no rate of ours, but may have a longest time") {
  const Conversion c = entries_of("ListenDatagram=69\nPollLimitIntervalSec=5s\nPollLimitBurst=10\n", server + "RuntimeMaxSec=9\n", false);
  CHECK(attribute(text(c, "x"), "rate") == "!rate");
  CHECK(attribute(text(c, "x"), "queue") == "!queue");
  CHECK(attribute(text(c, "x"), "cps") == "cps = 10 10");
  CHECK(attribute(text(c, "x"), "runtime_max") == "runtime_max = 9");
  CHECK(attribute(text(c, "x"), "disable") == "!disable");
}

TEST_CASE("a server that systemd would never kill is killed after an hour") {
  for (const char* stop : {"TimeoutStopSec=infinity", "TimeoutStopSec=0", "TimeoutStopSec=2h", "TimeoutSec=infinity"}) {
    const Conversion c = entries_of(listens, server + "RuntimeMaxSec=5\n" + stop + "\n");
    INFO(report(c));
    CHECK(attribute(text(c, "x"), "kill_grace") == "kill_grace = 3600");
    CHECK(reported(c, std::string("g /u/x@.service:5 ") + stop + ": here, a server gets SIGKILL"));
    CHECK(attribute(text(c, "x"), "disable") == "!disable");
  }
  CHECK(attribute(text(entries_of(listens, server + "TimeoutStopSec=7\n"), "x"), "kill_grace") == "!kill_grace");
}

TEST_CASE("the longest time of a relay is that of each connection") {
  const Conversion c = entries_of(
      listens, "ExecStart=/usr/lib/systemd/systemd-socket-proxyd www.example.com:http\nRuntimeMaxSec=1min\n", false);
  CHECK(attribute(text(c, "x"), "runtime_max") == "runtime_max = 60");
  CHECK(reported(c, "n /u/x.service:2 runtime_max: here, each connection has its own time"));
  CHECK(attribute(text(c, "x"), "disable") == "!disable");
}

TEST_CASE("the unit that a socket starts is looked for among the files and beside it") {
  World w = config::test::inetd_world();
  w.files.texts["/a/x.socket"] = "[Socket]\nListenStream=1\nAccept=yes\n";
  w.files.texts["/b/x@.service"] = "[Service]\nExecStart=/bin/server b\nStandardInput=socket\n";
  const Conversion missing = systemd_to_xinetd({"/a/x.socket"}, w.files, w.names);
  CHECK(reported(missing, "e /a/x@.service:0 open( /a/x@.service ) failed"));
  CHECK(attribute(text(missing, "x"), "disable") == "disable = yes");
  const Conversion given = systemd_to_xinetd({"/b/x@.service", "/a/x.socket"}, w.files, w.names);
  CHECK(attribute(text(given, "x"), "server_args") == "server_args = /bin/server b");
  w.files.texts["/a/x.socket"] += "Service=other.service\n";
  w.files.texts["/a/other.service"] = "[Service]\nExecStart=/bin/server o\nStandardInput=socket\n";
  CHECK(attribute(text(systemd_to_xinetd({"/a/x.socket"}, w.files, w.names), "x"), "server_args") == "server_args = /bin/server o");
  CHECK(reported(systemd_to_xinetd({"/b/x@.service"}, w.files, w.names), "e /b/x@.service:0 there is no .socket unit"));
}

TEST_CASE("drop-ins of units count, in the order of their names") {
  World w = config::test::inetd_world();
  w.files.texts["/a/x.socket"] = "[Socket]\nListenStream=1\nAccept=yes\nMaxConnections=1\n";
  w.files.texts["/a/x.socket.d/20.conf"] = "[Socket]\nMaxConnections=3\n";
  w.files.texts["/a/x.socket.d/10.conf"] = "[Socket]\nListenStream=\nListenStream=2\nMaxConnections=2\n";
  w.files.texts["/a/x.socket.d/30.off"] = "[Socket]\nMaxConnections=4\n";
  w.files.texts["/a/x@.service"] = "[Service]\n" + server;
  const Conversion c = systemd_to_xinetd({"/a/x.socket"}, w.files, w.names);
  CHECK(names(c) == "x");
  CHECK(attribute(text(c, "x"), "port") == "port = 2");
  CHECK(attribute(text(c, "x"), "instances") == "instances = 3");
}

TEST_CASE("what systemd got from us comes back as it was") {
  const std::string lines =
      "instances = 7\nper_source = 2\nflags = NODELAY NOLIBWRAP\nonly_from = 192.0.2.0/24\nserver_args = -a %h $x "
      "\"y\\ ;\n"
      "env = A=1%\npassenv = PATH LANG\numask = 27\nnice = 3\nrlimit_files = 64\nrlimit_cpu = UNLIMITED\ncps = 9 10\n"
      "v6only = no\nbacklog = 5\n";
  World w = config::test::inetd_world();
  w.names.users.push_back({"server", 7, 7});
  const std::string plain =
      "type = UNLISTED\nport = 9000\nprotocol = tcp\nsocket_type = stream\nwait = no\nuser = server\ngroups = "
      "yes\nserver = /bin/server\n";
  const Conversion there = units_of(w, config::test::entry("x", plain + lines + "flags = IPv6 NODELAY NOLIBWRAP"));
  for (const File& file : there.files) w.files.texts["/u/" + file.name] = file.text;
  const Conversion back = systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
  INFO(report(there) << text(back, "x") << report(back));
  World before = w;
  // systemd sets variables of the user.
  std::string entry = config::test::entry("x", plain + lines);
  entry.replace(entry.find("env = "), 6, "env = USER=server LOGNAME=server ");
  entry.replace(entry.find("NODELAY NOLIBWRAP"), 17, "IPv6 NODELAY NOLIBWRAP");
  before.read(entry);
  World after = w;
  after.read(text(back, "x"));
  REQUIRE(before.up("x"));
  REQUIRE(after.up("x"));
  CHECK(config::dump(before.at("x").settings) == config::dump(after.at("x").settings));
}

TEST_CASE("what systemd got of rates and times comes back as it was") {
  const std::string plain =
      "type = UNLISTED\nport = 9000\nprotocol = tcp\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n"
      "instances = 7\nper_source = 2\nflags = IPv6 NOLIBWRAP\npassenv = PATH LANG\nv6only = no\ncps = 0 0\n"
      "queue = 512 1h\nruntime_max = 1h\nkill_grace = 7\n";
  for (const char* rate : {"10/second", "30/minute 10", "75/second 150", "4/second 3", "1000000/day 5", "7/hour"}) {
    World w = config::test::inetd_world();
    const std::string lines = plain + "rate = " + rate + "\n";
    const Conversion there = units_of(w, config::test::entry("x", lines));
    for (const File& file : there.files) w.files.texts["/u/" + file.name] = file.text;
    const Conversion back = systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
    INFO(report(there) << text(there, "x.socket") << text(there, "x@.service") << text(back, "x") << report(back));
    CHECK_FALSE(back.has(Weight::loss));
    World before = w;
    before.read(config::test::entry("x", lines));
    World after = w;
    after.read(text(back, "x"));
    REQUIRE(before.up("x"));
    REQUIRE(after.up("x"));
    const config::Settings& a = before.at("x").settings;
    const config::Settings& b = after.at("x").settings;
    CHECK(config::dump(a) == config::dump(b));
  }
}

TEST_CASE("what systemd got of listen and of options of sockets comes back as it was") {
  const std::string lines =
      "socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\nserver_args = -a\ncps = 9 10\ninstances = 7\nenv = A=1\n"
      "passenv = PATH LANG\nlisten = tcp:*:9000 tcp:192.0.2.1:21 tcp:[::1]:21 unix:/run/x.sock unix:@x vsock:2:1234 vsock:any:99\n"
      "socket_mode = 660\nsocket_owner = alice\nsocket_group = audio\nkeepalive = 60 10 6\ndefer_accept = 5\nbind_device = eth0\n"
      "freebind = yes\nreceive_buffer = 64K\nsend_buffer = 1M\ntos = ef\nmark = 16\nv6only = no\nflags = IPv6 KEEPALIVE NOLIBWRAP\n";
  World w = config::test::inetd_world();
  const Conversion there = units_of(w, config::test::entry("x", lines));
  for (const File& file : there.files) w.files.texts["/u/" + file.name] = file.text;
  const Conversion back = systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
  INFO(report(there) << text(there, "x.socket") << text(back, "x") << report(back));
  CHECK_FALSE(back.has(Weight::loss));
  World before = w;
  before.read(config::test::entry("x", lines));
  World after = w;
  after.read(text(back, "x"));
  REQUIRE(before.up("x"));
  REQUIRE(after.up("x"));
  CHECK(before.at("x").places() == after.at("x").places());
}

TEST_CASE("bytes of any kind in a unit end in a report") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& text : {all, "ListenStream=" + all, listens + all}) {
    const Conversion c = entries_of(text + "\n", server + "ExecStart=/bin/x " + all + "\n" + all);
    CHECK_FALSE(c.findings.empty());
  }
}
