// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/fixture.hpp"
#include "xsuperd/config/examine.hpp"

// All that the parser and the checks say, in one list for people to read: golden/diagnostics.txt. Each input stands above
// what comes of it. XSUPERD_UPDATE_GOLDEN=1 writes the list anew; tests/shape/diagnostics finds sentences that it lacks.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

struct Input {
  std::string title;
  std::string text;
  bool inetd = false;
  bool as_xinetd = false;
};

std::string x(const std::string& lines) { return service("x", 9000, lines); }
std::string bare(const std::string& lines, const std::string& name = "x") { return entry(name, lines); }
/// A plain service without one of its lines.
std::string without(const std::string& attribute, const std::string& more = "") {
  std::string kept;
  std::istringstream lines(plain);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with(attribute + " ")) kept += line + "\n";
  return entry("x", kept + more);
}
std::string many(std::size_t count, const std::string& prefix) {
  std::string words;
  for (std::size_t i = 0; i < count; ++i)
    words += " " + prefix + (prefix.ends_with(':') ? "" : std::to_string(i / 256) + ".") + std::to_string(i % 256);
  return words;
}
const std::string behind_tcpmux = "type = TCPMUX UNLISTED\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n";
const std::string rpc = "type = RPC\nsocket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\n";

std::vector<Input> grammar() {
  return {
      {"a misspelt keyword", "servcie x\n{\nnice = 3\n}\n"},
      {"a misspelt defaults entry", "defualts\n{\nonly_from = 10.0.0.1\n}\n" + x("")},
      {"a stray word", "word\n" + x("")},
      {"a stray brace", x("") + "}\n"},
      {"lines behind the closing brace", x("") + "only_from = 10.0.0.1\n}\n"},
      {"a service without a name", "service\n{\nnice = 3\n}\n"},
      {"an include without a path", "include\n"},
      {"a brace on the line of the keyword", "service x {\nnice = 3\n}\n"},
      {"no opening brace", "service x\nnice = 3\n}\n"},
      {"no closing brace before another entry", "service x\n{\nnice = 3\n" + service("y", 2)},
      {"no closing brace at the end", "service x\n{\nnice = 3\n"},
      {"two defaults entries", defaults("instances = 3\n") + defaults("banner = /b") + x("")},
      {"a colon for an operator", x("nice: 3")},
      {"no operator", x("nice 3")},
      {"an operator of another language", x("nice := 3")},
      {"no space before the operator", x("nice=3")},
      {"nothing behind a name", x("nice")},
      {"company for a closing brace", "service x\n{\nnice = 3\n} # end\n}\n"},
      {"an include inside an entry", x("include /etc/more")},
      {"a backslash that continues nothing", x("server_args = -a \\\n-b -c")},
      {"a backslash at the end of a list", x("server_args = -a \\")},
      {"a byte order mark", "\xef\xbb\xbf" + x("")},
      {"CR LF", "service x\r\n{\r\ndisable = yes\r\n}\r\n"},
      {"a byte order mark and CR LF", "\xef\xbb\xbfservice x\r\n{\r\ndisable = yes\r\n}\r\n"},
      {"UTF-16", "\xff\xfes"},
  };
}

std::vector<Input> files() {
  return {
      {"files that are not there", "include /none\nincludedir /nodir\n"},
      {"a directory that is included as a file", "include /d\n"},
      {"a file that includes itself", "include /etc/xinetd.conf\n"},
      {"files that nest too deep", "include /deep/0\n"},
      {"a file that everybody may write", "include /loose\n"},
      {"what a directory passes over", "includedir /d\n"},
      {"a directory with many leftovers", "includedir /many\n"},
  };
}

std::vector<Input> lines() {
  return {
      {"an unknown attribute", x("frobnicate = 1")},
      {"one that is nearly known", x("bannr = 1")},
      {"one that is nearly a restriction", x("only_form = 10.0.0.1")},
      {"the same in the defaults", defaults("only_form = 10.0.0.1") + x("")},
      {"an unknown attribute in the defaults", defaults("frobnicate = 1") + x("")},
      {"one of services in the defaults", defaults("server = /bin/server") + x("")},
      {"one of the defaults in a service", x("enabled = x")},
      {"twice the same", x("nice = 3\nnice = 4")},
      {"too many values", x("nice = 3 4")},
      {"too many values of a restriction", x("instances = 3 4")},
      {"two addresses", x("bind = 127.0.0.1 127.0.0.2")},
      {"too few values", x("cps = 3")},
      {"no value", x("flags =")},
      {"an operator that it does not take", x("nice += 3")},
      {"the same for a restriction", x("instances += 3")},
      {"env cannot lose", x("env -= A")},
      {"a comment behind a value", x("instances = 3 # three")},
      {"a comment behind what is disabled", defaults("disabled = y # not x") + x("")},
      {"a comment behind arguments", x("server_args = -a # b")},
      {"a comment in a value", x("instances = 3#three")},
      {"quotes", x("banner = \"/etc/motd\"\nserver_args = -c \"a b\"\ninstances = \"3\"")},
      {"a bad value in the defaults", defaults("log_on_failure = HOST RECORD\nfrobnicate = 1") + x("")},
      {"a restriction in the defaults that cannot be read", defaults("only_from 10.0.0.1") + x("")},
      {"mistakes in what is switched off", x("disable = yes\nnice = 99\nserver = /none\ngarbage")},
  };
}

