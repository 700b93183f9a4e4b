// SPDX-License-Identifier: MIT
// The configuration on its way through an upgrade.
#include "supervisor/hand_over_config.hpp"

#include <catch2/catch.hpp>

#include "config/fixture.hpp"
#include "supervisor/noted_names.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using config::test::World;

namespace {

std::string by(const std::string& name, int port, const std::string& user, const std::string& lines = "") {
  return config::test::entry(name, "type = UNLISTED\nsocket_type = stream\nwait = no\nserver = /bin/server\nuser = " +
                                       user + "\nport = " + std::to_string(port) + "\n" + lines);
}

const std::string text = config::test::defaults(
                             "log_type = FILE /var/log/servers 1M\nlog_on_success = PID HOST\nno_access = 10.0.0.0/8\n"
                             "passenv = LANG\ndisabled = off\numask = 027") +
                         config::test::service("one", 9001, "only_from = www.example.com .example.org 192.0.2.0/24\nnice = 3") +
                         by("two", 9002, "alice", "log_type = SYSLOG daemon\ngroups = yes\nenv = A=1") +
                         config::test::service("off", 9003) + by("bad", 9004, "nobody-here") +
                         config::test::entry("tftp", "socket_type = dgram\nwait = yes\nuser = nobody\nserver = /bin/server");

struct Handed {
  Handed() : world(text) { hand_over_configuration(*world.loaded.config, state); }
  World world;
  HandOver state;
};

}  // namespace

TEST_CASE("a configuration comes back as it was: services, defaults, places, and what is absent") {
  Handed handed;
  const config::Config& before = *handed.world.loaded.config;
  const auto restored = restore_configuration(handed.state, handed.world.names);
  if (!restored) FAIL(restored.error().sentence);
  const config::Config& after = *restored->config;
  CHECK(after.defaults == before.defaults);
  REQUIRE(after.services.size() == before.services.size());
  REQUIRE(before.services.size() == 3);
  for (std::size_t i = 0; i < before.services.size(); ++i) {
    INFO(before.services[i]->id);
    CHECK(config::test::same(*before.services[i], *after.services[i]));
    CHECK(after.services[i]->place.file == before.services[i]->place.file);
    CHECK(after.services[i]->place.line == before.services[i]->place.line);
    CHECK(after.services[i]->common_log == before.services[i]->common_log);
    CHECK(after.services[i]->environment == before.services[i]->environment);
    CHECK(after.services[i]->argv == before.services[i]->argv);
    CHECK(after.services[i]->supplementary_groups == before.services[i]->supplementary_groups);
    CHECK(after.services[i]->listen == before.services[i]->listen);
  }
  for (const auto& kept : config::diff(before, after).keep) CHECK(kept.changed.empty());
  REQUIRE(after.absent.size() == 2);
  CHECK(after.absent[1].fate == config::Fate::refused);
}

TEST_CASE("a service of an older configuration inherits nothing of the defaults of today") {
  const World older(config::test::service("old", 9009));
  Handed handed;
  handed.state.services.push_back(inherited_service(*older.loaded.config->services[0]));
  const auto restored = restore_configuration(handed.state, handed.world.names);
  REQUIRE(restored.has_value());
  CHECK(restored->config->services.size() == 3);
  REQUIRE(restored->services.size() == 4);
  CHECK(config::test::same(*older.loaded.config->services[0], *restored->services[3]));
}

TEST_CASE("a user that is gone meanwhile is a reason to refuse") {
  Handed handed;
  std::erase_if(handed.world.names.users, [](const auto& user) { return user.name == "alice"; });
  const auto restored = restore_configuration(handed.state, handed.world.names);
  REQUIRE_FALSE(restored.has_value());
  CHECK_THAT(restored.error().sentence, Catch::StartsWith("the service at /etc/xinetd.conf:"));
  CHECK_THAT(restored.error().sentence, Catch::Contains("alice"));
}

