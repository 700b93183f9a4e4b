// SPDX-License-Identifier: MIT
#include "config/rules.hpp"

#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// Rules between attributes.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
/// A service x of type UNLISTED with these lines and no others.
World bare(const std::string& lines) { return World(entry("x", "type = UNLISTED\nport = 9\n" + lines)); }
constexpr char stream[] = "socket_type = stream\nwait = no\nuser = root\n";
constexpr char server[] = "server = /bin/server\n";
constexpr char redirect[] = "redirect = 127.0.0.1 80\n";
constexpr char rpc[] = "type = RPC\nsocket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\n";
}  // namespace

TEST_CASE("what a service cannot do without is asked for by name") {
  CHECK(bare("socket_type = stream\nuser = root\n" + std::string(server)).said("missing attribute wait"));
  CHECK(bare("socket_type = stream\nwait = no\n" + std::string(server)).said("missing attribute user"));
  CHECK(bare(stream).said("Must specify a server in x"));
  CHECK(bare("wait = no\nuser = root\n" + std::string(server)).said("missing attribute socket_type"));
  CHECK(bare(std::string(stream) + redirect).up("x"));
  CHECK(bare("socket_type = stream\nwait = no\n" + std::string(redirect)).said("missing attribute user"));
}

TEST_CASE("an RPC service needs a version, and an unlisted one its number") {
  CHECK(World(entry("rstatd", rpc)).said("missing attribute rpc_version"));
  CHECK(World(entry("rstatd", std::string(rpc) + "rpc_version = 2-4")).at("rstatd").settings.rpc_number ==
        100001u);
  CHECK(World(entry("nosuchd", std::string(rpc) + "rpc_version = 1")).said("unknown RPC service: nosuchd"));
  const std::string unlisted =
      "type = RPC UNLISTED\nsocket_type = dgram\nwait = yes\nuser = root\n"
      "server = /bin/server\nrpc_version = 1\n";
  CHECK(World(entry("x", unlisted)).said("missing attribute rpc_number"));
  CHECK(World(entry("x", unlisted + "rpc_number = 391002")).up("x"));
}

TEST_CASE("internal services exist for their socket types") {
  const auto internal = [](const std::string& name, const std::string& type) {
    return World(entry(name, "type = INTERNAL UNLISTED\nport = 7\nwait = no\nsocket_type = " + type))
        .up(name);
  };
  for (const std::string name : {"echo", "DISCARD", "chargen", "daytime", "time"}) {
    CHECK(internal(name, "stream"));
    CHECK(internal(name, "dgram"));
  }
  for (const std::string name : {"tcpmux", "servers", "services", "xadmin"}) {
    CHECK(internal(name, "stream"));
    CHECK_FALSE(internal(name, "dgram"));
  }
  CHECK_FALSE(internal("finger", "stream"));
  CHECK_FALSE(internal_exists("echo", SocketType::raw));
  CHECK(World(entry("x", "type = INTERNAL UNLISTED\nport = 7\nwait = no\nsocket_type = stream"))
            .said("No such internal service: x/stream - DISABLING"));
}

TEST_CASE("an external datagram service must wait, an internal one may") {
  CHECK(bare("socket_type = dgram\nwait = no\nuser = root\n" + std::string(server))
            .said("Service x has socket_type dgram, but does not wait"));
  CHECK(bare("socket_type = dgram\nwait = yes\nuser = root\n" + std::string(server)).up("x"));
  for (const std::string wait : {"yes", "no"})
    CHECK(World(entry("echo", "type = INTERNAL\nsocket_type = dgram\nwait = " + wait)).up("echo"));
}

TEST_CASE("socket types and protocols must fit each other") {
  const auto fits = [](const std::string& lines) {
    return bare("user = root\nwait = yes\nserver = /bin/server\n" + lines).up("x");
  };
  CHECK_FALSE(fits("socket_type = stream\nprotocol = udp"));
  CHECK_FALSE(fits("socket_type = dgram\nprotocol = tcp"));
  CHECK(fits("socket_type = raw\nprotocol = icmp"));
  CHECK_FALSE(fits("socket_type = seqpacket\nprotocol = tcp"));
  CHECK(fits("socket_type = seqpacket\nprotocol = sctp"));
  CHECK(fits("socket_type = stream\nprotocol = sctp"));
  CHECK_FALSE(
      bare("user = root\nwait = no\nserver = /bin/server\nsocket_type = raw\nprotocol = icmp").up("x"));
}