std::vector<Input> bad_values() {
  std::vector<Input> all;
  for (const std::string line :
       {"wait = maybe", "groups = on", "disable = true", "v6only = 0", "type = UNLISTET", "type = HOMEMADE", "flags = REUSE,NAMEINARGS",
        "flags = NODELY", "socket_type = tcp", "socket_type = packet", "protocol = foo", "protocol = UDP", "user = bob", "group = bobs",
        "umask = 9", "umask = 1777", "nice = -25", "nice = 99", "instances = many", "per_source = many", "cps = a 10", "cps = 10 a",
        "cps_window = 0", "fleet_per_source = 0", "fleet_per_source = few", "fleet_rate = 10", "fleet_rate = 10/week", "fleet_rate = 0/minute", "linger = 3601", "linger = long", "linger = 5#short", "per_source_rate = a 10",
        "per_source_rate = 10 a", "max_load = high", "max_load = -1", "max_load = 3x",
        "port = 70000", "rpc_version = 3-1", "rpc_number = x", "deny_time = soon", "backlog = 0", "access_times = 9-17",
        "access_times = 9:00-25:00", "access_times = 17:00-16:30", "access_policy = first", "pass_fds = all", "stderr = syslog", "server = server",
        "server = in.telnetd", "server = nosuch", "server = /none", "server = /bin", "server = ./server", "server = /etc/xinetd.conf", "redirect = host:80 80", "redirect = a..b 80",
        "redirect = 10.0.0.1 99999", "redirect = 10.0.0.1 nothing", "log_type = PIPE x", "log_type = FILE", "log_type = FILE /l 9x",
        "log_type = FILE /l 9 x", "log_type = FILE /l 9 8", "log_type = SYSLOG", "log_type = SYSLOG kernel", "log_type = SYSLOG daemon loud",
        "event_log = PIPE x", "event_log = FILE", "event_log = FILE a b", "event_log = JOURNAL x", "log_on_success = PIDS", "log_on_failure = HOSTS", "env = A", "passenv = NOWHERE", "rlimit_as = big", "rlimit_cpu = 1m",
        "rlimit_data = big", "rlimit_rss = big", "rlimit_stack = big", "rlimit_files = big", "only_from = 10.0.0.1,10.0.0.2",
        "only_from = 192.168.1.*", "only_from = nowhere.example", "no_access = nowhere.example", "only_from = 10.0.0.0/33",
        "only_from = ::/129", "only_from = 10.{1,2}.3", "only_from = a.{1}", "only_from = 10.{1,,2}", "only_from = 10.{1,300}"})
    all.push_back({line, line.starts_with("wait") || line.starts_with("type") || line.starts_with("socket_type") || line.starts_with("user") ||
                                 line.starts_with("port ") || line.starts_with("server =")
                             ? without(line.substr(0, line.find(' ')), line)
                             : x(line)});
  all.push_back({"reload_policy = hard", defaults("reload_policy = hard")});
  for (const std::string line : {"ban_limit = many", "ban_limit = 0", "ban_limit = 16000000", "ban_nft = bridge filter banned", "ban_nft = inet 2nd banned",
                                 "ban_nft = inet filter b@d", "ban_nft = inet filter", "ban_nft = inet filter banned"}) all.push_back({line, defaults(line)});
  all.push_back({"ban_nft, which is not permitted", defaults("ban_nft = inet filter banned")});
  for (const std::string line : {"ban_limit = many", "ban_limit = 0", "ban_limit = 16000000", "ban_share = /run/redis.sock", "ban_share = redis://user:secret@store",
                                 "ban_share = redis://store:0", "ban_share = redis://[::1", "ban_share = redis://[192.0.2.1]", "ban_share = redis://[::1]6379",
                                 "ban_share = redis://a_store!", "ban_share = redis://store/two", "ban_share = redis://@store", "ban_share = sentinel://store",
                                 "ban_share = sentinel://store/a*b", "ban_share = sentinels://store/mymaster/x",
                                 "ban_share = redis://a redis://b redis://c redis://d redis://e redis://f redis://g redis://h redis://i redis://j redis://k "
                                 "redis://l redis://m redis://n redis://o redis://p redis://q",
                                 "ban_share_password = password", "ban_share_ca = ca.pem", "ban_crowdsec = lapi:8080 /key", "ban_crowdsec = http://a:0 /key",
                                 "ban_crowdsec = http://user:secret@a /key", "ban_crowdsec = http://a/x?y /key", "ban_crowdsec = http:unix:lapi /key",
                                 "ban_crowdsec = http://a/<x> /key", "ban_crowdsec = http://a key", "ban_crowdsec = http://a", "ban_crowdsec_ca = ca.pem"}) all.push_back({line, defaults(line)});
  all.push_back({"removed_sessions = kill", defaults("removed_sessions = kill")});
  all.push_back({"two log_types in the defaults", defaults("log_type = FILE /a\nlog_type = FILE /b")});
  return all;
}

