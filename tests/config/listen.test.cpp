// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// Where a service listens besides port and bind (decision B15.34), and with what options.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

/// A stream service without a port of its own.
std::string streams(const std::string& name, const std::string& lines) {
  return entry(name, "socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n" + lines);
}
World only(const std::string& lines) { return World(streams("x", lines)); }

/// The places of x as elements; "refused" when it is not among the services.
std::string places(const World& w, const std::string& id = "x") {
  if (!w.up(id)) return "refused";
  std::string text;
  for (const ListenSpec& one : w.at(id).places()) text += (text.empty() ? "" : " ") + element_text(one);
  return text;
}
std::string places(const std::string& lines) { return places(only(lines)); }

/// What is said of an element that is not one.
struct Wrong {
  std::string element;
  std::string sentence;
  std::string hint;
};

}  // namespace

TEST_CASE("listen alone says where a service listens, and its name need not be in /etc/services") {
  CHECK(places("listen = tcp:127.0.0.1:7001") == "tcp:127.0.0.1:7001");
  CHECK(places("listen = tcp:*:7001") == "tcp:*:7001");
  CHECK(places("listen = tcp:[::1]:7001 tcp:192.0.2.1:7002") == "tcp:[::1]:7001 tcp:192.0.2.1:7002");
  CHECK(places("listen = unix:/run/x.sock") == "unix:/run/x.sock");
  CHECK(places("listen = unix:@name") == "unix:@name");
  CHECK(places("listen = vsock:any:99 vsock:2:100") == "vsock:any:99 vsock:2:100");
  CHECK(places("listen = fd:web.socket") == "fd:web.socket");
  CHECK(places("listen = any:203.0.113.0/24:1-1024") == "any:203.0.113.0/24:1-1024");
  CHECK(places("listen = any:203.0.113.7:80") == "any:203.0.113.7:80");
  CHECK(places("listen = any:[2001:db8::/64]:1-65535") == "any:[2001:db8::/64]:1-65535");
  CHECK(places("listen = TCP:127.0.0.1:7001") == "tcp:127.0.0.1:7001");
}

TEST_CASE("beside port and bind, listen adds places") {
  CHECK(places(with("listen = tcp:127.0.0.1:7001")) == "tcp:*:9000 tcp:127.0.0.1:7001");
  CHECK(places(with("bind = 127.0.0.2\nlisten = unix:/run/x")) == "tcp:127.0.0.2:9000 unix:/run/x");
}

TEST_CASE("elements are added and taken away by what they mean, not by how they are written") {
  CHECK(places("listen = tcp:127.0.0.1:7001\nlisten += unix:/run/x") == "tcp:127.0.0.1:7001 unix:/run/x");
  CHECK(places("listen = tcp:[::1]:7001 unix:/run/x\nlisten -= tcp:[0:0:0:0:0:0:0:1]:7001") == "unix:/run/x");
  CHECK(places("listen = unix:/run/x\nlisten += unix:/run/x") == "unix:/run/x");
  CHECK(places("listen = unix:/run/x\nlisten = unix:/run/y") == "unix:/run/y");
  CHECK(places("listen = unix:/run/x\nlisten -= unix:/run/x") == "refused");
}

TEST_CASE("the type of the sockets follows from the elements where nothing else says it") {
  const auto bare = [](const std::string& element) {
    return World(entry("x", "wait = yes\nuser = root\nserver = /bin/server\nlisten = " + element));
  };
  CHECK(bare("udp:127.0.0.1:7001").at("x").listen.socket_type == SocketType::dgram);
  CHECK(bare("tcp:127.0.0.1:7001").at("x").listen.socket_type == SocketType::stream);
  const World local = bare("unix:/run/x");
  CHECK(local.refused("x"));
  CHECK(local.said("missing attribute socket_type"));
  const World packets(entry("x", "socket_type = seqpacket\nwait = no\nuser = root\nserver = /bin/server\nlisten = unix:/run/x"));
  CHECK(places(packets) == "unix:/run/x");
}