TEST_CASE("tcpmux services are unlisted TCP and have no port") {
  const std::string lines = std::string(stream) + server;
  for (const std::string type : {"TCPMUX", "TCPMUXPLUS"}) {
    const World w(entry("x", "type = UNLISTED " + type + "\n" + lines));
    CHECK(w.at("x").kind == Kind::tcpmux);
    CHECK(w.at("x").listen.at.port == 0);
    CHECK(World(entry("x", "type = " + type + "\n" + lines)).said("(tcpmux) should have UNLISTED in type."));
    CHECK(World(entry("x", "type = UNLISTED " + type + "\nprotocol = sctp\n" + lines))
              .said("(tcpmux) should have tcp in protocol."));
  }
}

TEST_CASE("a redirect is a stream that does not wait") {
  const std::string user = "user = root\n" + std::string(redirect);
  CHECK(bare("socket_type = stream\nwait = no\n" + user).at("x").kind == Kind::redirect);
  CHECK(
      bare("socket_type = dgram\nwait = yes\n" + user).said("Only tcp sockets are supported for redirected"));
  CHECK(bare("socket_type = stream\nwait = yes\n" + user).said("Redirected service x must not wait"));
  CHECK(bare("socket_type = stream\nwait = no\nflags = NAMEINARGS\n" + user)
            .said("Redirected service x should not have NAMEINARGS flag set"));
}

TEST_CASE("TRAFFIC is for redirects only") {
  CHECK(with("log_on_success = TRAFFIC").said("should not have TRAFFIC flag set since its not redirected"));
  CHECK(with("log_on_success = TRAFFIC").refused("x"));
  CHECK(bare(std::string(stream) + redirect + "log_on_success = TRAFFIC").up("x"));
}

TEST_CASE("NAMEINARGS needs arguments and a program") {
  CHECK(with("flags = NAMEINARGS").said("Must specify server args if using NAMEINARGS flag"));
  CHECK(World(entry("echo", "type = INTERNAL\nflags = NAMEINARGS\nsocket_type = stream\nwait = no"))
            .said("Service echo is INTERNAL and has NAMEINARGS flag set"));
}

TEST_CASE("INTERCEPT is taken from services that cannot be intercepted, and they run") {
  const World internal(
      entry("echo", "type = INTERNAL\nflags = INTERCEPT REUSE\nsocket_type = dgram\nwait = yes"));
  CHECK_FALSE(internal.at("echo").has(Flag::intercept));
  CHECK(internal.at("echo").has(Flag::reuse));
  CHECK(internal.said("Internal services cannot be intercepted: echo"));
  const World threads = with("flags = INTERCEPT");
  CHECK_FALSE(threads.at("x").settings.flags);
  CHECK(threads.finding("Multi-threaded services cannot be intercepted: x")->level == Level::warning);
  const World waits(entry("tftp",
                          "socket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\n"
                          "flags = INTERCEPT"));
  CHECK(waits.at("tftp").has(Flag::intercept));
}

TEST_CASE("labeled networking is for streams that do not wait") {
  CHECK(accepted("flags = LABELED"));
  CHECK(bare("socket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\nflags = LABELED")
            .said("cannot support labeled networking"));
  CHECK(bare(std::string(stream) + redirect + "flags = LABELED").refused("x"));
}

TEST_CASE("a sensor is internal in all but name, and a stream one does not wait") {
  const std::string sensor = "type = INTERNAL\nflags = SENSOR\nsocket_type = stream\n";
  CHECK(World(entry("telnet", sensor + "wait = no\ndeny_time = 60")).at("telnet").kind == Kind::sensor);
  CHECK(World(entry("telnet", sensor + "wait = yes")).said("is a stream SENSOR and must not wait"));
}

TEST_CASE("a service on TCP port 113 does not ask back") {
  const World w(entry("auth",
                      "socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n"
                      "log_on_success = USERID PID\nlog_on_failure = USERID"));
  CHECK(find_attribute("log_on_success")->print(w.at("auth").settings) == "PID");
  CHECK(find_attribute("log_on_failure")->print(w.at("auth").settings) == "");
  CHECK(w.finding("auth service: clearing USERID option from log_on_success")->level == Level::warning);
  CHECK(w.said("auth service: clearing USERID option from log_on_failure"));
}