std::vector<Input> whole_services() {
  return {
      {"no wait", without("wait")},
      {"no user", without("user")},
      {"no server", without("server")},
      {"no socket_type", without("socket_type")},
      {"neither socket_type nor port", bare("wait = no\nuser = root\nserver = /bin/server")},
      {"raw without a protocol", bare("socket_type = raw\nwait = yes\nuser = root\nserver = /bin/server")},
      {"a protocol that says nothing of sockets", bare("protocol = icmp\nwait = yes\nuser = root\nserver = /bin/server")},
      {"no port", without("port")},
      {"not in /etc/services", without("type")},
      {"not in /etc/services, and no port", bare("socket_type = stream\nwait = no\nuser = root\nserver = /bin/server")},
      {"another port than /etc/services", bare("port = 2121\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server", "ftp")},
      {"a datagram server that does not wait", bare("type = UNLISTED\nport = 1\nsocket_type = dgram\nwait = no\nuser = root\nserver = /bin/server")},
      {"raw that does not wait", bare("type = UNLISTED\nport = 1\nsocket_type = raw\nprotocol = icmp\nwait = no\nuser = root\nserver = /bin/server")},
      {"seqpacket over tcp", bare("type = UNLISTED\nport = 1\nsocket_type = seqpacket\nprotocol = tcp\nwait = no\nuser = root\nserver = /bin/server")},
      {"stream over udp", x("protocol = udp")},
      {"an internal service that there is not", bare("type = INTERNAL UNLISTED\nport = 1\nsocket_type = stream\nwait = no")},
      {"an internal service under another name", bare("type = INTERNAL UNLISTED\nport = 13\nsocket_type = dgram\nwait = yes", "daytime-udp")},
      {"an internal service over udp that is for tcp", bare("type = INTERNAL UNLISTED\nport = 1\nsocket_type = dgram\nwait = yes", "tcpmux")},
      {"a sensor that waits", bare("type = UNLISTED\nflags = SENSOR\nport = 1\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/server")},
      {"tcpmux without UNLISTED", bare("type = TCPMUX\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server")},
      {"tcpmux over udp", bare("type = TCPMUX UNLISTED\nsocket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server")},
      {"TRAFFIC without redirect", x("log_on_success = TRAFFIC")},
      {"a redirect of datagrams", bare("type = UNLISTED\nport = 1\nsocket_type = dgram\nwait = no\nuser = root\nredirect = 127.0.0.1 80")},
      {"a redirect that waits", bare("type = UNLISTED\nport = 1\nsocket_type = stream\nwait = yes\nuser = root\nredirect = 127.0.0.1 80")},
      {"a redirect with NAMEINARGS", x("redirect = 127.0.0.1 80\nflags = NAMEINARGS")},
      {"an internal service with NAMEINARGS", bare("type = INTERNAL\nflags = NAMEINARGS\nsocket_type = stream\nwait = no", "echo")},
      {"NAMEINARGS without arguments", x("flags = NAMEINARGS")},
      {"labels for what waits", bare("type = UNLISTED\nport = 1\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\nflags = LABELED")},
      {"pass_fds for what does not wait", x("pass_fds = systemd")},
      {"stderr of what starts no program", x("stderr = discard\nredirect = 127.0.0.1 80")},
      {"stderr without a log", x("stderr = log")},
      {"INTERCEPT where it does nothing", x("flags = INTERCEPT")},
      {"INTERCEPT of an internal service", bare("type = INTERNAL\nflags = INTERCEPT\nsocket_type = dgram\nwait = yes", "echo")},
      {"both families", x("flags = IPv4 IPv6")},
      {"USERID for an identity server", bare("socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\nlog_on_success = USERID", "auth")},
      {"groups of a number", bare("type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\nuser = 4242\ngroups = yes\nserver = /bin/server")},
      {"RPC without a version", bare(rpc)},
      {"RPC without a number", bare(rpc + "rpc_version = 1")},
      {"unlisted RPC without a number", bare("type = RPC UNLISTED\nsocket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\nrpc_version = 1")},
      {"an IPv6 address under the IPv4 flag", x("bind = ::1\nflags = IPv4")},
      {"what belongs in the defaults", x("disabled = yes")},
      {"what belongs in an entry", defaults("disable = x y") + x("")},
      {"a name that leads nowhere", x("bind = nowhere.example")},
      {"no address and no name", x("bind = 10.0.0.300")},
      {"all addresses", x("bind = *")},
      {"an address with a prefix", x("bind = 10.0.0.1/24")},
      {"an address in brackets", x("bind = [::1]")},
      {"an address with its port", x("bind = 127.0.0.1:80")},
      {"an interface for an address", x("bind = eth0")},
      {"the same in the defaults", defaults("bind = eth0") + x("")},
      {"two entries for one port", service("a", 5) + service("b", 5, "bind = 127.0.0.2")},
      {"two entries with one id", x("") + x("")},
      {"two entries for one RPC program", bare("id = a\nrpc_version = 1-2\n" + rpc, "rstatd") + bare("id = b\nrpc_version = 2\n" + rpc, "rstatd")},
      {"two entries for one name of tcpmux", bare("id = a\n" + behind_tcpmux) + bare("id = b\n" + behind_tcpmux)},
      {"no wait for datagrams", bare("type = UNLISTED\nport = 1\nsocket_type = dgram\nuser = root\nserver = /bin/server")},
      {"an entry for each family", service("a", 5) + service("b", 5, "flags = IPv4")},
      {"an entry beside one for IPv4", service("a", 5, "flags = IPv4") + service("b", 5)},
  };
}

