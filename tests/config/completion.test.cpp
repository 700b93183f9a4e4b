// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/complete.hpp"
#include "config/fixture.hpp"
#include "xsuperd/base/text.hpp"

// What a service gets that its entry does not say: protocol, port, address, arguments, environment, groups.
using namespace xsuperd;
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
constexpr char program[] = "wait = yes\nuser = root\nserver = /bin/server\n";
World listed(const std::string& name, const std::string& lines) {
  return World(entry(name, program + lines));
}
std::string bound_to_all(const World& w) {
  std::vector<std::string> all;
  for (const ListenSpec& place : w.at("x").places()) all.push_back(place.at.address.text());
  return base::join(all, " ");
}
std::string bound_to(const World& w) { return w.up("x") ? w.at("x").listen.at.address.text() : "refused"; }
}  // namespace

TEST_CASE("socket type and protocol follow from each other") {
  CHECK(listed("ftp", "socket_type = stream").at("ftp").listen.protocol == Protocol{"tcp", 6});
  CHECK(listed("tftp", "socket_type = dgram").at("tftp").listen.protocol == Protocol{"udp", 17});
  CHECK(listed("ftp", "protocol = tcp").at("ftp").listen.socket_type == SocketType::stream);
  CHECK(listed("tftp", "protocol = udp").at("tftp").listen.socket_type == SocketType::dgram);
  CHECK(listed("ftp", "socket_type = raw").said("missing attribute protocol"));
  CHECK(listed("ftp", "protocol = icmp").said("missing attribute socket_type"));
  CHECK(listed("ftp", "").said("Port not specified for service: ftp and no protocol given"));
}

TEST_CASE("the port of a listed service comes from /etc/services") {
  CHECK(listed("ftp", "socket_type = stream").at("ftp").listen.at.port == 21);
  CHECK(listed("ftp", "socket_type = stream\nport = 21").up("ftp"));
  CHECK(listed("ftp", "socket_type = stream\nport = 22").said("Service ftp expects port 21, not 22"));
  CHECK(listed("tftp", "socket_type = stream\nport = 69").said("combination not in /etc/services: tftp/tcp"));
  CHECK(listed("nosuch", "socket_type = stream").said("can't find service: nosuch with getservbyname"));
  CHECK(listed("ftp", "protocol = TCP\nsocket_type = stream").refused("ftp"));
}

TEST_CASE("an unlisted service needs its port") {
  CHECK(listed("x", "socket_type = stream\ntype = UNLISTED")
            .said("Unlisted service: x must have a port entry"));
  CHECK(listed("ftp", "socket_type = stream\ntype = UNLISTED\nport = 2121").at("ftp").listen.at.port == 2121);
}

TEST_CASE("the arguments begin with the name of the program") {
  CHECK(with("").at("x").argv == Words{"server"});
  CHECK(with("server_args = a b").at("x").argv == Words{"server", "a", "b"});
  CHECK(with("flags = NAMEINARGS\nserver_args = name a").at("x").argv == Words{"name", "a"});
  CHECK(with("server_args = name a\nflags = NAMEINARGS").at("x").argv == Words{"name", "a"});
}

TEST_CASE("sockets are IPv6 and fall back to IPv4 unless told otherwise") {
  const ListenSpec spec = with("").at("x").listen;
  CHECK(spec.ipv6);
  CHECK(spec.fallback_to_ipv4);
  CHECK_FALSE(spec.v6only);
  CHECK_FALSE(spec.at.address.known());
  CHECK_FALSE(with("flags = IPv4").at("x").listen.ipv6);
  CHECK(with("flags = IPv6").at("x").listen.ipv6);
  CHECK(with("v6only = yes").at("x").listen.v6only);
  CHECK_FALSE(with("v6only = yes").at("x").listen.fallback_to_ipv4);
  CHECK_FALSE(with("v6only = no").at("x").listen.v6only);
  CHECK_FALSE(with("v6only = yes\nflags = IPv4").at("x").listen.v6only);
}

TEST_CASE("IPv4 and IPv6 together mean IPv6 with IPv4 to fall back to") {
  const World w = with("flags = IPv4 IPv6");
  CHECK(w.at("x").listen.ipv6);
  CHECK_FALSE(w.at("x").has(Flag::ipv4));
  CHECK(w.finding("Service x will use IPv6 or fallback to IPv4")->level == Level::info);
}