TEST_CASE("a bad element costs the entry, with what was meant") {
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"7001", "'7001' is not an element of listen", "expected tcp:ADDRESS:PORT"},
           {"/run/x", "'/run/x' is not an element of listen", "write 'unix:/run/x'"},
           {"@x", "'@x' is not an element of listen", "write 'unix:@x'"},
           {"127.0.0.1:80", "is not an element of listen", "expected tcp:ADDRESS:PORT"},
           {"tpc:127.0.0.1:80", "is not an element of listen", "did you mean 'tcp:'?"},
           {"tcp:", "'' has no port", ""},
           {"tcp:127.0.0.1", "'127.0.0.1' has no port", ""},
           {"tcp:127.0.0.1:0", "'0' is not a port", "from 1 to 65535"},
           {"tcp:127.0.0.1:65536", "'65536' is not a port", ""},
           {"tcp:127.0.0.1:http", "'http' is not a port", ""},
           {"tcp:::1:80", "'::1:80' is not an address and a port", "brackets"},
           {"tcp:[127.0.0.1]:80", "'127.0.0.1' is not an address", ""},
           {"tcp:[::1:80", "has no port", ""},
           {"tcp:localhost:80", "'localhost' is not an address", "'*'"},
           {"tcp:127.0.0.300:80", "'127.0.0.300' is not an address", ""},
           {"unix:", "'' is not the path of a socket", ""},
           {"unix:x", "'x' is not the path of a socket", "absolute path"},
           {"unix:/run/", "'/run/' is a directory", ""},
           {"unix:@", "'@' is not the path of a socket", ""},
           {"unix:/" + std::string(107, 'x'), "at most 107 characters", ""},
           {"vsock:99", "'99' has no port", ""},
           {"vsock:x:99", "'x' is not a context id", ""},
           {"vsock:any:0", "'0' is not a port", ""},
           {"fd:", "needs a name", ""},
           {"any:203.0.113.0/24", "has no port", ""},
           {"any:203.0.113.1/24:1-2", "its host bits are not zero", ""},
           {"any:203.0.113.0/33:1-2", "'33' is not a prefix length", "from 0 to 32"},
           {"any:203.0.113.0/24:2-1", "'2-1' is not a range of ports", ""},
           {"any:203.0.113.0/24:0-1", "'0-1' is not a range of ports", ""},
           {"any:2001:db8::/64:1-2", "is not a network", ""},
           {"any:*:1-2", "'*' is not a network", ""}}) {
    INFO(wrong.element);
    const World w = only("listen = tcp:127.0.0.9:9 " + wrong.element);
    CHECK(w.refused("x"));
    const Diagnostic* found = w.finding(wrong.sentence);
    CHECK(found);
    if (!found) UNSCOPED_INFO(w.log());
    if (!found) continue;
    CHECK(found->place.line == 7);
    CHECK(found->place.column == 26);
    CHECK(found->suggestion.find(wrong.hint) != std::string::npos);
  }
}

TEST_CASE("an element that does not go with the type of the service costs the entry") {
  const auto datagrams = [](const std::string& element) {
    return World(entry("x", "socket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\nlisten = " + element));
  };
  CHECK(datagrams("tcp:127.0.0.1:7001").said("cannot listen at tcp:127.0.0.1:7001"));
  CHECK(datagrams("any:127.0.0.0/8:1-2").refused("x"));
  CHECK(datagrams("vsock:any:1").refused("x"));
  CHECK(datagrams("unix:/run/x").up("x"));
  CHECK(datagrams("udp:127.0.0.1:7001").up("x"));
  CHECK(only("listen = udp:127.0.0.1:7001").said("it takes 'socket_type = dgram'"));
  CHECK(only("type = TCPMUX UNLISTED\nlisten = unix:/run/x").refused("x"));
  CHECK(only("type = RPC UNLISTED\nrpc_number = 300001\nrpc_version = 1\nlisten = unix:/run/x").refused("x"));
  CHECK(World(entry("echo", "type = INTERNAL\nsocket_type = dgram\nwait = yes\nlisten = unix:/run/x")).refused("echo"));
}

