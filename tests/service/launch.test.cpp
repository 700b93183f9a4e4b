// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;

namespace {

DaemonFacts root_daemon() {
  DaemonFacts facts;
  facts.root = true;
  facts.umask = 027;
  facts.files = {1024, 4096};
  return facts;
}

spawn::Recipe recipe(
    const std::function<void(config::Service&)>& change = [](auto&) {},
    const DaemonFacts& facts = root_daemon()) {
  config::Service service = stream_service();
  change(service);
  return *make_recipe(service, facts);
}

/// "soft/hard" of a resource, "as it is" when the recipe does not touch it.
std::string limit(const spawn::Recipe& recipe, int resource) {
  const auto text = [](rlim_t value) { return value == RLIM_INFINITY ? "unlimited" : std::to_string(value); };
  std::string found = "as it is";
  int count = 0;
  for (const spawn::ResourceLimit& one : recipe.limits)
    if (one.resource == resource) found = text(one.soft) + "/" + text(one.hard), ++count;
  CHECK(count <= 1);
  return found;
}

}  // namespace

TEST_CASE("a recipe has the server, its arguments and its environment as the configuration has them") {
  const auto r = recipe([](auto& s) {
    s.settings.server = "/usr/sbin/in.ftpd";
    s.argv = {"in.ftpd", "-l", "a b"};
    s.environment = config::Words{"A=1", "REMOTE_HOST=x"};
  });
  CHECK(r.path == "/usr/sbin/in.ftpd");
  CHECK(r.argv == std::vector<std::string>{"in.ftpd", "-l", "a b"});
  CHECK(r.environment == std::vector<std::string>{"A=1", "REMOTE_HOST=x"});
  CHECK(r.remote_host);
}

TEST_CASE("recipes share the environment of their service") {
  config::Service service = stream_service();
  service.environment = config::Words{"A=1", "B=2"};
  const auto made = make_recipe(service, root_daemon());
  const config::Words& of_service = service.environment;
  const config::Words& of_recipe = made->environment;
  CHECK(&of_recipe == &of_service);
}

TEST_CASE("without user and group a server stays who the daemon is") {
  CHECK_FALSE(recipe().credentials.has_value());
}

TEST_CASE("a user brings his primary group") {
  const auto r = recipe([](auto& s) { s.settings.user = config::User{"alice", "alice", 1000, 100}; });
  REQUIRE(r.credentials.has_value());
  CHECK(r.credentials->uid == 1000);
  CHECK(r.credentials->gid == 100);
  CHECK(r.credentials->groups.empty());
  CHECK(r.credentials->set_groups);
}

TEST_CASE(
    "a group given replaces the primary one, and the supplementary groups come from the configuration") {
  const auto r = recipe([](auto& s) {
    s.settings.user = config::User{"alice", "alice", 1000, 100};
    s.settings.group = config::Group{"audio", 29};
    s.supplementary_groups = {100, 44};
  });
  REQUIRE(r.credentials.has_value());
  CHECK(r.credentials->gid == 29);
  CHECK(r.credentials->groups == std::vector<gid_t>{100, 44});
}

TEST_CASE("a group without a user leaves the user as he is") {
  const auto r = recipe([](auto& s) { s.settings.group = config::Group{"audio", 29}; });
  REQUIRE(r.credentials.has_value());
  CHECK(r.credentials->uid == ::geteuid());
  CHECK(r.credentials->gid == 29);
}

TEST_CASE("a daemon that is not root sets the user and no groups") {
  DaemonFacts facts = root_daemon();
  facts.root = false;
  const auto r = recipe([](auto& s) { s.settings.user = config::User{"alice", "alice", 1000, 100}; }, facts);
  REQUIRE(r.credentials.has_value());
  CHECK(r.credentials->uid == 1000);
  CHECK_FALSE(r.credentials->set_groups);
}

TEST_CASE("the umask is the service's, else the daemon's") {
  CHECK(recipe().umask == 027);
  CHECK(recipe([](auto& s) { s.settings.umask = config::FileMode{077}; }).umask == 077);
  CHECK(recipe([](auto& s) { s.settings.umask = config::FileMode{0}; }).umask == 0);
}

TEST_CASE("nice counts from the daemon's own priority and stays within what there is") {
  DaemonFacts facts = root_daemon();
  facts.priority = 5;
  CHECK_FALSE(recipe([](auto&) {}, facts).nice.given);
  CHECK(recipe([](auto& s) { s.settings.nice = 3; }, facts).nice == 8);
  CHECK(recipe([](auto& s) { s.settings.nice = -3; }, facts).nice == 2);
  CHECK(recipe([](auto& s) { s.settings.nice = 19; }, facts).nice == 19);
  facts.priority = -5;
  CHECK(recipe([](auto& s) { s.settings.nice = -18; }, facts).nice == -20);
}

TEST_CASE("a server may open as many files as the daemon's hard limit says") {
  CHECK(limit(recipe(), RLIMIT_NOFILE) == "4096/4096");
  DaemonFacts facts = root_daemon();
  facts.files = {1024, RLIM_INFINITY};
  CHECK(limit(recipe([](auto&) {}, facts), RLIMIT_NOFILE) == "4096/4096");
  facts.files = {256, 512};
  CHECK(limit(recipe([](auto&) {}, facts), RLIMIT_NOFILE) == "512/512");
}

TEST_CASE("rlimit_files replaces that, but for 0 and UNLIMITED") {
  const auto files = [](std::uint64_t value) {
    return limit(recipe([=](auto& s) { s.settings.rlimit_files = config::Limit{value}; }), RLIMIT_NOFILE);
  };
  CHECK(files(64) == "64/64");
  CHECK(files(0) == "4096/4096");
  CHECK(files(config::Limit::unlimited) == "4096/4096");
}

TEST_CASE("the other limits are set when they are given and not 0") {
  const auto r = recipe([](auto& s) {
    s.settings.rlimit_as = config::Limit{1 << 20};
    s.settings.rlimit_cpu = config::Limit{10};
    s.settings.rlimit_data = config::Limit{};
    s.settings.rlimit_rss = config::Limit{0};
  });
  CHECK(limit(r, RLIMIT_AS) == "1048576/1048576");
  CHECK(limit(r, RLIMIT_CPU) == "10/10");
  CHECK(limit(r, RLIMIT_DATA) == "unlimited/unlimited");
  CHECK(limit(r, RLIMIT_RSS) == "as it is");
  CHECK(limit(r, RLIMIT_STACK) == "as it is");
  const auto stack = recipe([](auto& s) { s.settings.rlimit_stack = config::Limit{65536}; });
  CHECK(limit(stack, RLIMIT_STACK) == "65536/65536");
}

TEST_CASE("servers of wait = yes services get a blocking socket") {
  CHECK_FALSE(recipe().blocking_stdio);
  CHECK(recipe([](auto& s) { s.wait = true; }).blocking_stdio);
}

TEST_CASE("the facts of this process are what the system says of it") {
  const DaemonFacts facts = DaemonFacts::of_this_process(037);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  CHECK(facts.root == (::geteuid() == 0));
  CHECK(facts.umask == 037);
  CHECK(facts.files.rlim_cur == files.rlim_cur);
  CHECK(facts.files.rlim_max == files.rlim_max);
  CHECK(facts.priority == ::getpriority(PRIO_PROCESS, 0));
}