TEST_CASE("NODELAY and KEEPALIVE count for TCP") {
  CHECK(with("flags = NODELAY KEEPALIVE").at("x").listen.nodelay);
  CHECK(with("flags = NODELAY KEEPALIVE").at("x").listen.keepalive);
  CHECK_FALSE(listed("tftp", "socket_type = dgram\nflags = NODELAY").at("tftp").listen.nodelay);
}

TEST_CASE("a bind address decides the family when no flag does") {
  const World v4 = with("bind = 127.0.0.1");
  CHECK(bound_to(v4) == "127.0.0.1");
  CHECK_FALSE(v4.at("x").listen.ipv6);
  CHECK_FALSE(v4.at("x").listen.fallback_to_ipv4);
  const World v6 = with("bind = ::1\nv6only = yes");
  CHECK(bound_to(v6) == "::1");
  CHECK(v6.at("x").listen.ipv6);
  CHECK(v6.at("x").listen.v6only);
  CHECK(bound_to(with("bind = 127.1")) == "127.0.0.1");
}

TEST_CASE("an IPv4 address under the IPv6 flag is bound in its mapped form") {
  const World w = with("bind = 127.0.0.1\nflags = IPv6\nv6only = yes");
  CHECK(bound_to(w) == "127.0.0.1");
  CHECK(w.at("x").listen.ipv6);
  CHECK_FALSE(w.at("x").listen.v6only);
}

TEST_CASE("an IPv6 address under the IPv4 flag is refused") {
  const World w = with("bind = ::1\nflags = IPv4");
  CHECK(bound_to(w) == "refused");
  CHECK(w.said("bad address given for: x: ::1 has no address of the family in flags"));
}

TEST_CASE("a host name is bound to all its addresses unless the flag says IPv4") {
  CHECK(bound_to_all(with("bind = localhost")) == "::1 127.0.0.1");
  CHECK(bound_to(with("bind = localhost\nflags = IPv4")) == "127.0.0.1");
  CHECK(bound_to(with("bind = www.example.com")) == "192.0.2.7");
}

TEST_CASE("a name in bind stands for all addresses that it has") {
  World w;
  w.names.hosts["front"] = {"192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.1"};
  CHECK(bound_to_all(w.read(service("x", 1, "bind = front"))) == "192.0.2.1 2001:db8::1 192.0.2.2");
  CHECK(bound_to_all(w.read(service("x", 1, "bind = front\nflags = IPv4"))) == "192.0.2.1 192.0.2.2");
  CHECK(bound_to_all(w.read(service("x", 1, "bind = front\nflags = IPv6"))) == "2001:db8::1");
  for (const ListenSpec& place : w.at("x").places()) CHECK(place.at.port == 1);
}

TEST_CASE("a name with more addresses than a service may have sockets counts for as many") {
  World w;
  for (int i = 1; i < 100; ++i) w.names.hosts["many"].push_back("192.0.2." + std::to_string(i));
  w.read(service("x", 1, "bind = many"));
  CHECK(w.at("x").places().size() == most_endpoints);
}

TEST_CASE("a name in bind that has no address keeps its service closed, and costs it nothing else") {
  for (const std::string line : {"bind = nosuch", "bind = six.example.com\nflags = IPv4"}) {
    const World w = with(line);
    INFO(line);
    REQUIRE(w.up("x"));
    CHECK_FALSE(w.at("x").waits_for.empty());
    CHECK_FALSE(w.at("x").listen.at.address.known());
    CHECK_FALSE(hindrance(w.at("x"), Abilities{}).empty());
    CHECK(w.finding("Service x stays closed until")->level == Level::warning);
  }
  CHECK(with("bind = fe80::7%nosuch0").at("x").waits_for == "fe80::7%nosuch0");
  CHECK(with("bind = eth0").finding("stays closed")->suggestion.find("looks like a network interface") != std::string::npos);
  CHECK(with("bind = backend").finding("stays closed")->suggestion.empty());
  CHECK(with("bind = nosuch").finding("stays closed")->place == Place{main_file, 9, 8});
}