std::vector<Input> suspects() {
  const std::string waits = "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\n";
  return {
      {"lists that overlap", x("only_from = 10.0.0.1 10.1.0.0/16\nno_access = 10.0.0.0/16 10.1.2.0/24")},
      {"lists that overlap, and the best match wins",
       x("access_policy = best_match\nonly_from = 10.0.0.1\nno_access = 10.0.0.0/16")},
      {"lists that overlap often", x("only_from =" + many(14, "10.0.") + "\nno_access = 10.0.0.0/8")},
      {"peers that cannot come", x("flags = IPv4\nonly_from = ::1")},
      {"some peers that cannot come", x("flags = IPv4\nonly_from = ::1 10.0.0.1")},
      {"many peers that cannot come", x("flags = IPv4\nonly_from = 10.0.0.1" + many(12, "2001:db8::"))},
      {"lists of what accepts by itself", bare("type = INTERNAL\nsocket_type = stream\nwait = yes\nonly_from = 10.0.0.1", "echo")},
      {"names of peers that nobody has looked up", bare(waits + "only_from = localhost\nno_access = .example.com")},
      {"lists that may be too long", bare(waits + "only_from =" + many(1100, "10.0."))},
      {"users where nobody comes over a UNIX socket", x("only_uid = root")},
      {"machines where nobody comes over a vsock socket", x("only_cid = 3")},
      {"users beside peers over IP", x("listen = unix:/run/x\nonly_uid = root")},
      {"addresses for peers over UNIX and vsock sockets", x("listen = unix:/run/x vsock:any:99\nonly_from = 10.0.0.1")},
      {"users whom nobody compares", bare(waits + "listen = unix:/run/x\nonly_uid = root")},
      {"machines that nobody compares", bare(waits + "listen = vsock:any:99\nonly_cid = 3")},
      {"addresses that nobody compares", bare(waits + "listen = unix:/run/x\nonly_from = 10.0.0.1")},
      {"values that look like something else", x("only_from = 10.77 10.0.0.0/255.0.0.0 192.168.1.5/24 ::")},
      {"a server that others may change", without("server", "server = /bin/open")},
      {"a server of somebody else", without("server", "server = /bin/alices")},
      {"a server with the rights of the worker", without("user", "user = xsuperd-worker")},
      {"a server that nobody starts", bare("type = INTERNAL\nsocket_type = stream\nwait = no\nserver = /bin/open", "echo")},
      {"a server of a group", without("server", "server = /bin/groups")},
  };
}

std::vector<Input> inetd_lines() {
  std::vector<Input> all;
  for (const std::string line :
       {"ftp", "ftp stream", "ftp stream tcp", "ftp stream tcp nowait", "ftp stream tcp nowait root", "ftp stream tcp nowait root \"/bin/sh", "ftp stream tcp nowait root '/bin/sh'x", ".include /more", ".other",
        "#@ in ipsec esp", "ftp stream unix nowait root /bin/sh", "/run/ stream unix nowait root /bin/sh", "/run/x dgram unix6 wait root /bin/sh",
        "/run/x/1 dgram rpc/unix wait root /bin/sh", "'/run/a b' stream unix nowait root /bin/sh", "/run/echo stream unix nowait root internal", "/run/x raw unix wait root /bin/sh",
        ":root:root:999:/run/x stream unix nowait root /bin/sh", ":root:/run/x stream unix nowait root /bin/sh", "ftp stream tcp,sndbuf nowait root /bin/sh", "ftp stream tcp,rcvbuf=1 nowait root /bin/sh", "ftp stream tcp/x nowait root /bin/sh",
        "rstatd dgram rpc/udp wait root /bin/sh", "tcpmux/ stream tcp nowait root /bin/sh", "127.0.0.1:tcpmux/x stream tcp nowait root /bin/sh",
        "tcpmux/x stream tcp wait root /bin/sh", "127.0.0.1: stream tcp nowait root /bin/sh", "rpc dgram udp wait root /bin/sh 100068 2-5 x",
        "/run/x stream tcp nowait root /bin/sh", "ftp/2 stream tcp nowait root /bin/sh", "ftp stream:f tcp nowait root /bin/sh",
        "ftp stream,x tcp nowait root /bin/sh", "ftp stream,3 tcp nowait/3 root /bin/sh", "ftp stream tcp nowait/1/2/3/4 root /bin/sh",
        "ftp stream tcp wait/3 root /bin/sh", "ftp stream tcp now root /bin/sh", "ftp stream tcp nowait root/staff /bin/sh",
        "ftp stream tcp nowait :wheel /bin/sh", "ftp stream tcp nowait root: /bin/sh", "ftp stream tcp nowait '' /bin/sh",
        "ftp stream tcp nowait root /usr/sbin/tcpd", "ftp stream tcp nowait root /usr/sbin/tcpd /", "ftp stream tcp nowait root /usr/sbin/tcpd /bin/sh",
        ":ftp stream tcp nowait root /bin/sh", "127.0.0.1:ftp stream tcp6 nowait root /bin/sh", "nowhere:ftp stream tcp nowait root /bin/sh",
        "ftp stream tcp nowait root ftpd ftpd -l", "ftp on protocol = tcp", "ftp on protocol = tcp, x = y, exec = /bin/sh;", "ftp on protocol;",
        "ftp on =;", "ftp on protocol = tcp, exec = \"/bin;", "ftp on protocol = \"\\q\";", "ftp on protocol = tcp, wait = maybe;",
        "ftp on acceptfilter = x;", "ftp on protocol = tcp udp;", "1.2.3.4:ftp on bind = ::1;", "ftp on wait = no;",
        "ftp stream tcp nowait root /bin/sh\nftp stream tcp nowait root /bin/sh"})
    all.push_back({"inetd: " + line, line + "\n", true});
  return all;
}

