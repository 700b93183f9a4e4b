// SPDX-License-Identifier: MIT
#include "convert/directives.hpp"
#include "convert/environment_file.hpp"
#include "convert/fixture.hpp"

// A conversion from systemd loses nothing that protects: what has no equivalent keeps the entry from being served.
using namespace xsuperd;
using namespace xsuperd::convert;
using namespace xsuperd::convert::test;

namespace {

const std::string server = "StandardInput=socket\nExecStart=/bin/server\n";
const std::string listens = "ListenStream=9000\n";

bool off(const std::string& entry) { return has_line(entry, "\tdisable         = yes"); }
bool has(const std::string& entry, const std::string& line) {
  return entry.find("\n\t" + line + "\n") != std::string::npos;
}

/// A line of a service that protects something.
constexpr const char* protecting[]{
    "AmbientCapabilities=CAP_OF_LATER", "AppArmorProfile=x", "BindPaths=/a:/b", "BindReadOnlyPaths=/a", "BPFProgram=x:/y",
    "CapabilityBoundingSet=CAP_KILL\nAmbientCapabilities=CAP_CHOWN\nUser=nobody", "CPUAffinity=0",     "CPUSchedulingPolicy=idle", "DeviceAllow=/dev/null", "DevicePolicy=closed", "DynamicUser=yes\nReadWritePaths=/srv", "ExecPaths=/a",
    "ExecStartPre=/bin/check", "ExecCondition=/bin/check", "IOSchedulingClass=idle",
    "IOReadBandwidthMax=/ 1M", "IPAddressDeny=192.0.2.1", "IPCNamespacePath=/x", "KeyringMode=private",
    "LimitCORE=much", "LimitNICE=41", "LimitNPROC=5%", "LockPersonality=yes", "MemoryDenyWriteExecute=yes",
    "MemoryHigh=1M", "MountFlags=private",
    "NetworkNamespacePath=/run/netns/x", "NoExecPaths=/", "NoNewPrivileges=perhaps", "OOMScoreAdjust=500", "PAMName=login",
    "PrivateMounts=yes", 
    "PrivateTmp=disconnected", "PrivateUsers=identity", "ProcSubset=pid", "ProtectClock=1",
    "ProtectControlGroups=yes", "ProtectHome=perhaps", "ProtectHostname=yes", "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes", "ProtectKernelTunables=yes", "ProtectProc=invisible", "ProtectSystem=half",
    "RemoveIPC=yes", "RestrictAddressFamilies=AF_INET", "RestrictFileSystems=ext4",
    "RestrictNamespaces=yes", "RestrictNetworkInterfaces=lo", "RestrictRealtime=yes", "RestrictSUIDSGID=yes",
    "RootImage=/srv.raw", "RuntimeMaxSec=31d", "SecureBits=noroot", "SELinuxContext=x", "Slice=x.slice",
    "SmackProcessLabel=x", "SocketBindDeny=any", "SystemCallArchitectures=native", "SystemCallFilter=@basic-io", "SystemCallFilter=read write",
    "SystemCallFilter=~@sandbox-of-later", "SystemCallFilter=~execve", "SystemCallFilter=~mount:EPERM",
    "RestrictNamespaces=yes\nSystemCallFilter=~ptrace", "LockPersonality=yes\nSystemCallFilter=~ptrace",
    "TemporaryFileSystem=/home", "WorkingDirectory=/srv", "LoadCredential=a:/b", "OpenFile=/x",
    "StandardOutput=null", "StandardOutput=journal", "LimitNOFILE=0", "ProtectEverything=yes", "RootDirectory=/srv",
    // What systemd would not take may have been meant to protect.
    "LimitNOFILE=lots", "UMask=999", "ProtectSystem strict",
};
/// One that protects nothing, or is not in force, or has an equivalent.
constexpr const char* harmless[]{
    // What a box takes.
    "CPUQuota=20%", "MemoryMax=1M", "MemorySwapMax=0", "TasksMax=9", "InaccessiblePaths=/home", "PrivateDevices=yes", "PrivateIPC=yes", "PrivateNetwork=yes", "PrivatePIDs=yes", "PrivateTmp=true", "ReadOnlyPaths=/",
    "DynamicUser=yes", "PrivateUsers=yes", "PrivateUsers=self", "PrivateUsers=no", "ProtectHome=yes", "ProtectHome=read-only", "ProtectHome=tmpfs", "ProtectHome=no", "ProtectSystem=yes",
    "ProtectSystem=full", "ProtectSystem=strict", "ProtectSystem=no", "PrivateTmp=false", "PrivateNetwork=0", "MemoryMax=infinity", "TasksMax=infinity",
    "CapabilityBoundingSet=~", "DevicePolicy=auto", "ProtectProc=default", "KeyringMode=inherit", "WorkingDirectory=/",
    "ProtectSystem=strict\nProtectSystem=no", "SystemCallFilter=@system-service\nSystemCallFilter=",
    "MemoryMax=1M\nMemoryMax=", "OOMScoreAdjust=0", "RuntimeDirectory=x", "StateDirectory=x", "SyslogIdentifier=x",
    "StandardError=journal", "TimeoutStopSec=5", "KillSignal=SIGINT", "ExecReload=/bin/kill", "ExecStopPost=/bin/x",
    "IPAddressAllow=192.0.2.1", "SupplementaryGroups=audio", "ReadWritePaths=/srv", "MemoryAccounting=yes",
    "LimitCORE=infinity", "LimitCORE=0", "LimitFSIZE=1M", "LimitNPROC=5", "LimitMEMLOCK=0", "NoNewPrivileges=yes",
    "CapabilityBoundingSet=CAP_CHOWN", "CapabilityBoundingSet=", "AmbientCapabilities=CAP_NET_RAW",
    "SystemCallFilter=@system-service", "SystemCallFilter=~ptrace\nSystemCallArchitectures=native",
    "SystemCallFilter=@system-service\nRestrictNamespaces=yes\nLockPersonality=yes", "Delegate=yes", "RuntimeMaxSec=infinity", "X-Mine=1", "DynamicUser=no",
};
/// Likewise of a socket.
constexpr const char* guarding[]{"ListenStream=/run/x\nDirectoryMode=0700", "PrivateNetwork=yes", "NetworkNamespacePath=/x",
                                 "ExecStartPre=/bin/rules", "IPTTL=1",            "IPAddressDeny=nobody",
                                 "Mark=x",                  "MaxConnections=x",   "GuardAgainst=all",
                                 "TriggerLimitBurst=few",   "SmackLabel=x",       "IPIngressFilterPath=/x"};
constexpr const char* left_open[]{"IPTOS=low-delay", "ReusePort=yes", "FreeBind=yes",     "SocketMode=0600",   "BindToDevice=lo", "Mark=7", "DirectoryMode=0700",
                                  "ListenStream=/run/x\nDirectoryMode=0755",
                                  "Priority=3",      "Slice=x.slice", "ProtectSystem=yes", "PrivateNetwork=no"};

}  // namespace