TEST_CASE("names that the trial run has looked up are not looked up again") {
  Handed handed;
  NotedNames trial(handed.world.names);
  REQUIRE(restore_configuration(handed.state, trial).has_value());
  fakes::FakeNames nothing;
  nothing.users.clear();
  nothing.hosts.clear();
  nothing.group_ids.clear();
  nothing.ports.clear();
  nothing.protocols.clear();
  nothing.memberships.clear();
  NotedNames image(nothing);
  CHECK_FALSE(restore_configuration(handed.state, image).has_value());
  NotedNames informed(nothing);
  informed.remember(trial.notes());
  const auto restored = restore_configuration(handed.state, informed);
  if (!restored) FAIL(restored.error().sentence);
  CHECK(config::test::same(*handed.world.loaded.config->services[0], *restored->services[0]));
  CHECK(restored->services[1]->supplementary_groups == std::vector<gid_t>{100, 29});
}

TEST_CASE("notes that cannot be read are asked for anew") {
  fakes::FakeNames real;
  NotedNames names(real);
  names.remember("no notes");
  names.remember(R"({"user alice": "what?", "group audio": ["x"], "host www.example.com": [3, "192.0.2.9"]})");
  CHECK(names.user("alice")->uid == 1000);
  CHECK_FALSE(names.group("audio"));  // an answer, but none that means anything
  CHECK(names.host("www.example.com").size() == 1);
  CHECK(names.user("nobody-here") == std::nullopt);
  CHECK(names.service_port("echo", "udp") == 7);
  CHECK(names.protocol("icmp") == 1);
  CHECK(names.rpc_number("rstatd") == 100001u);
  CHECK_FALSE(names.network("loopback"));
  CHECK(names.user(uid_t{0})->name == "root");
  CHECK(names.system_call("ptrace"));
  CHECK_FALSE(names.system_call("ptrce"));
  real.system_calls.clear();
  NotedNames again(real);
  again.remember(names.notes());
  CHECK(again.system_call("ptrace"));
  CHECK_FALSE(again.system_call("mount"));
  (void)names.system_call("mount");
  CHECK(again.notes() == names.notes());
}

TEST_CASE("words that xinetd's language cannot say come through an upgrade") {
  config::Service service = *World(config::test::service("x", 9001, "server_args = -c a")).loaded.config->services[0];
  service.settings.server = "/bin/with blank";
  service.settings.server_args = config::Words{"-c", "echo  a\n disable = yes", ""};
  service.argv = {"with blank", "-c", "echo  a\n disable = yes", ""};
  HandOver state;
  state.services.push_back(inherited_service(service));
  fakes::FakeNames names;
  const auto restored = restore_configuration(state, names);
  REQUIRE(restored.has_value());
  CHECK(restored->services.at(0)->settings.server == service.settings.server);
  CHECK(restored->services.at(0)->settings.server_args == service.settings.server_args);
  CHECK(restored->services.at(0)->argv == service.argv);
  CHECK(restored->services.at(0)->listen.at == service.listen.at);
}

TEST_CASE("a service of a version without further places stays at the one it has, wherever its name leads") {
  const World world(by("one", 9001, "root", "bind = localhost"));
  REQUIRE(world.loaded.config->services.at(0)->places().size() == 2);
  HandOver state;
  hand_over_configuration(*world.loaded.config, state);
  state.services[0].places.clear();
  for (const char* address : {"127.0.0.1", "::1"}) {
    state.services[0].at.address = *base::Address::parse(address);
    fakes::FakeNames names;
    const auto restored = restore_configuration(state, names);
    REQUIRE(restored.has_value());
    const auto places = restored->config->services.at(0)->places();
    REQUIRE(places.size() == 1);
    CHECK(places[0].at == state.services[0].at);
    CHECK(places[0].ipv6 == (address[0] == ':'));
  }
}