TEST_CASE("what nobody could keep costs the entry") {
  const auto waiting = [](const std::string& lines) {
    return World(entry("x", "socket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\n" + lines));
  };
  CHECK(waiting("listen = unix:/run/x").up("x"));
  CHECK(waiting("listen = unix:/run/x\nonly_from = 127.0.0.1").said("access lists hold at IP addresses only"));
  CHECK(waiting("listen = tcp:127.0.0.1:7001\nonly_from = 127.0.0.1").up("x"));
  CHECK(waiting("listen = any:127.0.0.0/8:1-2").said("a range of ports takes 'wait = no'"));
  CHECK(waiting("listen = unix:/run/x\nonly_uid = root").said("nobody compares users"));
  CHECK(waiting("listen = vsock:any:1\nonly_cid = 3").said("nobody compares context ids"));
  CHECK(waiting("listen = tcp:*:7001\nmptcp = yes").said("mptcp has no effect"));
  CHECK_FALSE(waiting("listen = tcp:*:7001\nmptcp = yes").at("x").listen.options.mptcp);
}

TEST_CASE("a service does not listen twice at one place") {
  CHECK(only("listen = tcp:*:7001 tcp:127.0.0.1:7001").said("listens twice at one place: tcp:*:7001 and tcp:127.0.0.1:7001"));
  CHECK(only("listen = vsock:any:9 vsock:3:9").said("listens twice"));
  CHECK(only("listen = any:127.0.0.0/8:1-9 any:127.1.0.0/16:9").said("listens twice"));
  CHECK(places("listen = any:127.0.0.0/8:1-9 any:127.0.0.0/8:10") == "any:127.0.0.0/8:1-9 any:127.0.0.0/8:10");
  CHECK(with("listen = tcp:127.0.0.1:9000").said("listens twice"));
  CHECK(places("listen = any:127.0.0.0/8:1-65535 tcp:127.0.0.1:80") == "any:127.0.0.0/8:1-65535 tcp:127.0.0.1:80");
  std::string many = "listen =";
  for (int i = 1; i <= 64; ++i) many += " tcp:127.0.0.1:" + std::to_string(i);
  CHECK(only(many).at("x").places().size() == 64);
  CHECK(only(many + " tcp:127.0.0.1:65").said("has 65 sockets; at most 64 are possible"));
}

TEST_CASE("both wildcards of a port are two sockets") {
  const World w = only("listen = tcp:0.0.0.0:7001 tcp:[::]:7001");
  REQUIRE(w.at("x").places().size() == 2);
  CHECK_FALSE(w.at("x").places()[0].ipv6);
  CHECK(w.at("x").places()[1].v6only);
  CHECK_FALSE(only("listen = tcp:[::]:7001").at("x").listen.v6only);
  CHECK(only("listen = tcp:[::]:7001\nv6only = yes").at("x").listen.v6only);
}

TEST_CASE("of two services for one element the first has it, and one within a range has its port") {
  const auto both = [](const std::string& a, const std::string& b) {
    return World(streams("a", "listen = " + a) + streams("b", "listen = " + b));
  };
  for (const char* element : {"unix:/run/x", "unix:@x", "vsock:any:9", "fd:web", "any:127.0.0.0/8:1-9", "tcp:127.0.0.1:7001"}) {
    INFO(element);
    const World w = both(element, element);
    CHECK(w.up("a"));
    CHECK(w.refused("b"));
  }
  CHECK(both("any:127.0.0.0/8:1-9", "any:127.0.0.0/16:9-20").refused("b"));
  CHECK(both("any:127.0.0.0/8:1-9", "tcp:127.0.0.1:9").up("b"));
  CHECK(both("vsock:3:9", "vsock:4:9").up("b"));
  CHECK(both("unix:/run/x", "unix:/run/y").up("b"));
  CHECK(both("tcp:127.0.0.1:7001 unix:/run/x", "tcp:127.0.0.2:7001 unix:/run/x").said("unix:/run/x"));
}

