// SPDX-License-Identifier: MIT
#include "convert/fixture.hpp"

// From xinetd.conf to pairs of units: what each attribute becomes, and where it stands when it becomes nothing.
using namespace xsuperd;
using namespace xsuperd::convert;
using namespace xsuperd::convert::test;
using config::test::defaults;
using config::test::entry;
using config::test::service;

namespace {

struct Row {
  const char* what;
  const char* lines;  ///< added to the plain service x
  const char* unit;
  const char* expected;  ///< lines of that unit, each between "|"
};

constexpr Row rows[]{
    {"a stream service", "", "x.socket",
     "|ListenStream=9000|BindIPv6Only=both|Accept=yes|MaxConnections=4294967295|WantedBy=sockets.target|"},
    {"its server", "", "x@.service",
     "|ExecStart=-@/bin/server server|StandardInput=socket|StandardOutput=socket|StandardError=socket|KillMode=process|"},
    {"errors that nobody sees", "stderr = discard", "x@.service", "|StandardOutput=socket|StandardError=null|"},
    {"errors that are logged", "stderr = log\nlog_type = SYSLOG daemon", "x@.service", "|StandardOutput=socket|StandardError=journal|"},
    {"IPv4", "flags = IPv4", "x.socket", "|ListenStream=0.0.0.0:9000|"},
    {"IPv6 only", "v6only = yes", "x.socket", "|ListenStream=9000|BindIPv6Only=ipv6-only|"},
    {"an IPv4 address", "bind = 192.0.2.1", "x.socket", "|ListenStream=192.0.2.1:9000|"},
    {"an IPv4 address on an IPv6 socket", "bind = 192.0.2.1\nflags = IPv6", "x.socket",
     "|ListenStream=192.0.2.1:9000|"},
    {"an IPv6 address", "bind = 2001:db8::1", "x.socket", "|ListenStream=[2001:db8::1]:9000|"},
    {"options of the socket", "flags = NODELAY KEEPALIVE\nbacklog = 7", "x.socket",
     "|NoDelay=yes|KeepAlive=yes|Backlog=7|"},
    {"limits", "instances = 5\nper_source = 2", "x.socket", "|MaxConnections=5|MaxConnectionsPerSource=2|"},
    {"the usual rate", "", "x.socket", "|TriggerLimitIntervalSec=1s|TriggerLimitBurst=50|"},
    {"a rate", "cps = 7 30", "x.socket", "|TriggerLimitIntervalSec=1s|TriggerLimitBurst=7|"},
    {"a rate in a window", "cps = 7 30\ncps_window = 60", "x.socket",
     "|TriggerLimitIntervalSec=60s|TriggerLimitBurst=7|"},
    {"no rate", "cps = 0 0", "x.socket", "|TriggerLimitIntervalSec=0|"},
    {"a rate of ours", "rate = 10/second", "x.socket", "|PollLimitIntervalSec=1s|PollLimitBurst=10|TriggerLimitIntervalSec=0|"},
    {"its burst", "rate = 30/minute 10", "x.socket", "|PollLimitIntervalSec=20s|PollLimitBurst=10|"},
    {"a burst in a part of a second", "rate = 4/second 3", "x.socket", "|PollLimitIntervalSec=750000us|PollLimitBurst=3|"},
    {"a time that is no whole number", "rate = 3/second 1", "x.socket", "|PollLimitIntervalSec=333334us|PollLimitBurst=1|"},
    {"two rates", "rate = 5/second\ncps = 7 30", "x.socket",
     "|PollLimitIntervalSec=1s|PollLimitBurst=5|TriggerLimitIntervalSec=1s|TriggerLimitBurst=7|"},
    {"the longest time of a server", "runtime_max = 1h", "x@.service",
     "|CollectMode=inactive-or-failed|RuntimeMaxSec=3600s|TimeoutStopSec=3s|"},
    {"and its end", "runtime_max = 5\nkill_grace = 1m", "x@.service", "|RuntimeMaxSec=5s|TimeoutStopSec=60s|"},
    {"which may come at once", "runtime_max = 5\nkill_grace = 0", "x@.service", "|TimeoutStopSec=1ms|"},
    {"only_from", "only_from = 192.0.2.0/24 ::1", "x.socket", "|IPAddressDeny=any|IPAddressAllow=192.0.2.0/24 ::1|"},
    {"nobody at all", "only_from =", "x.socket", "|IPAddressDeny=any|"},
    {"no_access", "no_access = 192.0.2.0/24", "x.socket", "|IPAddressDeny=192.0.2.0/24|"},
    {"no_access wins", "only_from = 192.0.2.0/30\nno_access = 192.0.2.1", "x.socket",
     "|IPAddressDeny=any|IPAddressAllow=192.0.2.2/31 192.0.2.0|"},
    {"names of hosts", "only_from = localhost six.example.com", "x.socket",
     "|IPAddressDeny=any|IPAddressAllow=127.0.0.1 ::1 2001:db8::6|"},
    {"the best match wins", "only_from = 192.0.2.0/31 192.0.2.4\nno_access = 192.0.2.0/24\naccess_policy = best_match",
     "x.socket", "|IPAddressDeny=any|IPAddressAllow=192.0.2.0/31 192.0.2.4|"},
    {"arguments", "server_args = -a %h $HOME \"q\\", "x@.service",
     "|ExecStart=-@/bin/server server -a %%h $$HOME \"\\\"q\\\\\"|"},
    {"another name", "server_args = name -a\nflags = NAMEINARGS", "x@.service", "|ExecStart=-@/bin/server name -a|"},
    {"its own name", "server_args = server -a\nflags = NAMEINARGS", "x@.service", "|ExecStart=-@/bin/server server -a|"},
    {"its whole path", "server_args = /bin/server -a\nflags = NAMEINARGS", "x@.service", "|ExecStart=-/bin/server -a|"},
    {"variables", "env = A=1% B=$x C='\npassenv = PATH TZ", "x@.service",
     "|PassEnvironment=PATH TZ|Environment=A=1%%|Environment=B=$x|Environment=\"C='\"|"},
    {"umask and nice", "umask = 27\nnice = -3", "x@.service", "|UMask=0027|Nice=-3|"},
    {"limits of the server",
     "rlimit_as = 8M\nrlimit_cpu = 30\nrlimit_data = UNLIMITED\nrlimit_rss = 64K\nrlimit_stack = 1M\nrlimit_files = 99",
     "x@.service", "|LimitAS=8388608|LimitCPU=30|LimitDATA=infinity|LimitRSS=65536|LimitSTACK=1048576|LimitNOFILE=99|"},
    {"limits of our own, of which 0 is one",
     "rlimit_core = 0\nrlimit_fsize = 1K\nrlimit_locks = 1\nrlimit_memlock = 0\nrlimit_msgqueue = 2\nrlimit_nice = 20\nrlimit_nproc = 8\n"
     "rlimit_rtprio = 3\nrlimit_rttime = 200000\nrlimit_sigpending = UNLIMITED",
     "x@.service", "|LimitCORE=0|LimitFSIZE=1024|LimitLOCKS=1|LimitMEMLOCK=0|LimitMSGQUEUE=2|LimitNICE=20|LimitNPROC=8|LimitRTPRIO=3|LimitRTTIME=200000|LimitSIGPENDING=infinity|"},
    {"no new privileges", "no_new_privileges = yes", "x@.service", "|NoNewPrivileges=yes|"},
    {"times of keepalive", "keepalive = 60 10 6", "x.socket",
     "|KeepAlive=yes|KeepAliveTimeSec=60s|KeepAliveIntervalSec=10s|KeepAliveProbes=6|"},
    {"more options of the socket",
     "defer_accept = 5\nbind_device = eth0\nfreebind = yes\nreceive_buffer = 64K\nsend_buffer = 1M\ntos = ef\nmark = 0x10", "x.socket",
     "|DeferAcceptSec=5s|BindToDevice=eth0|FreeBind=yes|ReceiveBuffer=65536|SendBuffer=1048576|IPTOS=184|Mark=16|"},
    {"multipath TCP", "mptcp = yes", "x.socket", "|SocketProtocol=mptcp|"},
    {"more places", "listen = tcp:192.0.2.1:21 tcp:[::1]:21 tcp:*:9001 unix:/run/x%.sock unix:@x vsock:2:1234 vsock:any:99", "x.socket",
     "|ListenStream=9000|ListenStream=192.0.2.1:21|ListenStream=[::1]:21|ListenStream=9001|ListenStream=/run/x%%.sock|ListenStream=@x|"
     "ListenStream=vsock:2:1234|ListenStream=vsock::99|BindIPv6Only=both|Accept=yes|"},
    {"both families apart", "listen = tcp:0.0.0.0:80 tcp:[::]:80", "x.socket",
     "|ListenStream=9000|ListenStream=0.0.0.0:9000|ListenStream=0.0.0.0:80|ListenStream=[::]:80|BindIPv6Only=ipv6-only|"},
    {"the file of a socket", "listen = unix:/run/x\nsocket_mode = 660\nsocket_owner = alice\nsocket_group = audio", "x.socket",
     "|SocketMode=0660|SocketUser=alice|SocketGroup=audio|"},
    {"its owner alone: the group stays the daemon's", "listen = unix:/run/x\nsocket_owner = alice", "x.socket",
     "|SocketUser=alice|SocketGroup=0|"},
    {"supplementary groups", "groups = yes", "x@.service", "|User=root|"},
};

std::vector<std::string> parts(const std::string& text) {
  std::vector<std::string> found;
  for (std::size_t at = 1; at < text.size(); at = text.find('|', at) + 1)
    found.push_back(text.substr(at, text.find('|', at) - at));
  return found;
}

/// The plain service x begins in line 1; further lines are from 9 on.
Conversion x(const std::string& lines) { return units_of(service("x", 9000, lines)); }

struct Gap {
  const char* line;
  const char* finding;
};
constexpr Gap gaps[]{
    {"banner = /etc/issue", "g /etc/xinetd.conf:9 banner:"},
    {"banner_success = /etc/issue", "g /etc/xinetd.conf:9 banner_success:"},
    {"banner_fail = /etc/issue", "g /etc/xinetd.conf:9 banner_fail:"},
    {"access_times = 8:00-18:00", "g /etc/xinetd.conf:9 access_times:"},
    {"max_load = 2", "g /etc/xinetd.conf:9 max_load:"},
    {"per_source_rate = 5 60", "g /etc/xinetd.conf:9 per_source_rate:"},
    {"per_source_rate = 5/minute", "g /etc/xinetd.conf:9 per_source_rate:"},
    {"per_source = 0", "g /etc/xinetd.conf:9 per_source:"},
    {"rate = 5/second", "g /etc/xinetd.conf:9 rate: beyond PollLimitBurst= systemd leaves connections in the kernel's queue and "
                        "refuses none; before version 255"},
    {"rate = 5/second\nqueue = 9", "n /etc/xinetd.conf:9 rate: beyond PollLimitBurst= systemd leaves connections in the kernel's "
                                   "queue; before version 255"},
    {"rate = 5/second\nqueue = 9", "n /etc/xinetd.conf:10 queue: under systemd, connections wait in the kernel"},
    {"instances = 3\nqueue = 9", "g /etc/xinetd.conf:10 queue: systemd closes connections beyond MaxConnections="},
    {"per_source = 3\nqueue = 9", "g /etc/xinetd.conf:10 queue: systemd closes connections beyond MaxConnections="},
    {"source_prefix = 24 64", "g /etc/xinetd.conf:9 source_prefix: systemd counts each address by itself"},
    {"per_source = 3\nsource_prefix = 24 64", "g /etc/xinetd.conf:10 source_prefix: MaxConnectionsPerSource= counts each address"},
    {"limit_exempt = ::1", "g /etc/xinetd.conf:9 limit_exempt:"},
    {"proxy_from = ::1", "g /etc/xinetd.conf:9 proxy_from:"},
    {"penalty = exit=10s", "g /etc/xinetd.conf:9 penalty:"},
    {"penalty_range = 1 2", "g /etc/xinetd.conf:9 penalty_range:"},
    {"runtime_max = 5", "g /etc/xinetd.conf:9 runtime_max: systemd signals the server alone"},
    {"idle_timeout = 5", "g /etc/xinetd.conf:9 idle_timeout:"},
    {"first_data_timeout = 5", "g /etc/xinetd.conf:9 first_data_timeout:"},
    {"cps = 9 30", "g /etc/xinetd.conf:9 cps: after more than 9 connections in 1 s"},
    {"libwrap = other", "g /etc/xinetd.conf:9 libwrap:"},
    {"mdns = yes", "g /etc/xinetd.conf:9 mdns:"},
    {"flags = IDONLY", "g /etc/xinetd.conf:9 flags, IDONLY:"},
    {"flags = LABELED", "n /etc/xinetd.conf:9 flags, LABELED:"},
    {"log_on_failure = HOST", "g /etc/xinetd.conf:9 log_on_failure:"},
    {"log_on_success = USERID", "g /etc/xinetd.conf:9 log_on_success:"},
    {"log_on_success = PID", "n /etc/xinetd.conf:9 log_on_success:"},
    {"log_type = FILE /l", "g /etc/xinetd.conf:9 log_type:"},
    {"log_type = SYSLOG daemon", "n /etc/xinetd.conf:9 log_type:"},
    {"bind = www.example.com", "n /etc/xinetd.conf:9 bind: www.example.com is the address 192.0.2.7"},
    {"bind = nohost.example.com", "e /etc/xinetd.conf:9 bind: nohost.example.com has no address"},
    {"only_from = www.example.com 10.0.0.0/8",
     "g /etc/xinetd.conf:9 systemd compares addresses, not names: www.example.com is 192.0.2.7 at present"},
    {"only_from = elsewhere.example.net",
     "g /etc/xinetd.conf:9 systemd compares addresses, not names: elsewhere.example.net is not admitted"},
    {"no_access = .example.com",
     "g /etc/xinetd.conf:9 systemd compares addresses, not names: .example.com is admitted"},
    {"no_access = elsewhere.example.net",
     "g /etc/xinetd.conf:9 systemd compares addresses, not names: elsewhere.example.net is admitted"},
    {"only_from = 10.0.0.0/8", "n /etc/xinetd.conf:9 systemd drops the packets"},
    {"listen = any:203.0.113.0/24:1-1024", "g /etc/xinetd.conf:9 listen: any:203.0.113.0/24:1-1024 has no equivalent in systemd"},
    {"listen = fd:web", "g /etc/xinetd.conf:9 listen: fd:web has no equivalent in systemd"},
    {"only_uid = nobody", "g /etc/xinetd.conf:9 only_uid:"},
    {"only_gid = audio", "g /etc/xinetd.conf:9 only_gid:"},
    {"only_cid = 3", "g /etc/xinetd.conf:9 only_cid:"},
    {"sandbox = basic", "g /etc/xinetd.conf:9 system_calls: @system-service lists what is allowed"},
    {"system_calls = @service", "g /etc/xinetd.conf:9 system_calls: @system-service lists what is allowed"},
    {"system_calls = @strict", "g /etc/xinetd.conf:9 system_calls: systemd has no set as small as @strict"},
    {"tcp_connect = none", "g /etc/xinetd.conf:9 tcp_connect:"},
    {"conn_env = all", "g /etc/xinetd.conf:9 conn_env:"},
    {"expand = yes", "g /etc/xinetd.conf:9 expand:"},
    {"only_from = ::1\nlisten = unix:/run/x", "g /etc/xinetd.conf:9 only_from: systemd admits everybody who does not come over IP"},
    {"mptcp = yes\nlisten = unix:/run/x", "g /etc/xinetd.conf:9 mptcp:"},
    {"disable = yes", "n /etc/xinetd.conf:1 service x: it is disabled, and not converted"},
};

struct Unserved {
  std::string entry;
  const char* finding;
};

}  // namespace