/// A stream service that listens there alone.
std::string listen(const std::string& element) {
  return bare("socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\nlisten = " + element + "\n");
}

/// Places of services, and options of their sockets.
std::vector<Input> places() {
  const std::string datagrams = "socket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\n";
  std::string many_places = "tcp:127.0.0.1:1";
  for (int i = 2; i <= 65; ++i) many_places += " tcp:127.0.0.1:" + std::to_string(i);
  return {
      {"listen: a port alone", listen("7001")},
      {"listen: a path alone", listen("/run/x")},
      {"listen: a misspelt kind", listen("tpc:127.0.0.1:80")},
      {"listen: no port", listen("tcp:127.0.0.1")},
      {"listen: port 0", listen("tcp:127.0.0.1:0")},
      {"listen: an IPv6 address without brackets", listen("tcp:::1:80")},
      {"listen: a name for an address", listen("tcp:localhost:80")},
      {"listen: a relative path", listen("unix:x")},
      {"listen: a directory", listen("unix:/run/")},
      {"listen: a path that is too long", listen("unix:/" + std::string(107, 'x'))},
      {"listen: a vsock port alone", listen("vsock:99")},
      {"listen: a word for a context id", listen("vsock:x:99")},
      {"listen: vsock port 0", listen("vsock:any:0")},
      {"listen: a socket without a name", listen("fd:")},
      {"listen: a network without ports", listen("any:203.0.113.0/24")},
      {"listen: any address for a network", listen("any:*:1-2")},
      {"listen: a prefix length that is too great", listen("any:203.0.113.0/33:1-2")},
      {"listen: host bits in a network", listen("any:203.0.113.1/24:1-2")},
      {"listen: ports the wrong way round", listen("any:203.0.113.0/24:2-1")},
      {"listen: a stream among datagrams", bare(datagrams + "listen = tcp:127.0.0.1:80")},
      {"listen: datagrams among streams", listen("udp:127.0.0.1:80")},
      {"listen: vsock for datagrams", bare(datagrams + "listen = vsock:any:9")},
      {"listen: a range for datagrams", bare("id = x\nsocket_type = dgram\nwait = no\ntype = INTERNAL\nlisten = any:127.0.0.0/8:1-2", "echo")},
      {"listen: a range for a server that waits", bare("socket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\nlisten = any:127.0.0.0/8:1-2")},
      {"listen: an internal service over datagrams with a path", bare("socket_type = dgram\nwait = yes\ntype = INTERNAL\nlisten = unix:/run/x", "echo")},
      {"listen: behind tcpmux", bare(behind_tcpmux + "listen = unix:/run/x")},
      {"listen: an RPC service", bare(rpc + "rpc_version = 1\nrpc_number = 300001\ntype = UNLISTED\nlisten = udp:127.0.0.1:9")},
      {"listen: nothing is left", listen("unix:/run/x\nlisten -= unix:/run/x")},
      {"listen: too many", listen(many_places)},
      {"listen: one place twice", listen("tcp:*:80 tcp:127.0.0.1:80")},
      {"listen: a range, which the kernel has not", listen("any:127.0.0.0/8:1-2")},
      {"listen: a range, which is not permitted", listen("any:127.0.0.0/8:1-2")},
      {"mptcp for a server that waits", bare("socket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\nlisten = tcp:*:80\nmptcp = yes")},
      {"bind_device for a service manager's socket", listen("fd:web\nbind_device = lo")},
      {"users among datagrams", bare(datagrams + "listen = unix:/run/x\nonly_uid = root")},
      {"bind_device", x("bind_device = a/b")},
      {"conn_env", x("conn_env = most")},
      {"defer_accept", x("defer_accept = soon")},
      {"expand", x("expand = maybe")},
      {"freebind", x("freebind = maybe")},
      {"keepalive", x("keepalive = 1 2 soon")},
      {"mark", x("mark = red")},
      {"mptcp", x("mptcp = maybe")},
      {"only_cid", x("only_cid = host")},
      {"send_buffer", x("send_buffer = much")},
      {"tos", x("tos = cs9")},
  };
}

