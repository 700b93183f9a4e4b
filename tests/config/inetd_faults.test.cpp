// SPDX-License-Identifier: MIT
#include "config/inetd_fixture.hpp"

// Lines of inetd.conf that cannot be honoured: refused as a whole, with the reason and its place.
using namespace xsuperd;
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
struct Fault {
  const char* line;
  const char* expected;  ///< column and how the sentence begins
};

constexpr Fault faults[]{
    {"ftp", "4 the line ends where a socket type is expected"},
    {"ftp stream", "11 the line ends where a protocol is expected"},
    {"ftp stream tcp", "15 the line ends where wait or nowait is expected"},
    {"ftp stream tcp nowait", "22 the line ends where a user is expected"},
    {"ftp stream tcp nowait root", "27 the line ends where a program is expected"},
    {"ftp strem tcp nowait root /bin/sh", "5 Bad socket type: strem"},
    {"ftp rdm tcp nowait root /bin/sh", "5 Bad socket type: rdm"},
    {"100134/1 tli rpc/ticotsord wait root /bin/sh", "18 Protocol ticotsord not in /etc/protocols"},
    {"ftp stream tpc nowait root /bin/sh", "12 Protocol tpc not in /etc/protocols"},
    {"ftp stream tcp/ttcp nowait root /bin/sh", "12 protocol tcp/ttcp is not supported"},
    {"ftp stream faith/tcp6 nowait root /bin/sh", "12 protocol faith/tcp6 is not supported"},
    {"ftp stream tcp,rcvbuf=64q nowait root /bin/sh", "23 receive_buffer is invalid: 64q"},
    {"ftp stream tcp,rcvbuf=64k,sndbuf=1 nowait root /bin/sh", "34 send_buffer is invalid: 1"},
    {"ftp stream tcp,rcvbuf nowait root /bin/sh", "16 'rcvbuf' is not an option of a protocol"},
    {"ftp stream tcp,rcvbuf=2k, nowait root /bin/sh", "26 '' is not an option of a protocol"},
    {"/run/x stream tcp nowait root /bin/sh", "1 '/run/x' is the path of a UNIX socket, and tcp is not its protocol"},
    {"/run/x stream unix4 nowait root /bin/sh", "15 Protocol unix4 not in /etc/protocols"},
    {"/run/x stream unix6 nowait root /bin/sh", "15 Protocol unix6 not in /etc/protocols"},
    {"/run/x stream unix/x nowait root /bin/sh", "15 protocol unix/x is not supported"},
    {"/run/x/1 stream rpc/unix wait root /bin/sh", "17 an RPC service has no UNIX socket"},
    {"ftp stream unix nowait root /bin/sh", "1 'ftp' is not the path of a socket"},
    {"run/x stream unix nowait root /bin/sh", "1 'run/x' is not the path of a socket"},
    {"tcpmux/x stream unix nowait root /bin/sh", "1 'tcpmux/x' is not the path of a socket"},
    {"@x stream unix nowait root /bin/sh", "1 '@x' is not the path of a socket"},
    {"/run/ stream unix nowait root /bin/sh", "1 '/run/' is a directory"},
    {"/ stream unix nowait root /bin/sh", "1 '/' is a directory"},
    {"'/run/a b' stream unix nowait root /bin/sh", "2 the path of a socket has no blanks here"},
    {":root:root:/run/x stream unix nowait root /bin/sh", "1 ':root:root:/run/x' is not the path of a socket"},
    {":root:root:660:x stream unix nowait root /bin/sh", "16 'x' is not the path of a socket"},
    {":bob:root:660:/run/x stream unix nowait root /bin/sh", "2 Unknown user: bob"},
    {":root:bobs:660:/run/x stream unix nowait root /bin/sh", "7 Unknown group: bobs"},
    {":root:root:668:/run/x stream unix nowait root /bin/sh", "12 socket_mode is invalid: 668"},
    {":root:root:1777:/run/x stream unix nowait root /bin/sh", "12 socket_mode is invalid: 1777"},
    {":root:root::/run/x stream unix nowait root /bin/sh", "12 socket_mode is invalid: "},
    {"/run/x rdm unix nowait root /bin/sh", "8 Bad socket type: rdm"},
    {"/run/x raw unix wait root /bin/sh", "8 UNIX sockets are of type stream, dgram or seqpacket"},
    {"/run/x dgram unix nowait root /bin/sh", "19 Service x has socket_type dgram, but does not wait"},
    {"/run/echo stream unix nowait root internal", "35 an internal service has no UNIX socket in inetd.conf"},
    {"ftp stream tcp no root /bin/sh", "16 Bad value for wait: no"},
    {"ftp stream tcp nowait.x root /bin/sh", "23 'x' is not a number"},
    {"ftp stream tcp nowait. root /bin/sh", "23 '' is not a number"},
    {"ftp stream tcp nowait/ root /bin/sh", "23 '' is not a number"},
    {"ftp stream tcp nowait/1/x root /bin/sh", "25 'x' is not a number"},
    {"ftp stream tcp nowait/1/2/3/4 root /bin/sh", "29 at most three numbers are allowed"},
    {"ftp stream tcp nowait.99999999999 root /bin/sh", "23 '99999999999' is not a number"},
    {"ftp stream tcp wait/2 root /bin/sh", "21 a service with wait has one server at a time"},
    {"ftp stream tcp wait/lc root /bin/sh", "21 'lc' is not a number"},
    {"ftp stream,4 tcp nowait/3 root /bin/sh", "25 the line gives the number of servers at a time twice"},
    {"ftp stream:httpready tcp nowait root /bin/sh", "12 accept filters are not supported"},
    {"ftp stream,x tcp nowait root /bin/sh", "12 'x' is not a number"},
    {"ftp stream tcp nowait bob /bin/sh", "23 Unknown user: bob"},
    {"ftp stream tcp nowait nobody.bobs /bin/sh", "30 Unknown group: bobs"},
    {"ftp stream tcp nowait nobody. /bin/sh", "29 expected a group"},
    {"ftp stream tcp nowait :tty /bin/sh", "23 expected a user before the group"},
    {"ftp stream tcp nowait root/staff /bin/sh", "27 login classes are not supported"},
    {"ftp stream tcp nowait root /no/such", "28 Server /no/such is not executable"},
    {"ftp stream tcp nowait root ''", "29 Server  is not executable"},
    {"ftp stream tcp nowait root /usr/sbin/tcpd", "28 tcpd must be followed by the server"},
    {"ftp stream tcp nowait root /usr/sbin/tcpd /usr/", "43 tcpd needs a program here"},
    {"ftp stream tcp nowait root /bin/sh \"sh", "36 the closing quotation mark is missing"},
    {"ftp stream tcp nowait root /bin/sh 'sh'x", "40 expected a blank after the closing quotation mark"},
    {"nosuch stream tcp nowait root /bin/sh", "1 Port not specified and can't find service: nosuch"},
    {"nosuch stream tcp nowait root internal", "1 Port not specified and can't find service: nosuch"},
    {"ftp stream tcp nowait root internal", "1 No such internal service: ftp/stream"},
    {"70000 stream tcp nowait root /bin/sh", "1 port number is invalid: 70000"},
    {"ftp/1 stream tcp nowait root /bin/sh", "4 only RPC services have a version"},
    {"rstatd dgram rpc/udp wait root /bin/sh", "1 an RPC service is written NAME/VERSION"},
    {"rstatd/x dgram rpc/udp wait root /bin/sh", "8 bad version range: x"},
    {"rstatd/ dgram rpc/udp wait root /bin/sh", "8 bad version range: "},
    {"/1 dgram rpc/udp wait root /bin/sh", "1 an RPC service is written NAME/VERSION"},
    {"nosuch/1 dgram rpc/udp wait root /bin/sh", "1 unknown RPC service: nosuch"},
    {"rpc dgram udp wait root /bin/sh 100068 2-5 rpc.cmsd", "1 an RPC service is written NUMBER/VERSION here"},
    {"tcpmux/ stream tcp nowait root /bin/sh", "1 tcpmux/ must be followed by the name of a service"},
    {"tcpmux/x stream tcp wait root /bin/sh", "21 a service behind tcpmux must be nowait"},
    {"127.0.0.1:tcpmux/x stream tcp nowait root /bin/sh", "1 a service behind tcpmux has no address"},
    {"127.0.0.1: stream tcp nowait root /bin/sh", "1 expected a service after the address"},
    {",127.0.0.1:ftp stream tcp nowait root /bin/sh", "1 an address is missing"},
    {":ftp stream tcp nowait root /bin/sh", "1 an address is missing"},
    {"127.0.0.1:ftp stream tcp6 nowait root /bin/sh", "1 127.0.0.1 is not an IPv6 address"},
    {"::1:ftp stream tcp4 nowait root /bin/sh", "1 bad address given for: ftp: ::1 has no address of the family"},
    {"ftp dgram udp nowait root /bin/sh", "1 Port not specified and can't find service: ftp"},
    {"ntalk dgram udp nowait root /bin/sh", "17 Service ntalk has socket_type dgram, but does not wait"},
    {"$INTERFACES(ppp*):", "none"},
    {".include /etc/more", "1 .include is not supported"},
    {".x", "1 unknown directive .x"},
};
}  // namespace