TEST_CASE("a directive that protects is named in the report, and its entry is written disabled") {
  for (const char* line : protecting) {
    const Conversion c = entries_of(listens, server + line + "\n");
    INFO(line << "\n" << text(c, "x") << report(c));
    CHECK(off(text(c, "x")));
    CHECK(text(c, "x").find("# Disabled: ") != std::string::npos);
    const std::string name = std::string(line).substr(0, std::string(line).find_first_of("= "));
    const bool unreadable = std::string(line).find('=') == std::string::npos;
    CHECK((report(c).find(name) != std::string::npos || unreadable || name == "UMask"));
    CHECK((c.has(Weight::loss) || c.has(Weight::error)));
  }
  for (const char* line : guarding) {
    const Conversion c = entries_of(listens + line + "\n", server);
    INFO(line << "\n" << text(c, "x") << report(c));
    CHECK(off(text(c, "x")));
  }
}

TEST_CASE("a directive that protects nothing, or is not in force, disables nothing") {
  for (const char* line : harmless) {
    const Conversion c = entries_of(listens, server + line + "\n");
    INFO(line << "\n" << text(c, "x") << report(c));
    CHECK_FALSE(off(text(c, "x")));
  }
  for (const char* line : left_open) {
    const Conversion c = entries_of(listens + line + "\n", server);
    INFO(line << "\n" << text(c, "x") << report(c));
    CHECK_FALSE(off(text(c, "x")));
  }
}

TEST_CASE("a directive that is not known is taken to protect") {
  CHECK(effect_of("Service", "ProtectSystem") == Effect::confines);
  CHECK(effect_of("Service", "ProtectTomorrow") == Effect::unknown);
  CHECK(effect_of("Socket", "Guard") == Effect::unknown);
  CHECK(effect_of("Socket", "ProtectSystem") == Effect::nothing);
  CHECK(effect_of("Unit", "After") == Effect::nothing);
  CHECK(effect_of("Unit", "JoinsNamespaceOf") == Effect::confines);
}