TEST_CASE("attributes of xinetd.conf become directives of units") {
  for (const Row& row : rows) {
    const Conversion c = x(row.lines);
    const std::string unit = text(c, row.unit);
    INFO(row.what << "\n" << unit << report(c));
    CHECK(names(c) == "x.socket x@.service");
    for (const std::string& line : parts(row.expected)) {
      INFO(line);
      CHECK(has_line(unit, line));
    }
    CHECK_FALSE(c.has(Weight::error));
  }
}

TEST_CASE("what an attribute becomes is in no unit without it") {
  const std::string socket = text(x(""), "x.socket");
  for (const char* key : {"IPAddress", "NoDelay", "KeepAlive", "Backlog", "PerSource", "ipv6-only", "0.0.0.0", "SocketMode",
                          "SocketUser", "SocketGroup", "SocketProtocol", "DeferAccept", "BindToDevice", "FreeBind", "Buffer", "IPTOS", "Mark", "PollLimit"})
    CHECK(socket.find(key) == std::string::npos);
  const std::string server = text(x(""), "x@.service");
  for (const char* key : {"Limit", "Nice", "UMask", "Environment", "User", "Group", "RuntimeMax", "Timeout", "CollectMode"})
    CHECK(server.find(key) == std::string::npos);
}

TEST_CASE("a server that is passed descriptors finds its socket under the same name") {
  const std::string lines =
      "type = UNLISTED\nport = 69\nwait = yes\nuser = nobody\nserver = /bin/server\nsocket_type = dgram\n";
  CHECK(has_line(text(units_of(entry("t", lines + "pass_fds = systemd")), "t.socket"), "FileDescriptorName=t"));
  CHECK_FALSE(has_line(text(units_of(entry("t", lines)), "t.socket"), "FileDescriptorName=t"));
  CHECK_FALSE(has_line(text(units_of(entry("t", lines + "id = a:b\npass_fds = systemd")), "a-b.socket"),
                       "FileDescriptorName=a:b"));
}