TEST_CASE("where a server accepts for itself, nobody can be asked to compare users or machines") {
  const auto waits = [](const std::string& type, const std::string& lines) {
    return World(entry("x", "type = UNLISTED\nsocket_type = " + type + "\nwait = yes\nuser = root\nserver = /bin/server\n" + lines));
  };
  CHECK(waits("stream", "listen = unix:/run/x").up("x"));
  CHECK(waits("stream", "listen = unix:/run/x\nonly_uid = 0").said("nobody compares users"));
  CHECK(waits("stream", "listen = fd:web\nonly_uid = 0").said("nobody compares users"));
  CHECK(waits("stream", "listen = fd:web\nonly_gid = 0").said("nobody compares users"));
  CHECK(waits("stream", "listen = fd:web\nonly_cid = 3").said("nobody compares context ids"));
  CHECK(waits("stream", "listen = unix:/run/x\nonly_cid = 3").up("x"));
  CHECK(waits("dgram", "listen = unix:/run/x\nonly_uid = 0").up("x"));
  for (const char* type : {"stream", "seqpacket"})
    CHECK(waits(type, "listen = unix:/run/x\nonly_from = 10.0.0.0/8").said("access lists hold at IP addresses only"));
  CHECK(waits("dgram", "listen = unix:/run/x\nonly_from = 10.0.0.0/8").up("x"));
}

TEST_CASE("proxies are for streams with wait = no, and real_peer for servers that have some") {
  const std::string waits = std::string("socket_type = stream\nwait = yes\nuser = root\n") + server;
  const std::string datagrams = std::string("socket_type = dgram\nwait = yes\nuser = root\n") + server;
  const std::string once = std::string(stream) + server;
  CHECK(bare(once + "proxy_from = 10.0.0.1\nreal_peer = yes\n").up("x"));
  CHECK_FALSE(bare(once + "proxy_from = 10.0.0.1\nreal_peer = yes\n").said("has no effect"));
  for (const std::string& other : {waits, datagrams}) {
    CHECK(bare(other + "proxy_from = 10.0.0.1\n").said("Service x: proxy_from is for stream services with wait = no"));
    CHECK(World(defaults("proxy_from = 10.0.0.1") + entry("x", "type = UNLISTED\nport = 9\n" + other)).up("x"));
  }
  CHECK(World(entry("x", "type = TCPMUX UNLISTED\n" + once + "proxy_from = 10.0.0.1\n")).said("who comes through tcpmux has been asked by the service tcpmux"));
  CHECK(bare(once + "real_peer = yes\n").said("real_peer has no effect: service x has no proxy_from"));
  CHECK(bare(waits + "real_peer = yes\n").said("real_peer has no effect: service x has no server with wait = no"));
  CHECK(bare(once + "proxy_from = a.example.com\n").said("proxy_from takes addresses only: a.example.com"));
}

TEST_CASE("a header for the target needs a target") {
  CHECK(bare(std::string(stream) + server + "redirect_proxy = v2\n").said("redirect_proxy has no effect: service x is not redirected"));
  CHECK_FALSE(bare(std::string(stream) + server + "redirect_proxy = no\n").said("has no effect"));
  CHECK_FALSE(bare(std::string(stream) + "redirect = 192.0.2.1 80\nredirect_proxy = v1\n").said("has no effect"));
  CHECK(bare(std::string(stream) + "redirect = 192.0.2.1 80\nredirect_proxy = v3\n").said("Bad choice for redirect_proxy: v3"));
}

TEST_CASE("idle_timeout and first_data_timeout are for TCP connections, and runtime_max for everything") {
  const std::string tcp = std::string(stream) + server;
  const std::string waits = std::string("socket_type = stream\nwait = yes\nuser = root\n") + server;
  for (const std::string time : {"idle_timeout = 10m\n", "first_data_timeout = 10\n"}) {
    CAPTURE(time);
    CHECK(bare(tcp + time).up("x"));
    CHECK(bare(waits + time).said("Service x: idle_timeout and first_data_timeout are for connections of stream services with wait = no"));
    CHECK(bare(tcp + time + "listen = unix:/run/x.sock\n").said("Service x: idle_timeout and first_data_timeout are for TCP connections only"));
    CHECK(bare(tcp + time + "listen = vsock:any:99\n").refused("x"));
    CHECK(bare(tcp + time + "protocol = sctp\n").refused("x"));
    for (const std::string& other : {waits, tcp + "listen = unix:/run/x.sock\n"})
      CHECK(World(defaults(time) + entry("x", "type = UNLISTED\nport = 9\n" + other)).up("x"));
  }
  for (const std::string& any : {waits, tcp + "listen = unix:/run/x.sock\n"}) CHECK(bare(any + "runtime_max = 1h\n").up("x"));
  CHECK(bare(tcp + "idle_timeout = 10m\nmptcp = yes\n").said("have no effect on connections of peers that use MPTCP"));
}