TEST_CASE("a peer is admitted when the lists of both units admit it") {
  const auto lists = [](const std::string& socket, const std::string& service) {
    return entries_of(listens + socket, server + service);
  };
  const Conversion deny = lists("IPAddressDeny=192.0.2.1\n", "IPAddressDeny=192.0.2.2\n");
  CHECK(has(text(deny, "x"), "no_access       = 192.0.2.1 192.0.2.2"));
  const Conversion allow = lists("", "IPAddressDeny=any\nIPAddressAllow=192.0.2.5\n");
  CHECK(has(text(allow, "x"), "only_from       = 192.0.2.5"));
  CHECK(off(text(allow, "x")));
  CHECK(reported(allow, "g /u/x@.service:4 IPAddressDeny=any: here, the lists of a service apply to its peers"));
  const Conversion both = lists("IPAddressDeny=any\nIPAddressAllow=192.0.2.0/24 ::1\n",
                                "IPAddressDeny=any\nIPAddressAllow=192.0.2.5 198.51.100.0/24\n");
  CHECK(has(text(both, "x"), "only_from       = 192.0.2.5"));
  const Conversion mixed =
      lists("IPAddressDeny=any\nIPAddressAllow=192.0.2.0/24\n", "IPAddressDeny=192.0.2.0/31\nIPAddressAllow=192.0.2.1\n");
  CHECK(has(text(mixed, "x"), "only_from       = 192.0.2.0/24"));
  CHECK(has(text(mixed, "x"), "no_access       = 192.0.2.0"));
  const Conversion nobody = lists("IPAddressDeny=any\n", "");
  CHECK(has(text(nobody, "x"), "only_from       ="));
  // A server that has the socket takes further datagrams by itself.
  const Conversion datagrams = entries_of("ListenDatagram=69\nIPAddressDeny=192.0.2.1\n", server, false);
  CHECK(has(text(datagrams, "x"), "flags           = IPv6 NOLIBWRAP INTERCEPT NAMEINARGS"));
}

TEST_CASE("the limit of starts of a server that waits is in its rate") {
  World w = config::test::inetd_world();
  w.files.texts["/u/x.socket"] = "[Socket]\nListenDatagram=69\n";
  w.files.texts["/u/x.service"] = "[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=3\n[Service]\n" + server;
  CHECK(has(text(systemd_to_xinetd({"/u/x.socket"}, w.files, w.names), "x"), "cps             = 3 10"));
  CHECK(has(text(systemd_to_xinetd({"/u/x.socket"}, w.files, w.names), "x"), "cps_window      = 60"));
  w.files.texts["/u/x.service"] = "[Unit]\nStartLimitIntervalSec=0\n[Service]\n" + server;
  CHECK(has(text(systemd_to_xinetd({"/u/x.socket"}, w.files, w.names), "x"), "cps             = 20 10"));
}

TEST_CASE("a condition is looked at once, and one that only systemd can tell keeps the entry from being served") {
  World w = config::test::inetd_world();
  w.files.texts["/u/x@.service"] = "[Service]\n" + server;
  w.files.texts["/etc/there"] = "";
  const auto with = [&](const std::string& condition) {
    w.files.texts["/u/x.socket"] = "[Unit]\n" + condition + "\n[Socket]\nAccept=yes\nListenStream=9\n";
    return systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
  };
  CHECK_FALSE(off(text(with("ConditionPathExists=!/etc/not-to-be-run"), "x")));
  CHECK(reported(with("ConditionPathExists=!/etc/not-to-be-run"), "g /u/x.socket:2 ConditionPathExists="));
  CHECK(off(text(with("ConditionPathExists=!/etc/there"), "x")));
  CHECK_FALSE(off(text(with("AssertPathExists=/etc/there"), "x")));
  CHECK(off(text(with("ConditionVirtualization=container"), "x")));
  CHECK_FALSE(off(text(with("ConditionVirtualization=container\nConditionVirtualization="), "x")));
  CHECK(off(text(with("JoinsNamespaceOf=y.service"), "x")));
}