TEST_CASE("what has no equivalent in systemd is reported with its line") {
  for (const Gap& gap : gaps) {
    const Conversion c = x(gap.line);
    INFO(gap.line << "\n" << report(c));
    CHECK(reported(c, gap.finding));
  }
  CHECK(report(x("")) ==
        "n :0 cps is not given: xinetd pauses for 10 s after more than 50 connections in a second; systemd then stops "
        "the socket until somebody starts it\n");
}

TEST_CASE("what has no effect on a service is not missed under systemd") {
  for (const char* lines : {"queue = 0", "source_prefix = 32 128", "limit_exempt =", "kill_grace = 9", "rate = 5/second\nqueue = 9"}) {
    const Conversion c = x(lines);
    INFO(lines << "\n" << report(c));
    CHECK_FALSE(c.has(Weight::loss));
  }
  const std::string waits = "type = UNLISTED\nport = 69\nwait = yes\nuser = nobody\nserver = /bin/server\nsocket_type = dgram";
  const Conversion c = units_of(defaults("idle_timeout = 9\nfirst_data_timeout = 5\nruntime_max = 1m") + entry("t", waits));
  CHECK_FALSE(reported(c, "g /etc/xinetd.conf:3 idle_timeout:"));
  CHECK_FALSE(reported(c, "g /etc/xinetd.conf:4 first_data_timeout:"));
  CHECK(has_line(text(c, "t.service"), "RuntimeMaxSec=60s"));
  CHECK_FALSE(has_line(text(c, "t.service"), "CollectMode=inactive-or-failed"));
}