/// Rates, queues, penalties and times.
std::vector<Input> limits() {
  std::vector<Input> all;
  for (const std::string line :
       {"rate = 10", "rate = 0/second", "rate = many/second", "rate = 10/fortnight", "rate = 10/second none", "per_source_rate = 10",
        "per_source_rate = 10/week", "source_prefix = 33 64", "source_prefix = 24 0", "source_prefix = 24", "limit_exempt = .example.com",
        "limit_exempt = 10.0.0.0/33", "queue = many", "queue = 10 long", "penalty = exit", "penalty = exit=soon", "penalty = signal:9=10s",
        "penalty = exit:256=10s", "penalty = fork=1m", "penalty_range = 10m 15s", "penalty_range = a 10m", "penalty_range = 15s",
        "ban_on = fork", "ban_on = exit:256", "ban_on = exit:1:2", "ban_on = exit:1/1m:2", "ban_on = refused:10", "ban_on = refused:10/2d", "ban_on = refused:",
        "ban_on = signal:9:1/1m", "ban_on = sensor:2/1m", "ban_on = penalty", "ban_time = soon", "ban_time = 10m 2 1d", "ban_time = 10m x2",
        "ban_time = 1d x2 10m", "ban_prefix = 33 64", "ban_prefix = 24", "ban_exempt = .example.com",
        "memory_max = 1", "tasks_max = none", "cpu_quota = 50", "cpu_weight = 0", "swap_max = much", "service_memory_max = 1X",
        "service_tasks_max = 0", "service_cpu_quota = half",
        "proxy_from = .example.com", "proxy_from = 10.0.0.0/33", "proxy_timeout = 0", "proxy_timeout = 2h", "real_peer = maybe", "real_peer = yes", "redirect_proxy = v3", "redirect_proxy = v1",
        "runtime_max = 0", "runtime_max = 31d", "idle_timeout = never", "first_data_timeout = 5w", "kill_grace = 2h"})
    all.push_back({line, x(line)});
  const std::string waits = "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/sh\n";
  for (const std::string line : {"queue = 10", "rate = 10/s", "penalty = exit=10s", "ban_on = refused", "idle_timeout = 5m", "proxy_from = 10.0.0.1", "real_peer = yes"})
    all.push_back({line + ", of a server that waits", bare(waits + line)});
  all.push_back({"everybody is a proxy", x("proxy_from = 0.0.0.0/0")});
  all.push_back({"proxies of datagrams", bare("type = INTERNAL\nsocket_type = dgram\nwait = yes\nproxy_from = 10.0.0.1", "echo")});
  all.push_back({"proxies behind tcpmux", bare("type = TCPMUX UNLISTED\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/sh\nproxy_from = 10.0.0.1")});
  all.push_back({"queue of datagrams", bare("type = INTERNAL\nsocket_type = dgram\nwait = yes\nqueue = 10", "echo")});
  all.push_back({"first_data_timeout over a UNIX socket", x("listen = unix:/run/x\nfirst_data_timeout = 5")});
  all.push_back({"labels without new privileges", x("flags = LABELED\nno_new_privileges = yes")});
  all.push_back({"idle_timeout beside mptcp", x("mptcp = yes\nidle_timeout = 5m")});
  return all;
}

/// What confines servers.
std::vector<Input> confinement() {
  std::vector<Input> all;
  for (const std::string line :
       {"capabilities = CAP_CHWN", "capabilities = xyzzy", "capabilities = none CAP_CHOWN", "capabilities = CAP_CHOWN ~CAP_BPF", "capabilities -= CAP_CHOWN",
        "capabilities += ~CAP_CHOWN", "no_new_privileges = maybe", "sandbox = full", "private_tmp = 1", "private_devices = 1",
        "private_network = 1", "private_pids = 1", "private_ipc = 1", "dynamic_user = 1", "box_reuse = 1", "root_directory = jail", "read_only_paths = /a b",
        "read_write_paths = /a/../b", "inaccessible_paths = .", "user_namespace = 1", "user_namespace = yes", "private_tmp = yes\nread_only_paths = /tmp/x", "box_reuse = yes", "box_reuse = yes\nprivate_pids = yes",
        "box_reuse = yes\nprivate_pids = yes\nsystem_calls = @strict", "dynamic_uids = 5-6", "system_calls = @servce",
        "system_calls = @service @strict", "system_calls = @service mount", "system_calls = ~mont", "system_calls = @service ~execve",
        "system_call_action = log", "tcp_connect = 53 nosuch", "tcp_connect = none 53", "rlimit_core = big", "rlimit_fsize = big",
        "rlimit_locks = many", "rlimit_memlock = big", "rlimit_msgqueue = big", "rlimit_nice = nice", "rlimit_nproc = many",
        "rlimit_rtprio = high", "rlimit_rttime = 1s", "rlimit_sigpending = many"})
    all.push_back({line, x(line)});
  all.push_back({"new privileges and a filter", x("system_calls = @service\nno_new_privileges = no")});
  all.push_back({"sandbox of an internal service", bare("type = INTERNAL\nsocket_type = stream\nwait = no\nsandbox = basic", "echo")});
  all.push_back({"a filter, and a kernel that has none", x("system_calls = @service")});
  all.push_back({"ports to connect to, and a kernel that has no rules for them", x("tcp_connect = 53")});
  all.push_back({"user ids that are somebody's", defaults("dynamic_uids = 5-6") + x("")});
  all.push_back({"user ids the other way round", defaults("dynamic_uids = 6000-5000") + x("")});
  all.push_back({"a strict sandbox for root", x("sandbox = strict")});
  all.push_back({"a box, and somebody who cannot make one", x("private_tmp = yes")});
  const std::string alice = "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\nuser = alice\nserver = /bin/sh\n";
  all.push_back({"a user namespace, and a kernel that has none", bare(alice + "user_namespace = yes")});
  all.push_back({"capabilities in a user namespace", bare(alice + "user_namespace = yes\ncapabilities = net_raw")});
  for (const std::string lines : {"read_only_paths = /", "read_only_paths = /srv\nsystem_calls = @strict", "read_only_paths = / /srv/a\nread_write_paths = /srv\nsystem_calls = @strict",
                                  "read_only_paths = /\ninaccessible_paths = /home\nsystem_calls = @strict"})
    all.push_back({"no boxes: " + lines, bare(alice + lines)});
  all.push_back({"no boxes, and Landlock", bare(alice + "read_only_paths = /\nsystem_calls = @strict")});
  all.push_back({"no boxes, and no Landlock", bare(alice + "read_only_paths = /\nsystem_calls = @strict")});
  std::string many = "inaccessible_paths =";
  for (int i = 0; i < 600; ++i) many += " /srv/" + std::string(95, 'x') + std::to_string(i);
  all.push_back({"more paths than a box takes", bare(alice + many)});
  return all;
}