TEST_CASE("the variables that systemd sets for a user are set, or the report tells of them") {
  World w = config::test::inetd_world();
  w.files.texts["/etc/passwd"] =
      "root:x:0:0::/root:/bin/bash\nalice:x:1000:1000:A,,,:/home/alice:/bin/sh\nd:x:2:2::/:/usr/sbin/nologin\n";
  w.names.users.push_back({"d", 2, 2});
  w.files.texts["/u/x.socket"] = "[Socket]\nAccept=yes\nListenStream=9\n";
  const auto with = [&](const std::string& lines) {
    w.files.texts["/u/x@.service"] = "[Service]\n" + server + lines;
    return systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
  };
  CHECK(has(text(with("User=alice\n"), "x"),
            "env             = USER=alice LOGNAME=alice HOME=/home/alice SHELL=/bin/sh"));
  CHECK(has(text(with("User=alice\nEnvironment=HOME=/h\n"), "x"),
            "env             = USER=alice LOGNAME=alice SHELL=/bin/sh HOME=/h"));
  CHECK(text(with("User=alice\nSetLoginEnvironment=no\n"), "x").find("HOME") == std::string::npos);
  CHECK(text(with(""), "x").find("HOME") == std::string::npos);
  const Conversion d = with("User=d\n");
  CHECK(has(text(d, "x"), "env             = USER=d LOGNAME=d"));
  CHECK(report(d).find("HOME is not set") != std::string::npos);
  CHECK(report(d).find("SHELL is not set, as systemd does not set it to /usr/sbin/nologin") != std::string::npos);
  CHECK(report(d).find("REMOTE_ADDR and REMOTE_PORT") != std::string::npos);
  w.names.users.push_back({"far", 9, 9});
  CHECK(report(with("User=far\n")).find("systemd sets HOME and SHELL, too") != std::string::npos);
  CHECK(has(text(with("User=alice\nExecStart=\nExecStart=/bin/server $HOME\n"), "x"),
            "server_args     = /bin/server /home/alice"));
}

TEST_CASE("a user by number keeps his own group and groups, as with systemd") {
  World w = config::test::inetd_world();
  w.files.texts["/etc/passwd"] = "root:x:0:0:root:/root:/bin/bash\ngames:x:5:60:games:/usr/games:/usr/sbin/nologin\n";
  w.names.users.push_back({"games", 5, 60});
  w.files.texts["/u/x.socket"] = "[Socket]\nAccept=yes\nListenStream=9\n";
  const auto with = [&](const std::string& lines) {
    w.files.texts["/u/x@.service"] = "[Service]\n" + server + lines;
    return text(systemd_to_xinetd({"/u/x.socket"}, w.files, w.names), "x");
  };
  // A number would stand for the group 5 as well, which is that of the terminals.
  CHECK(has(with("User=5\n"), "user            = games"));
  CHECK(has(with("User=5\n"), "groups          = yes"));
  CHECK(has(with("User=5000\n"), "user            = 5000"));
}

TEST_CASE("files of variables are read, and one that may be missing expands to nothing") {
  World w = config::test::inetd_world();
  w.files.texts["/u/x.socket"] = "[Socket]\nAccept=yes\nListenStream=9\n";
  const auto with = [&](const std::string& lines) {
    w.files.texts["/u/x@.service"] = "[Service]\nStandardInput=socket\n" + lines;
    return systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
  };
  const std::string sshd = "EnvironmentFile=-/etc/default/ssh\nExecStart=-/bin/server -i $SSHD_OPTS\n";
  const Conversion missing = with(sshd);
  CHECK(has(text(missing, "x"), "server          = /bin/server"));
  CHECK(has(text(missing, "x"), "server_args     = /bin/server -i"));
  CHECK_FALSE(off(text(missing, "x")));
  CHECK(reported(missing, "n /u/x@.service:4 $SSHD_OPTS is not set by any of the files"));
  w.files.texts["/etc/default/ssh"] = "# options\nexport NO=1\nSSHD_OPTS=\"-4 -o 'A B'\" \nOTHER=x\n";
  const Conversion blank = with(sshd);
  CHECK(off(text(blank, "x")));  // an argument with a blank
  w.files.texts["/etc/default/ssh"] = "# options\nexport NO=1\nSSHD_OPTS=\"-4 -u0\" \nOTHER=x\n";
  const Conversion there = with(sshd);
  CHECK(has(text(there, "x"), "server_args     = /bin/server -i -4 -u0"));
  CHECK(has(text(there, "x"), "env             = OTHER=x"));
  CHECK_FALSE(off(text(there, "x")));
  CHECK(off(text(with("EnvironmentFile=/etc/missing\nExecStart=/bin/server\n"), "x")));
  CHECK(off(text(with("EnvironmentFile=-/etc/default/*\nExecStart=/bin/server\n"), "x")));
  CHECK(off(text(with("Environment=\"A=b c\"\nExecStart=/bin/server\n"), "x")));
  // What only systemd knows is not nothing.
  CHECK(off(text(with("EnvironmentFile=-/etc/missing\nExecStart=/bin/server $REMOTE_ADDR\n"), "x")));
  CHECK(off(text(with("EnvironmentFile=-/etc/missing\nPassEnvironment=TZ\nExecStart=/bin/server ${TZ}x\n"), "x")));
}