TEST_CASE("the relay of systemd's is neither ended nor held up by limits of its connections") {
  const Conversion c = units_of(entry("r", "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nuser = root\n"
                                           "redirect = ::1 80\nrate = 5/second\nruntime_max = 5"));
  CHECK(text(c, "r.service").find("RuntimeMaxSec") == std::string::npos);
  CHECK(text(c, "r.socket").find("PollLimit") == std::string::npos);
  CHECK(reported(c, "g /etc/xinetd.conf:9 rate: systemd counts the starts of the relay"));
  CHECK(reported(c, "g /etc/xinetd.conf:10 runtime_max: systemd would end the relay"));
  CHECK(text(c, "r.socket").find("[Install]\n") == std::string::npos);
}

TEST_CASE("an attribute of the defaults is reported once, where it stands") {
  const Conversion c =
      units_of(defaults("banner_fail = /f\nlog_on_failure = HOST") + service("a", 1) + service("b", 2));
  CHECK(report(c).find("banner_fail") == report(c).rfind("banner_fail:"));
  CHECK(reported(c, "g /etc/xinetd.conf:3 banner_fail:"));
  CHECK(reported(c, "g /etc/xinetd.conf:4 log_on_failure:"));
}

TEST_CASE("services that systemd cannot have are not written, and it is said why") {
  const std::string plain = "socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n";
  const Unserved all[]{
      {entry("echo", "type = INTERNAL\nsocket_type = stream\nwait = no"), "xinetd's internal services"},
      {entry("rstatd", "type = RPC\nrpc_version = 1\n" + plain), "systemd registers no service with rpcbind"},
      {entry("a", "type = TCPMUX UNLISTED\n" + plain), "systemd has no tcpmux"},
      {entry("http", "flags = SENSOR\ntype = INTERNAL\nsocket_type = stream\nwait = no\ndeny_time = 5"), "sensors"},
      {entry("x", "listen = any:203.0.113.0/24:1-1024\n" + plain), "systemd has no sockets like those of its listen"},
      {entry("x", "listen = fd:x\n" + plain), "systemd has no sockets like those of its listen"},
      {service("x", 0), "systemd does not let the system choose a port"},
      {entry("x",
             "type = UNLISTED\nport = 1\nsocket_type = raw\nprotocol = icmp\nwait = yes\nuser = root\nserver = "
             "/bin/server"),
       "systemd has stream and"},
  };
  for (const Unserved& one : all) {
    const Conversion c = units_of(one.entry);
    INFO(one.entry << report(c));
    CHECK(names(c).empty());
    CHECK(report(c).find(std::string("is not converted: ") + one.finding) != std::string::npos);
    CHECK(c.has(Weight::loss));
  }
}