/// conn_env, expand, and redirects to UNIX sockets.
std::vector<Input> connections() {
  std::vector<Input> all;
  for (const std::string word : {"%d", "100%", "%{remote_addr", "%{remote_adr}", "%{xyz}", "%{}"})
    all.push_back({"expand with " + word, x("expand = yes\nserver_args = -a " + word)});
  const std::string waits = "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/sh\n";
  all.push_back({"expand for what waits", bare(waits + "expand = yes")});
  all.push_back({"expand of an internal service", bare("type = INTERNAL\nsocket_type = stream\nwait = no\nexpand = yes", "echo")});
  all.push_back({"conn_env for what waits", bare(waits + "conn_env = all")});
  all.push_back({"conn_env = every", x("conn_env = every")});
  for (const std::string target : {"unix:/run/x 80", "unix:run/x", "unix:/run/", "unix:", "/run/x", "@x", "127.0.0.1"})
    all.push_back({"redirect = " + target, x("redirect = " + target)});
  return all;
}

/// TLS. What is wrong with a file is OpenSSL's to say: see tests/tls.
std::vector<Input> tls_lines() {
  std::vector<Input> all;
  const std::string yes = "tls = yes\ntls_cert = /c\n";
  for (const std::string line : {"tls = perhaps", "tls_cert = cert.pem", "tls_key = key.pem", "tls_client_ca = ca.pem", "tls_client_crl = crl.pem", "tls_sni = a.example",
                                 "tls_sni = /c /k", "tls_sni = localhost /c", "tls_sni_strict = 1", "only_cert = Jo", "tls_versions = 1.1", "tls_client_cert = maybe",
                                 "tls_timeout = 0", "only_cert = cn:Jo", "tls_client_ca = /c", "tls_client_ca = /c\nonly_cert = cn:Jo\ntls_client_cert = optional",
                                 "banner = /b", "flags = LABELED", "flags = SENSOR", "tls_key = /nothing", "tls_key = /huge", "tls_handover = kernel", "tls_handover = maybe"})
    all.push_back({line + ", with TLS", x(line + "\n" + yes)});
  const std::string relay = "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\nuser = root\n";
  for (const std::string line : {"redirect_tls = maybe", "redirect_tls = yes /c", "redirect_tls = verify c.pem", "redirect_tls = verify /nothing"})
    all.push_back({line, bare(relay + "redirect = 192.0.2.1 80\n" + line + "\n")});
  all.push_back({"redirect_tls to a UNIX socket", bare(relay + "redirect = unix:/run/x.sock\nredirect_tls = yes\n")});
  all.push_back({"redirect_tls in vain", x("redirect_tls = yes")});
  all.push_back({"TLS without a certificate", x("tls = yes")});
  all.push_back({"a certificate without TLS", x("tls_cert = /c")});
  all.push_back({"tls_alpn", x(yes + "tls_alpn = " + std::string(256, 'a'))});
  const std::string waits = "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/sh\n";
  all.push_back({"TLS for what waits", bare(waits + yes)});
  all.push_back({"TLS with a key that everybody can read", x(yes)});
  all.push_back({"TLS for everybody, with certificates of some", x(yes + "tls_client_ca = /c\ntls_client_cert = optional")});
  all.push_back({"a name without a certificate", x(yes + "tls_sni = a.example b.example /c")});
  all.push_back({"TLS for datagrams", bare("type = INTERNAL\nsocket_type = dgram\nwait = yes\n" + yes, "echo")});
  all.push_back({"TLS behind tcpmux", bare("type = TCPMUX UNLISTED\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/sh\n" + yes)});
  all.push_back({"TLS and RPC", bare("type = RPC UNLISTED\nrpc_version = 1\nrpc_number = 300001\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/sh\n" + yes)});
  return all;
}

void furnish(World& w) {
  w.files.texts["/c"] = "-----BEGIN X-----\n-----END X-----\n";
  w.files.texts["/huge"] = std::string(1'100'000, 'x');
  w.names.users.push_back({"alice", 1000, 100});
  for (const std::string path : {"/bin/sh", "/usr/sbin/in.telnetd", "/usr/sbin/tcpd", "/bin/open", "/bin/alices", "/bin/groups"})
    w.files.programs.insert(path);
  w.files.programs.insert("./server");
  w.files.texts["/loose"] = "";
  w.files.statuses["/loose"].mode = 0666;
  w.names.users.push_back({"xsuperd-worker", 999, 999});
  w.files.statuses["/bin/open"].mode = 0777;
  w.files.statuses["/bin/alices"].owner = 1000;
  w.files.statuses["/bin/groups"].mode = 0775;
  w.files.statuses["/bin/groups"].group = 100;
  w.files.texts["/d/x.conf"] = w.files.texts["/d/x~"] = w.files.texts["/d/sub/inner"] = "";
  w.files.others.insert("/d/fifo");
  w.files.dangling.insert("/d/dangling");
  w.files.unreadable.insert("/d/unreadable");
  for (int i = 0; i < 12; ++i) w.files.texts["/many/" + std::to_string(i) + "~"] = "";
  for (int i = 0; i < 40; ++i) w.files.texts["/deep/" + std::to_string(i)] = "include /deep/" + std::to_string(i + 1) + "\n";
}

