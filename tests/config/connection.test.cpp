// SPDX-License-Identifier: MIT
// What servers are told of their connections: conn_env and expand, as far as the configuration decides it.
#include "xsuperd/config/connection.hpp"

#include <catch2/catch.hpp>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

PatternFault fault_of(std::string_view word) {
  const auto parsed = parse_pattern(word);
  REQUIRE(std::holds_alternative<PatternFault>(parsed));
  return std::get<PatternFault>(parsed);
}

ArgumentPattern pattern_of(std::string_view word) {
  const auto parsed = parse_pattern(word);
  REQUIRE(std::holds_alternative<ArgumentPattern>(parsed));
  return std::get<ArgumentPattern>(parsed);
}

std::vector<std::string> names_of(const std::vector<std::uint8_t>& variables) {
  std::vector<std::string> names;
  for (const auto index : variables) names.emplace_back(connection_variables()[index].name);
  return names;
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The names of the variables that a server of this service is given.
std::vector<std::string> given(const std::string& lines) { return names_of(with(lines).at("x").connection_variables); }

}  // namespace

TEST_CASE("a word with facts is taken apart at each of them") {
  CHECK(pattern_of("from=%{remote_addr}:%{remote_port}") ==
        ArgumentPattern{{{"from=", Fact::remote_addr}, {":", Fact::remote_port}}});
  CHECK(pattern_of("%{service}!") == ArgumentPattern{{{"", Fact::service}, {"!", std::nullopt}}});
  CHECK(pattern_of("100%%") == ArgumentPattern{{{"100%", std::nullopt}}});
  CHECK(pattern_of("%%{service}") == ArgumentPattern{{{"%{service}", std::nullopt}}});
  CHECK(pattern_of("plain") == ArgumentPattern{{{"plain", std::nullopt}}});
}

TEST_CASE("every other per cent sign is a fault at its place, with what to write instead") {
  CHECK(fault_of("a%").at == 1);
  CHECK(fault_of("a%d").sentence == "'%d' is not a %{NAME}");
  CHECK(fault_of("a%d").hint == "write '%%' for a per cent sign");
  CHECK(fault_of("ab%{remote_addr").at == 2);
  CHECK(fault_of("ab%{remote_addr").sentence == "'%{remote_addr' has no '}'");
  CHECK(fault_of("%{remote_adr}").sentence == "'remote_adr' is not the name of a fact");
  CHECK(fault_of("%{remote_adr}").hint == "did you mean '%{remote_addr}'?");
  CHECK(fault_of("%{xyz}").hint.starts_with("the names are remote_addr, "));
  CHECK(fault_of("%{}").at == 0);
  CHECK(fault_of("%{remote_ip}").at == 0);  // a fact, but not one that expand knows
}

TEST_CASE("conn_env gives nothing but REMOTE_HOST by default, and each set what belongs to it") {
  CHECK(given("").empty());
  CHECK(given("conn_env = xinetd").empty());
  const auto ucspi = given("conn_env = ucspi");
  CHECK(has(ucspi, "PROTO"));
  CHECK(has(ucspi, "TCPREMOTEIP"));
  CHECK(has(ucspi, "TCP6LOCALPORT"));
  CHECK(has(ucspi, "UNIXREMOTEPID"));
  CHECK_FALSE(has(ucspi, "REMOTE_ADDR"));
  CHECK_FALSE(has(ucspi, "TCPREMOTEHOST"));
  const auto all = given("conn_env = all");
  CHECK(has(all, "REMOTE_ADDR"));
  CHECK(has(all, "CONNECTION_ID"));
  CHECK(has(all, "TCPREMOTEIP"));
  CHECK_FALSE(has(all, "UNIXLOCALPID"));
}

TEST_CASE("what env says of a variable wins") {
  const World w = with("conn_env = all\nenv = LOCAL_ADDR=here PROTO=none");
  CHECK_FALSE(has(names_of(w.at("x").connection_variables), "LOCAL_ADDR"));
  CHECK_FALSE(has(names_of(w.at("x").connection_variables), "PROTO"));
  CHECK(has(names_of(w.at("x").connection_variables), "LOCAL_PORT"));
  CHECK(has(w.at("x").environment, "LOCAL_ADDR=here"));
}

TEST_CASE("with conn_env no variable of a connection comes from the daemon's environment, not even by passenv") {
  World w;
  w.names.variables = {"A=1", "TCPREMOTEIP=192.0.2.9", "TCPREMOTEHOST=old", "REMOTE_ADDR=old", "REMOTE_HOST=old"};
  w.read(service("x", 1, "conn_env = ucspi") + service("y", 2, "conn_env = all\npassenv = A TCPREMOTEHOST") + service("z", 3));
  CHECK(Words(w.at("x").environment) == Words{"A=1", "REMOTE_HOST=old"});
  CHECK(Words(w.at("y").environment) == Words{"A=1"});
  CHECK(has(w.at("z").environment, "TCPREMOTEIP=192.0.2.9"));
}