TEST_CASE("a file of variables that not everybody may read is not copied") {
  World w = config::test::inetd_world();
  w.files.texts["/u/x.socket"] = "[Socket]\nAccept=yes\nListenStream=9\n";
  w.files.texts["/u/x@.service"] = "[Service]\nEnvironmentFile=-/etc/secret\n" + server;
  w.files.texts["/etc/secret"] = "TOKEN=hush\n";
  w.files.statuses["/etc/secret"] = {0640, 0, 0};
  const Conversion c = systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
  CHECK(text(c, "x").find("hush") == std::string::npos);
  CHECK(report(c).find("hush") == std::string::npos);
  CHECK(off(text(c, "x")));
}

TEST_CASE("the files of variables are read as systemd reads them") {
  const auto all = [](const std::string& lines) {
    std::string result;
    for (const auto& [name, value] : read_environment_file(lines)) result += name + "=" + value + "|";
    return result;
  };
  CHECK(all("A=1\n; x\n # y\n B = 2 \nC=\nnothing\n9=x\n") == "A=1|B=2|C=|");
  CHECK(all("A='a b' \nB=\"x\\\"y\\z\"\nC=\"a\"'b'c d\n") == "A=a b|B=x\"y\\z|C=abc d|");
  CHECK(all("A=1\\\n2\nB='x\ny'\nC=x\\ \n") == "A=12|B=x\ny|C=x |");
  CHECK(all("# c \\\nA=1\nB=2") == "B=2|");
  CHECK(all("A=\"open") == "A=open|");
  CHECK(all("\r\nA=1\r\n") == "A=1|");
}

TEST_CASE("drop-ins of every kind and place count") {
  World w = config::test::inetd_world();
  const std::string lib = "/lib/systemd/system/";
  const std::string etc = "/etc/systemd/system/";
  w.files.texts[lib + "a-x.socket"] = "[Socket]\nAccept=yes\nListenStream=9\n";
  w.files.texts[lib + "a-x@.service"] = "[Service]\n" + server;
  const auto convert = [&] { return systemd_to_xinetd({lib + "a-x.socket"}, w.files, w.names); };
  CHECK_FALSE(off(text(convert(), "a-x")));
  for (const std::string& where :
       {etc + "a-x@.service.d/1.conf", etc + "a-.service.d/1.conf", etc + "service.d/1.conf",
        std::string("/etc/systemd/system.control/a-x@.service.d/1.conf"), lib + "a-x@.service.d/1.conf"}) {
    INFO(where);
    w.files.texts[where] = "[Service]\nMemoryHigh=1M\n";
    CHECK(off(text(convert(), "a-x")));
    w.files.texts.erase(where);
  }
  w.files.texts[lib + "a-x@.service.d/1.conf"] = "[Service]\nMemoryHigh=1M\n";
  w.files.texts[etc + "a-x@.service.d/1.conf"] = "";
  CHECK_FALSE(off(text(convert(), "a-x")));
  w.files.texts[etc + "a-x@.service"] = "[Service]\nProtectClock=yes\n" + server;
  CHECK(off(text(convert(), "a-x")));
}

TEST_CASE("an instance is read from its template") {
  World w = config::test::inetd_world();
  w.files.texts["/u/x@.socket"] = "[Socket]\nListenDatagram=%i\n";
  w.files.texts["/u/x@.service"] = "[Service]\nStandardInput=socket\nExecStart=/bin/server %i %n\n";
  const Conversion c = systemd_to_xinetd({"/u/x@69.socket"}, w.files, w.names);
  CHECK(has(text(c, "x"), "port            = 69"));
  CHECK(has(text(c, "x"), "server_args     = /bin/server 69 x@69.service"));
  const Conversion none = systemd_to_xinetd({"/u/x@.socket"}, w.files, w.names);
  CHECK(names(none).empty());
  CHECK(none.has(Weight::loss));
}