TEST_CASE("one port through two interfaces is two places") {
  const auto through = [](const std::string& a, const std::string& b) {
    return World(streams("a", "listen = tcp:*:7001\n" + a) + streams("b", "listen = tcp:*:7001\n" + b));
  };
  CHECK(through("bind_device = eth0", "bind_device = eth1").up("b"));
  CHECK(through("bind_device = eth0", "bind_device = eth0").refused("b"));
  CHECK(through("bind_device = eth0", "").refused("b"));
}

TEST_CASE("options of sockets reach every place that can have them") {
  const World w = only("listen = tcp:127.0.0.1:7001 unix:/run/x\nbind_device = eth0\nfreebind = yes\nmptcp = yes\ndefer_accept = 2m\n"
                       "keepalive = 1m 10 5\nreceive_buffer = 64K\nsend_buffer = 1M\ntos = af21\nmark = 0x10\n"
                       "socket_mode = 660\nsocket_owner = root\nsocket_group = 7");
  REQUIRE(w.up("x"));
  const auto all = w.at("x").places();
  REQUIRE(all.size() == 2);
  const SocketOptions& tcp = all[0].options;
  CHECK(tcp.device == "eth0");
  CHECK(tcp.freebind);
  CHECK(tcp.mptcp);
  CHECK(tcp.defer_accept == 120u);
  CHECK(tcp.keepalive == KeepaliveTimes{60, 10, 5});
  CHECK(all[0].keepalive);
  CHECK(tcp.receive_buffer == 65536u);
  CHECK(tcp.send_buffer == 1048576u);
  CHECK(tcp.tos == 0x48);
  CHECK(tcp.mark == 16u);
  const SocketOptions& local = all[1].options;
  CHECK(local.mode == 0660);
  CHECK(local.owner == 0u);
  CHECK(local.group == 7u);
  CHECK(local.device.empty());
  CHECK_FALSE(local.mptcp);
}

TEST_CASE("words of options that are not understood are told with what is") {
  for (const auto& [line, sentence] : std::initializer_list<std::pair<std::string, std::string>>{
           {"defer_accept = 0", "defer_accept is not a time"},
           {"defer_accept = 2h", "defer_accept is not a time"},
           {"keepalive = 0 1 1", "keepalive is invalid: 0"},
           {"keepalive = 1 40000 1", "keepalive is invalid: 40000"},
           {"keepalive = 1 1 128", "keepalive is invalid: 128"},
           {"receive_buffer = 1", "receive_buffer is invalid: 1"},
           {"send_buffer = UNLIMITED", "send_buffer is invalid"},
           {"tos = 256", "tos is invalid: 256"},
           {"tos = cs8", "tos is invalid: cs8"},
           {"mark = 0x100000000", "mark is invalid"},
           {"socket_mode = 888", "socket_mode is invalid: 888"},
           {"socket_mode = 1777", "socket_mode is invalid: 1777"},
           {"bind_device = a/b", "'a/b' is not the name of a network interface"},
           {"bind_device = abcdefghijklmnop", "is not the name of a network interface"},
           {"socket_owner = nobodyatall", "Unknown user: nobodyatall"},
           {"socket_group = nobodyatall", "Unknown group: nobodyatall"},
           {"only_uid = root nobodyatall", "Unknown user: nobodyatall"},
           {"only_cid = x", "'x' is not a context id"},
           {"mptcp = true", "Bad value for mptcp: true"}}) {
    INFO(line);
    const World w = only("listen = tcp:*:7001\n" + line);
    CHECK(w.refused("x"));
    CHECK(w.said(sentence));
  }
  for (const char* tos : {"ef", "cs0", "AF43", "lowdelay", "0xb8", "184"}) CHECK(only("listen = tcp:*:7001\ntos = " + std::string(tos)).up("x"));
}

TEST_CASE("what a dump writes of listen and its options is read as the same service") {
  const std::string lines = "listen = tcp:[::1]:7001 unix:/run/x unix:@y vsock:any:9 fd:web any:127.0.0.0/8:1-2\n"
                            "keepalive = 60 10 5\ntos = ef\nonly_uid = root 7\nonly_gid = 9\nonly_cid = 3 4\nsocket_mode = 660";
  const World w = only(lines);
  REQUIRE(w.up("x"));
  const World again(entry("x", dump(w.at("x").settings)));
  REQUIRE(again.up("x"));
  CHECK(places(again) == places(w));
  CHECK(again.at("x").settings.keepalive == w.at("x").settings.keepalive);
  CHECK(again.at("x").settings.only_gid == w.at("x").settings.only_gid);
}