/// What --as-xinetd adds.
std::vector<Input> read_by_xinetd() {
  const std::string only_listen = "socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\nlisten = tcp:127.0.0.1:7001\n";
  const std::string waits = "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\nno_access = 10.0.0.1\n";
  std::vector<Input> all{
      {"restrictions that xinetd ignores", x("no_new_privileges = yes\nruntime_max = 1h\nlisten = unix:/run/x\nsocket_mode = 600")},
      {"a restriction of the defaults that xinetd ignores", defaults("rate = 9/second\nreload_policy = strict") + x("") + service("y", 9001)},
      {"a time of day that xinetd does not know", x("access_times = 22:00-6:00")},
      {"a load that xinetd refuses", x("max_load = 0")},
      {"elements that xinetd reads otherwise", x("only_from = ::/0\nno_access = 10.0.0.0/255.0.0.0") + service("y", 9001, "no_access = 2001:db8::1/128")},
      {"a redirect that xinetd does not know", entry("r", "type = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nuser = root\nredirect = unix:/run/x\n")},
      {"an entry that xinetd opens elsewhere", entry("ftp", only_listen)},
      {"an entry without a port for xinetd", entry("unheard", only_listen)},
      {"an unlisted entry without a port for xinetd", entry("u", "type = UNLISTED\n" + only_listen)},
      {"an entry without a socket type for xinetd", entry("ftp", "wait = no\nuser = root\nserver = /bin/server\nlisten = tcp:127.0.0.1:7001\n")},
      {"an entry without a protocol for xinetd", entry("ftp", "socket_type = seqpacket\nwait = no\nuser = root\nserver = /bin/server\nlisten = unix:/run/x\n")},
      {"defaults that xinetd applies to what follows", x("") + defaults("only_from = 10.0.0.0/8\nv6only = yes")},
      {"a list that xinetd does not apply", entry("w", waits)},
  };
  for (Input& one : all) one.as_xinetd = true;
  return all;
}

std::string said_of(const Input& input) {
  World w;
  furnish(w);
  Sources sources;
  w.files.texts[input.inetd ? inetd_file : main_file] = input.text;
  if (input.inetd)
    sources.inetd = {inetd_file};
  else
    sources.main = main_file;
  const Abilities no_kernel{.mdns = [] { return Abilities::Mdns::not_built; }, .labels = [] { return Abilities::Labels::not_in_kernel; },
                            .ranges = [&input] {
                              const bool permitted = !input.title.ends_with("not permitted");
                              return permitted ? Abilities::Ranges::not_in_kernel : Abilities::Ranges::not_permitted;
                            },
                            .filters = [&input] {
                              return input.title.starts_with("no boxes") ? Abilities::Filters::usable : Abilities::Filters::not_in_kernel;
                            },
                            .connects = [] { return Abilities::Connects::not_in_kernel; },
                            .file_rules = [&input] {
                              return input.title.ends_with("no Landlock") ? Abilities::FileRules::not_in_kernel : Abilities::FileRules::usable;
                            },
                            .boxes = [] { return Abilities::Boxes::not_root; },
                            .user_namespaces = [] { return Abilities::UserNamespaces::not_in_kernel; },
                            .pairs = [] { return Abilities::Pairs::unix_sockets; },
                            .nftables = [&input] {
                              return input.title.ends_with("not permitted") ? Abilities::Nftables::not_permitted : Abilities::Nftables::not_in_kernel;
                            }};
  const Examined examined = examine(w.files, w.names, sources, no_kernel,
                                    input.as_xinetd ? Readers::also_xinetd : Readers::xsuperd);
  std::string text;
  std::size_t told = 0;
  for (const Diagnostic& d : examined.findings)
    if (++told <= 15) text += explained(d);
  if (told > 15) text += "... " + std::to_string(told - 15) + " more\n";
  return text + summary(examined) + "\n";
}

/// Long lines are cut, for those who read the list.
std::string list() {
  std::string text;
  for (const auto& part : {grammar(), files(), lines(), bad_values(), whole_services(), suspects(), inetd_lines(), places(), connections(), limits(), confinement(), tls_lines(), read_by_xinetd()})
    for (const Input& input : part) text += "== " + input.title + "\n" + said_of(input) + "\n";
  std::istringstream in(text);
  std::string cut;
  for (std::string line; std::getline(in, line);) cut += (line.size() > 300 ? line.substr(0, 300) + " ..." : line) + "\n";
  return cut;
}

}  // namespace

TEST_CASE("what the parser and the checks say is what the list for people has") {
  const std::string path = XSUPERD_GOLDEN "/diagnostics.txt";
  const std::string now = list();
  if (std::getenv("XSUPERD_UPDATE_GOLDEN")) std::ofstream(path) << now;
  std::ifstream file(path);
  std::ostringstream wanted;
  wanted << file.rdbuf();
  CHECK(now == wanted.str());
}

TEST_CASE("each mistake is told once") {
  for (const auto& part : {lines(), bad_values()})
    for (const Input& input : part) {
      World w;
      furnish(w);
      w.read(input.text);
      std::map<std::pair<int, int>, int> places;
      INFO(input.title);
      for (const Diagnostic& d : w.loaded.diagnostics.all())
        if (d.level <= Level::warning) CHECK(++places[{d.place.line, d.place.column}] == 1);
    }
}