TEST_CASE("entries that want one port are not both served") {
  World w = config::test::inetd_world();
  for (const std::string name : {"x", "y"}) {
    w.files.texts["/u/" + name + ".socket"] = "[Socket]\nAccept=yes\nListenStream=127.0.0.1:9000\nListenStream=/run/" + name + "\n";
    w.files.texts["/u/" + name + "@.service"] = "[Service]\n" + server;
  }
  const Conversion c = systemd_to_xinetd({"/u/x.socket", "/u/y.socket"}, w.files, w.names);
  CHECK_FALSE(off(text(c, "x")));
  CHECK(off(text(c, "y")));
}

TEST_CASE("what this machine lacks is written disabled") {
  const Conversion user = entries_of(listens, server + "User=stranger\n");
  CHECK(off(text(user, "x")));
  CHECK(reported(user, "g /u/x.socket:3 written disabled, as it would be refused here: "));
  World w = config::test::inetd_world();
  w.files.texts["/u/x.socket"] = "[Socket]\nAccept=yes\nListenStream=9\n";
  w.files.texts["/u/x@.service"] = "[Service]\nStandardInput=socket\nExecStart=/opt/faraway\n";
  CHECK(off(text(systemd_to_xinetd({"/u/x.socket"}, w.files, w.names), "x")));
}

// Units of distributions, shortened.
namespace {
struct Pair {
  const char* what;
  const char* socket;
  const char* service;
  bool accept;
  bool served;
  const char* line;  ///< that the entry has
};
constexpr Pair pairs[]{
    {"sshd", "ListenStream=22\n",
     "EnvironmentFile=-/etc/default/ssh\nExecStart=-/bin/server -i $SSHD_OPTS\nStandardInput=socket\n"
     "RuntimeDirectory=sshd\nRuntimeDirectoryMode=0755\n",
     true, true, "server_args     = /bin/server -i"},
    {"proftpd", "ListenStream=21\n", "ExecStart=-/bin/server\nStandardInput=socket\n", true, true,
     "server_args     = /bin/server"},
    {"atftpd", "ListenDatagram=69\n",
     "EnvironmentFile=/etc/default/atftpd\nExecStart=/bin/server $OPTIONS\nStandardInput=socket\nDynamicUser=yes\n",
     false, false, "server          = /bin/server"},
    {"saned", "ListenStream=6566\nMaxConnections=64\n",
     "ExecStart=/bin/server\nUser=alice\nGroup=audio\nStandardInput=null\nStandardOutput=append:/var/log/x.log\n"
     "StandardError=append:/var/log/x.log\nEnvironment=SANE_CONFIG_DIR=/etc/sane.d\n",
     true, false, "user            = alice"},
    {"cockpit", "ListenStream=9090\nExecStartPost=-/bin/ln -snf a b\n",
     "RuntimeDirectory=cockpit/tls\nExecStart=/bin/server\nUser=alice\nNoNewPrivileges=true\nProtectSystem=strict\n",
     false, false, "pass_fds        = systemd"},
    {"rpcbind", "BindIPv6Only=ipv6-only\nListenStream=0.0.0.0:111\nListenDatagram=0.0.0.0:111\nListenStream=[::]:111\n",
     "Environment=\"OPTIONS=-w\"\nExecStart=/bin/server -f $OPTIONS\nEnvironmentFile=-/etc/rpcbind.conf\nType=notify\n",
     false, false, "server_args     = /bin/server -f -w"},
    {"rsync", "ListenStream=873\n",
     "ExecStart=-/bin/server --daemon\nStandardInput=socket\nStandardOutput=inherit\nStandardError=journal\n"
     "ProtectSystem=full\nPrivateDevices=on\nNoNewPrivileges=on\n",
     true, true, "read_only_paths = /usr /etc"},
};
}  // namespace

TEST_CASE("units of distributions become entries that are served when they protect nothing that is lost") {
  for (const Pair& one : pairs) {
    World w = config::test::inetd_world();
    const Conversion c = entries_of(one.socket, one.service, one.accept);
    INFO(one.what << "\n" << text(c, "x") << report(c));
    CHECK(off(text(c, "x")) == !one.served);
    CHECK(has(text(c, "x"), one.line));
    CHECK_FALSE(c.has(Weight::error));
  }
}