TEST_CASE("a server that waits gets the socket itself") {
  const std::string lines =
      "type = UNLISTED\nport = 69\nwait = yes\nuser = nobody\nserver = /bin/server\nsocket_type = ";
  for (const auto& [type, listen] : {std::pair{"dgram", "ListenDatagram=69"}, std::pair{"stream", "ListenStream=69"}}) {
    const Conversion c = units_of(entry("t", lines + type));
    CHECK(names(c) == "t.socket t.service");
    CHECK(has_line(text(c, "t.socket"), listen));
    CHECK(has_line(text(c, "t.socket"), "Accept=no"));
    CHECK(text(c, "t.socket").find("MaxConnections") == std::string::npos);
    CHECK(has_line(text(c, "t.service"), "StandardInput=socket"));
    CHECK(has_line(text(c, "t.service"), "StartLimitIntervalSec=0"));
    CHECK(has_line(text(c, "t.service"), "User=nobody"));
  }
}

TEST_CASE("a service that only has listen needs no port") {
  const std::string lines = "user = nobody\nserver = /bin/server\nlisten = ";
  const Conversion packets = units_of(entry("t", lines + "unix:/run/x\nwait = no\nsocket_type = seqpacket"));
  CHECK(names(packets) == "t.socket t@.service");
  CHECK(has_line(text(packets, "t.socket"), "ListenSequentialPacket=/run/x"));
  CHECK(has_line(text(packets, "t.socket"), "Accept=yes"));
  CHECK(text(packets, "t.socket").find("BindIPv6Only") == std::string::npos);
  CHECK(text(packets, "t.socket").find("SocketProtocol") == std::string::npos);
  const Conversion some = units_of(entry("t", lines + "udp:*:69 unix:/run/x\nwait = yes"));
  CHECK(has_line(text(some, "t.socket"), "ListenDatagram=69"));
  CHECK(has_line(text(some, "t.socket"), "ListenDatagram=/run/x"));
}