TEST_CASE("where a service is to listen follows from its flags and the addresses of its name") {
  using xsuperd::base::Address;
  const std::vector<Address> both{*Address::parse("192.0.2.1"), *Address::parse("2001:db8::1")};
  const auto at = [](const std::string& lines, std::span<const Address> addresses) {
    std::string text;
    for (const ListenSpec& place : places_at(with("bind = nosuch\n" + lines).at("x"), addresses))
      text += place.at.address.text() + (place.ipv6 ? " 6" : " 4") + (place.v6only ? " only; " : "; ");
    return text;
  };
  CHECK(at("", both) == "192.0.2.1 4; 2001:db8::1 6; ");
  CHECK(at("flags = IPv4", both) == "192.0.2.1 4; ");
  CHECK(at("flags = IPv6", both) == "2001:db8::1 6; ");
  CHECK(at("v6only = yes", both) == "192.0.2.1 4; 2001:db8::1 6 only; ");
  CHECK(at("", std::span(both).first(1)) == "192.0.2.1 4; ");
  CHECK(at("flags = IPv6", std::span(both).first(1)) == "192.0.2.1 6; ");
  CHECK(at("flags = IPv4", std::span(both).last(1)).empty());
  CHECK(at("", {}).empty());
  CHECK(places_at(with("bind = nosuch").at("x"), both).at(0).at.port == 9000);
}

TEST_CASE("an RPC service has the port that it asks for, and else one of the system's choice") {
  const std::string rpc = "type = RPC UNLISTED\nrpc_number = 100001\nrpc_version = 1\nsocket_type = dgram\nwait = yes\n"
                          "user = root\nserver = /bin/server\n";
  CHECK(World(entry("x", rpc)).at("x").listen.at.port == 0);
  CHECK(World(entry("x", rpc + "port = 700")).at("x").listen.at.port == 700);
}

TEST_CASE("a name with several IPv4 addresses works without the IPv4 flag") {
  World w;
  w.names.hosts["multi"] = {"192.0.2.1", "192.0.2.2"};
  CHECK(bound_to(w.read(service("x", 1, "bind = multi"))) == "192.0.2.1");
}

TEST_CASE("the environment is the daemon's, what passenv picks, and env") {
  CHECK(with("").at("x").environment == Words{"PATH=/bin:/usr/bin", "LANG=C", "TZ=UTC"});
  CHECK(with("passenv = TZ PATH").at("x").environment == Words{"TZ=UTC", "PATH=/bin:/usr/bin"});
  CHECK(with("passenv =").at("x").environment.empty());
  CHECK(with("env = LANG=de A=1").at("x").environment ==
        Words{"PATH=/bin:/usr/bin", "LANG=de", "TZ=UTC", "A=1"});
  CHECK(with("passenv =\nenv = A=1 A=2").at("x").environment == Words{"A=2"});
}

TEST_CASE("variables are told apart by their whole names") {
  const Words daemon{"AB=1", "A=2", "noequals"};
  CHECK(build_environment(daemon, Words{"A"}, {}) == Words{"A=2"});
  CHECK(build_environment(daemon, {}, Words{"A=3"}) == Words{"AB=1", "A=3", "noequals"});
  CHECK(build_environment(daemon, Words{"a"}, {}).empty());
  CHECK(build_environment({}, {}, {}).empty());
}

TEST_CASE("groups = yes looks up all groups of the user") {
  const std::string lines = "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\ngroups = yes\n";
  const auto of = [&](const std::string& more) { return World(entry("x", lines + more)); };
  CHECK(of("user = alice\nserver = /bin/server").at("x").supplementary_groups == std::vector<gid_t>{100, 29});
  CHECK(of("user = 4242\nserver = /bin/server").said("groups = yes needs an entry in the passwd database"));
  CHECK(of("user = 4242\nredirect = 127.0.0.1 80").up("x"));
  CHECK(with("").at("x").supplementary_groups.empty());
  CHECK(World(entry("echo", "type = INTERNAL\nsocket_type = stream\nwait = no\nuser = 4242\ngroups = yes"))
            .up("echo"));
}

TEST_CASE("the kind of a service follows from type, flags and redirect") {
  CHECK(with("").at("x").kind == Kind::program);
  CHECK(with("flags = SENSOR").at("x").kind == Kind::sensor);
  CHECK(with("redirect = 127.0.0.1 1").at("x").kind == Kind::redirect);
  CHECK(World(entry("echo", "type = INTERNAL\nsocket_type = stream\nwait = no")).at("echo").kind ==
        Kind::internal);
}