TEST_CASE("without expand per cent signs stay as they are") {
  CHECK(with("server_args = %{remote_addr} 100%").at("x").argument_patterns.empty());
}

TEST_CASE("expand takes the arguments apart, and with NAMEINARGS the name too") {
  const ArgumentPattern fact{{{"", Fact::remote_addr}}};
  const auto own = with("expand = yes\nserver_args = %{remote_addr} a").at("x").argument_patterns;
  CHECK(own == std::vector<ArgumentPattern>{{{{"server", std::nullopt}}}, fact, {{{"a", std::nullopt}}}});
  const auto named = with("flags = NAMEINARGS\nexpand = yes\nserver_args = %{remote_addr} a").at("x").argument_patterns;
  CHECK(named == std::vector<ArgumentPattern>{fact, {{{"a", std::nullopt}}}});
}

TEST_CASE("the name of a program is not expanded") {
  CHECK(with("expand = yes").at("x").argument_patterns.size() == 1);
  World odd;
  odd.files.programs.insert("/bin/100%");
  odd.read(entry("x", "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/100%\nexpand = yes"));
  CHECK(odd.at("x").argument_patterns == std::vector<ArgumentPattern>{{{{"100%", std::nullopt}}}});
}

TEST_CASE("a fault in an argument refuses the entry, at the place of the fault") {
  const World w = with("expand = yes\nserver_args = first x%{remote_prot}");
  CHECK(w.refused("x"));
  const Diagnostic* finding = w.finding("bad argument of service x: 'remote_prot' is not the name of a fact");
  REQUIRE(finding);
  CHECK(finding->line_text == "server_args = first x%{remote_prot}");
  CHECK(finding->place.column == 22);
  CHECK(finding->suggestion == "did you mean '%{remote_port}'?");
}

TEST_CASE("expand needs a connection, and conn_env is of no use without one") {
  const std::string waits = "wait = yes\nuser = root\nsocket_type = stream\ntype = UNLISTED\nport = 1\nserver = /bin/server\n";
  CHECK(World(entry("x", waits + "expand = yes")).said("its arguments cannot tell of a connection"));
  CHECK(World(entry("x", waits + "expand = yes")).refused("x"));
  const World w(entry("x", waits + "conn_env = all"));
  CHECK(w.said("conn_env has no effect: service x has no server with wait = no"));
  CHECK(w.at("x").connection_variables.empty());
  CHECK_FALSE(World(entry("x", waits + "conn_env = xinetd")).said("conn_env has no effect"));
  CHECK_FALSE(World(defaults("conn_env = all") + entry("x", waits)).said("conn_env has no effect"));
  CHECK_FALSE(World(defaults("conn_env = all") + service("x", 2)).at("x").connection_variables.empty());
  CHECK(World(entry("echo", "type = INTERNAL\nsocket_type = stream\nwait = no\nexpand = yes")).said("expand has no effect"));
}

TEST_CASE("services reached through tcpmux have connections as well") {
  const World w(entry("x", "type = TCPMUX UNLISTED\nport = 1\nsocket_type = stream\nprotocol = tcp\nwait = no\nuser = root\n"
                           "server = /bin/server\nconn_env = ucspi\nexpand = yes\nserver_args = %{remote_addr}"));
  CHECK(has(names_of(w.at("x").connection_variables), "TCPREMOTEIP"));
  CHECK(w.at("x").argument_patterns.size() == 2);
}

TEST_CASE("redirect takes a UNIX socket for its target") {
  const auto relay = [](const std::string& target) {
    return World(entry("x", "type = UNLISTED\nport = 1\nsocket_type = stream\nwait = no\nuser = root\nredirect = " + target));
  };
  CHECK(relay("unix:/run/x.sock").at("x").settings.redirect == RedirectTarget{"/run/x.sock", 0});
  CHECK(relay("unix:@name").at("x").settings.redirect == RedirectTarget{"@name", 0});
  CHECK(relay("unix:@name").at("x").relays_locally());
  CHECK_FALSE(relay("127.0.0.1 80").at("x").relays_locally());
  CHECK(find_attribute("redirect")->print(relay("unix:/run/x.sock").at("x").settings) == "unix:/run/x.sock");
  CHECK(relay("unix:/run/x.sock 80").said("the target of redirect is a UNIX socket, which has no port"));
  CHECK(relay("unix:run/x.sock").said("bad target of redirect: 'run/x.sock' is not the path of a socket"));
  CHECK(relay("unix:/run/").said("is a directory"));
  CHECK(relay("unix:/" + std::string(107, 'a')).said("at most 107 characters"));
  CHECK(relay("unix:/" + std::string(106, 'a')).up("x"));
  CHECK(relay("127.0.0.1").said("the target of redirect has no port: 127.0.0.1"));
  REQUIRE(relay("/run/x.sock").finding("bad address: /run/x.sock"));
  CHECK(relay("/run/x.sock").finding("bad address: /run/x.sock")->suggestion == "write 'redirect = unix:/run/x.sock'");
}