TEST_CASE("who may connect to a UNIX socket is not lost in silence") {
  for (const char* line : {"only_uid = nobody", "only_gid = audio", "only_cid = 3", "only_from = ::1"}) {
    const Conversion c = x(std::string("listen = unix:/run/x\n") + line);
    INFO(line << "\n" << report(c));
    CHECK(text(c, "x.socket").find("[Install]\n") == std::string::npos);
  }
}

TEST_CASE("redirect becomes a relay of systemd's") {
  const auto relay = [](const std::string& target, const std::string& more) {
    return units_of(entry("r", "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nuser = root\nredirect = " +
                                   target + "\n" + more));
  };
  const Conversion c = relay("192.0.2.1 80", "instances = 9\nper_source = 3");
  CHECK(names(c) == "r.socket r.service");
  CHECK(has_line(text(c, "r.socket"), "Accept=no"));
  CHECK(has_line(text(c, "r.service"),
                 "ExecStart=/usr/lib/systemd/systemd-socket-proxyd --connections-max=9 192.0.2.1:80"));
  CHECK(reported(c, "g /etc/xinetd.conf:10 per_source:"));
  CHECK(text(relay("::1 80", ""), "r.service").find("proxyd --connections-max=4294967295 [::1]:80\n") !=
        std::string::npos);
}

TEST_CASE("groups that systemd would give a server are reported") {
  World w = config::test::inetd_world();
  w.names.memberships["nobody"] = {65534};
  const auto of = [&](const std::string& user) {
    return units_of(
        w,
        entry("x", "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nserver = /bin/server\nuser = " + user));
  };
  CHECK(reported(of("alice"), "g /etc/xinetd.conf:8 user: systemd gives the server all groups of alice"));
  CHECK_FALSE(of("alice\ngroups = yes").has(Weight::loss));
  CHECK_FALSE(of("nobody").has(Weight::loss));
  CHECK(has_line(text(of("4242"), "x@.service"), "Group=4242"));
  CHECK(has_line(text(of("stranger\ngroup = audio"), "x@.service"), "User=stranger"));
  CHECK(has_line(text(of("stranger\ngroup = audio"), "x@.service"), "Group=audio"));
}