TEST_CASE("what cannot be honoured in inetd.conf is refused, with the column of the word that is to blame") {
  for (const Fault& one : faults) {
    INFO(one.line);
    const std::string expected = one.expected;
    CHECK(fault(one.line).substr(0, expected.size()) == expected);
    CHECK(inetd(std::string(one.line) + "\n").loaded.config->services.empty());
  }
}

TEST_CASE("the path of a UNIX socket in inetd.conf may be as long as the system has room for") {
  const auto path = [](std::size_t length) { return "/run/" + std::string(length - 5, 'x'); };
  CHECK(fault(path(107) + " stream unix nowait root /bin/sh") == "none");
  CHECK(fault("  " + path(108) + " stream unix nowait root /bin/sh") ==
        "3 bad element of listen: the name of a UNIX socket has at most 107 characters");
}

TEST_CASE("a refused line of inetd.conf costs itself alone") {
  const World w = inetd("ftp\nftp stream\nbob\ntelnet stream tcp nowait nobody /bin/sh sh\nhttp stream tcp nowait bob /bin/sh\n");
  CHECK(w.loaded.config->services.size() == 1);
  CHECK(w.up("telnet"));
  CHECK(w.refused("bob"));
  CHECK(w.refused("http"));
}

TEST_CASE("a finding about inetd.conf shows the line it is about") {
  const World w = inetd("# x\nftp stream tcp nowait.x root /bin/sh\n");
  const Diagnostic* found = w.finding("'x' is not a number");
  REQUIRE(found);
  CHECK(found->place == Place{inetd_file, 2, 23});
  CHECK(explained(*found) ==
        "/etc/inetd.conf:2:23: error: 'x' is not a number\n    ftp stream tcp nowait.x root /bin/sh\n    " +
            std::string(22, ' ') + "^\n");
}

TEST_CASE("what stands below an IPsec policy is not served without it") {
  const std::string ftp = "ftp stream tcp nowait nobody /bin/sh\n";
  const World w = inetd("#@ in ipsec esp/transport//require\n" + ftp + "#@\ntelnet stream tcp nowait nobody /bin/sh\n");
  CHECK(w.refused("ftp"));
  CHECK(w.up("telnet"));
  CHECK(w.said("IPsec policies are not supported"));
  CHECK(inetd("#@home\n" + ftp).up("ftp"));
}

TEST_CASE("no bytes in inetd.conf do harm") {
  const std::string nul("ftp stream tcp\0nowait nobody /bin/sh\n", 37);
  CHECK(inetd(nul).refused("ftp"));
  CHECK(inetd("").loaded.config->services.empty());
  CHECK(inetd("\n\n \t\n:\n::\n,\n'\n\"\"\n''\n;\n=\n").loaded.config->services.empty());
  CHECK(inetd("\xff\xfe stream tcp nowait root internal").loaded.config->services.empty());
  CHECK(inetd("ftp stream tcp nowait nobody /bin/sh").up("ftp"));
}