TEST_CASE("lists of users in an entry begin with those of the defaults") {
  const World w(defaults("only_uid = root\nonly_gid = 7\nonly_cid = 3") +
                streams("x", "listen = unix:/run/x vsock:any:9\nonly_uid += alice\nonly_gid -= 7\nonly_cid += 4"));
  REQUIRE(w.up("x"));
  const Settings& s = w.at("x").settings;
  CHECK(s.only_uid->size() == 2);
  CHECK(s.only_gid->empty());
  CHECK(s.only_cid == std::vector<std::uint32_t>{3, 4});
}

TEST_CASE("an element for all addresses is for both families, whatever bind is") {
  const World w = with("bind = 127.0.0.1\nlisten = tcp:*:7001");
  REQUIRE(w.at("x").places().size() == 2);
  CHECK(w.at("x").places()[1].ipv6);
  CHECK(w.at("x").places()[1].fallback_to_ipv4);
}

TEST_CASE("elements come behind the addresses of a name that is found late, and stay when it is lost") {
  World w(service("x", 9000, "bind = late.example.com\nlisten = unix:/run/x tcp:127.0.0.1:7001"));
  REQUIRE(w.at("x").waits_for == "late.example.com");
  CHECK(with("bind = late.example.com\nlisten = udp:127.0.0.1:7001").refused("x"));
  const auto found = places_at(w.at("x"), std::vector{*xsuperd::base::Address::parse("192.0.2.1")});
  const auto all = with_elements(w.at("x"), found);
  REQUIRE(all.size() == 3);
  CHECK(element_text(all[0]) == "tcp:192.0.2.1:9000");
  CHECK(element_text(all[1]) == "unix:/run/x");
  World before = w;
  before.names.hosts["late.example.com"] = {"192.0.2.1"};
  before.read(before.files.texts[main_file]);
  REQUIRE(places(before) == "tcp:192.0.2.1:9000 unix:/run/x tcp:127.0.0.1:7001");
  keep_broken(*before.loaded.config, w.loaded);
  CHECK(places(w) == "tcp:192.0.2.1:9000 unix:/run/x tcp:127.0.0.1:7001");
}

TEST_CASE("options of IP sockets do not move a UNIX socket") {
  const World a = only("listen = unix:/run/x");
  const World b = only("listen = unix:/run/x\nflags = IPv4\nv6only = yes\nbind_device = lo");
  const Plan plan = diff(*a.loaded.config, *b.loaded.config);
  REQUIRE(plan.keep.size() == 1);
  CHECK_FALSE(plan.keep[0].rebind);
}

TEST_CASE("what a service manager's unit says is not said again of its socket") {
  CHECK(only("listen = fd:web\nbind_device = lo").refused("x"));
  CHECK(only("listen = fd:web\nmark = 1").refused("x"));
}

TEST_CASE("a service that keeps one of its places is the same service after a reload") {
  const auto change = [](const std::string& before, const std::string& after) {
    const World a = only(before);
    const World b = only(after);
    const Plan plan = diff(*a.loaded.config, *b.loaded.config);
    REQUIRE(plan.keep.size() == 1);
    return plan.keep[0];
  };
  CHECK_FALSE(change("listen = unix:/run/x", "listen = unix:/run/x unix:/run/y").rebind);
  CHECK_FALSE(change("listen = unix:/run/x unix:/run/y", "listen = unix:/run/y").rebind);
  CHECK(change("listen = unix:/run/x", "listen = unix:/run/y").rebind);
  CHECK(change("listen = tcp:*:7001", "listen = tcp:*:7001\nbind_device = lo").rebind);
  CHECK_FALSE(change("listen = tcp:*:7001", "listen = tcp:*:7001\ntos = ef").rebind);
  CHECK_FALSE(change("listen = tcp:*:7001", "listen = tcp:*:7001\nmptcp = yes").rebind);
}