TEST_CASE("rules in hosts.deny are missed") {
  World w = config::test::inetd_world();
  w.files.texts["/etc/hosts.deny"] = "# ALL: ALL\n\n";
  CHECK_FALSE(units_of(w, service("x", 1)).has(Weight::loss));
  w.files.texts["/etc/hosts.deny"] = "# all\nALL: ALL\n";
  CHECK(reported(units_of(w, service("x", 1)),
                 "g /etc/xinetd.conf:1 hosts.allow and hosts.deny on this machine have rules"));
  CHECK_FALSE(units_of(w, service("x", 1, "flags = NOLIBWRAP")).has(Weight::loss));
}

TEST_CASE("disabled services become units that nothing starts, when asked for") {
  const std::string conf =
      defaults("disabled = b") + service("a", 1, "disable = yes\nnice = 3") + service("b", 2) + service("c", 3);
  CHECK(names(units_of(conf)) == "c.socket c@.service");
  const Conversion c = units_of(conf, {.of_inetd = false, .disabled = true});
  CHECK(names(c) == "a.socket a@.service b.socket b@.service c.socket c@.service");
  CHECK(text(c, "a.socket").find("[Install]") == std::string::npos);
  CHECK(text(c, "b.socket").find("[Install]") == std::string::npos);
  CHECK(text(c, "c.socket").find("[Install]") != std::string::npos);
  CHECK(has_line(text(c, "a@.service"), "Nice=3"));
}

TEST_CASE("errors in xinetd.conf are reported, and the rest is converted") {
  const Conversion c = units_of(service("x", 1, "nonsense = 5\ninstances = many") + service("y", 2));
  CHECK(names(c) == "y.socket y@.service");
  CHECK(c.has(Weight::error));
  CHECK(reported(c, "e /etc/xinetd.conf:10 "));
  World w;
  const Conversion none = to_systemd({"/nowhere"}, w.files, w.names, {});
  CHECK(none.has(Weight::error));
  CHECK(none.files.empty());
}

TEST_CASE("a directory and several files are converted together") {
  World w;
  w.files.texts["/d/a"] = service("a", 1);
  w.files.texts["/d/b"] = service("b", 2);
  w.files.texts["/e/c"] = service("a", 3, "id = a");
  const Conversion c = to_systemd({"/d", "/e/c"}, w.files, w.names, {});
  CHECK(names(c) == "a.socket a@.service b.socket b@.service a_2.socket a_2@.service");
  CHECK(text(c, "a_2.socket").starts_with("# Converted from /e/c, line 1, by xsuperctl.\n"));
}

TEST_CASE("lines of inetd.conf become units as well") {
  World w = config::test::inetd_world();
  w.files.texts["/etc/inetd.conf"] =
      "ftp stream tcp4 nowait root /usr/sbin/in.ftpd in.ftpd -l\necho stream tcp nowait root internal\n";
  const Conversion c = to_systemd({"/etc/inetd.conf"}, w.files, w.names, {.of_inetd = true, .disabled = false});
  CHECK(names(c) == "ftp.socket ftp@.service");
  CHECK(has_line(text(c, "ftp@.service"), "ExecStart=-@/usr/sbin/in.ftpd in.ftpd -l"));
  CHECK(reported(c, "g /etc/inetd.conf:2 service echo-stream is not converted"));
  w.files.texts["/etc/hosts.deny"] = "ALL: ALL\n";
  w.files.texts["/etc/inetd.conf"] = "ftp stream tcp nowait root /usr/sbin/tcpd in.ftpd -l\n";
  const Conversion wrapped = to_systemd({"/etc/inetd.conf"}, w.files, w.names, {.of_inetd = true, .disabled = false});
  CHECK(has_line(text(wrapped, "ftp@.service"), "ExecStart=-@/usr/sbin/tcpd in.ftpd -l"));
  CHECK_FALSE(wrapped.has(Weight::loss));
}

TEST_CASE("a unit that would hide one of the system is noted") {
  World w;
  w.files.texts["/usr/lib/systemd/system/x.service"] = "";
  CHECK(reported(units_of(w, service("x", 1)),
                 "n /etc/xinetd.conf:1 /usr/lib/systemd/system/x.service already exists"));
}

TEST_CASE("a program that systemd would look for, or refuse, is not converted") {
  const auto of = [](const std::string& server) {
    World w = config::test::inetd_world();
    w.files.programs.insert(server);
    return units_of(w, entry("x", "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nuser = root\nserver = " +
                                      server));
  };
  for (const char* server : {"bin/server", "server", "./server"}) {
    INFO(server << report(of(server)));
    CHECK(names(of(server)).empty());
    CHECK(of(server).findings.size() > 0);
  }
  CHECK(names(of("/bin/server")) == "x.socket x@.service");
  const Conversion latin = x("server_args = \xe9");
  CHECK(names(latin).empty());
  CHECK(reported(latin, "g /etc/xinetd.conf:1 service x is not converted: systemd ignores a command line"));
  CHECK_FALSE(x("server_args = \xc3\xa9").has(Weight::loss));
}

TEST_CASE("a variable that systemd would pass over is reported, and not written") {
  const Conversion c = x("env = \"A=1\" B=2 C=\xe9 D-E=3\npassenv = PATH F-G");
  CHECK(reported(c, "g /etc/xinetd.conf:9 env: systemd would ignore \"A=1\": its name is not valid"));
  CHECK(reported(c, "g /etc/xinetd.conf:9 env: systemd would ignore C=\\xe9: its value is not UTF-8"));
  CHECK(reported(c, "g /etc/xinetd.conf:9 env: systemd would ignore D-E=3"));
  CHECK(reported(c, "g /etc/xinetd.conf:10 passenv: systemd accepts no variable named F-G"));
  CHECK(has_line(text(c, "x@.service"), "Environment=B=2"));
  CHECK(has_line(text(c, "x@.service"), "PassEnvironment=PATH"));
  CHECK(text(c, "x@.service").find("Environment=C") == std::string::npos);
}

TEST_CASE("variables to be passed need not be set for whoever converts") {
  const Conversion c = x("passenv = PATH NOT_SET_HERE");
  CHECK(has_line(text(c, "x@.service"), "PassEnvironment=PATH NOT_SET_HERE"));
  CHECK(report(c).find("undefined environment variable") == std::string::npos);
}

TEST_CASE("nothing starts a socket that would be less protected under systemd") {
  for (const char* line :
       {"access_times = 8:00-18:00", "max_load = 2", "per_source_rate = 5 60", "per_source = 0", "fleet_per_source = 4", "fleet_rate = 5/minute", "flags = IDONLY",
        "libwrap = other", "no_access = .example.com", "no_access = www.example.com", "per_source_rate = 5/minute",
        "per_source = 3\nsource_prefix = 24 64", "penalty = exit=10s", "idle_timeout = 5", "first_data_timeout = 5",
        "system_calls = @strict", "tcp_connect = none", "server = /bin/server\nuser = alice"}) {
    const std::string lines = line;
    const bool user = lines.starts_with("server");
    const Conversion c =
        user ? units_of(entry("x", "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\n" + lines)) : x(lines);
    INFO(line << report(c) << text(c, "x.socket"));
    CHECK(text(c, "x.socket").find("[Install]\n") == std::string::npos);
    CHECK(text(c, "x.socket").find("# Without [Install]: ") != std::string::npos);
    CHECK(report(c).find("service x: the socket is not started at boot") != std::string::npos);
  }
  for (const char* line : {"", "banner = /b", "log_type = FILE /l", "no_access = 192.0.2.1 localhost", "mdns = yes",
                           "only_from = www.example.com", "cps = 5 9", "rate = 5/second", "instances = 3\nqueue = 9",
                           "source_prefix = 24 64", "limit_exempt = ::1", "penalty_range = 1 2", "runtime_max = 5",
                           "sandbox = basic", "capabilities = none", "system_calls = @service",
                           "sandbox = none", "capabilities = all", "system_calls = all", "tcp_connect = any",
                           "no_new_privileges = yes", "rlimit_core = 0"}) {
    INFO(line);
    CHECK(has_line(text(x(line), "x.socket"), "[Install]"));
  }
  const Conversion relay = units_of(
      entry("r", "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nuser = root\nredirect = ::1 80\ncps = 5 9"));
  CHECK(text(relay, "r.socket").find("[Install]\n") == std::string::npos);
}
