// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <catch2/catch.hpp>

#include "service/fixture.hpp"
#include "xsuperd/box/filter.hpp"

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

TEST_CASE("of the limits that xinetd does not have, 0 is one like any other") {
  using S = config::Settings;
  const std::pair<int, std::optional<config::Limit> S::*> limits[]{
      {RLIMIT_CORE, &S::rlimit_core},         {RLIMIT_FSIZE, &S::rlimit_fsize},       {RLIMIT_LOCKS, &S::rlimit_locks},
      {RLIMIT_MEMLOCK, &S::rlimit_memlock},   {RLIMIT_MSGQUEUE, &S::rlimit_msgqueue}, {RLIMIT_NICE, &S::rlimit_nice},
      {RLIMIT_NPROC, &S::rlimit_nproc},       {RLIMIT_RTPRIO, &S::rlimit_rtprio},     {RLIMIT_RTTIME, &S::rlimit_rttime},
      {RLIMIT_SIGPENDING, &S::rlimit_sigpending}};
  for (const auto& [resource, member] : limits) {
    const auto with = [&, number = resource, to = member](std::uint64_t value) {
      return limit(recipe([=](auto& s) { s.settings.*to = config::Limit{value}; }), number);
    };
    INFO(resource);
    CHECK(limit(recipe(), resource) == "as it is");
    CHECK(with(0) == "0/0");
    CHECK(with(7) == "7/7");
    CHECK(with(config::Limit::unlimited) == "unlimited/unlimited");
  }
}

namespace {

spawn::Recipe confined(uid_t user, const std::function<void(config::Settings&)>& change) {
  return recipe([&](config::Service& s) {
    s.settings.user = config::User{"x", "x", user, user};
    change(s.settings);
  });
}

constexpr std::uint64_t bind_and_kill = 1U << 10 | 1U << 5;

}  // namespace

TEST_CASE("a service that says nothing of it is not confined") {
  const auto r = confined(1000, [](auto&) {});
  CHECK_FALSE(r.no_new_privileges);
  CHECK_FALSE(r.capabilities.given);
  CHECK_FALSE(r.connect_ports.has_value());
  CHECK_FALSE(r.filter);
  CHECK(r.filter_error == 0);
}

TEST_CASE("named capabilities are passed on to a user, and left to root") {
  const auto named = [](auto& s) { s.capabilities = config::CapabilitySet{false, bind_and_kill}; };
  CHECK(confined(1000, named).capabilities == spawn::CapabilityBounds{bind_and_kill, bind_and_kill, true});
  CHECK(confined(0, named).capabilities == spawn::CapabilityBounds{bind_and_kill, bind_and_kill, false});
}

TEST_CASE("no user is given capabilities that nobody has named") {
  for (const uid_t user : {0U, 1000U}) {
    CHECK(confined(user, [](auto& s) { s.capabilities = config::CapabilitySet{false, 0}; }).capabilities == spawn::CapabilityBounds{0, 0, false});
    CHECK(confined(user, [](auto& s) { s.capabilities = config::CapabilitySet{true, 6}; }).capabilities ==
          spawn::CapabilityBounds{~std::uint64_t{6}, 0, false});
    CHECK_FALSE(confined(user, [](auto& s) { s.capabilities = config::CapabilitySet{true, 0}; }).capabilities.given);
  }
}

TEST_CASE("a filter is the one that box makes, and is shared") {
  if (box::filter_ability() != box::FilterAbility::usable) {
    WARN("skipped: there are no filters here");
    return;
  }
  const auto service_set = [](auto& s) { s.system_calls = config::SystemCalls{config::SystemCalls::Base::service, {"getppid"}}; };
  const auto one = confined(1000, service_set);
  REQUIRE(one.filter);
  CHECK(one.no_new_privileges);
  CHECK(one.filter == confined(0, service_set).filter);
  CHECK(one.filter == *box::make_filter({box::FilterRequest::Base::service, box::FilterRequest::Action::error, {"getppid"}}));
  const auto strict = confined(1000, [](auto& s) {
    s.system_calls = config::SystemCalls{config::SystemCalls::Base::strict, {}};
    s.system_call_action = config::CallAction::kill;
  });
  CHECK(strict.filter == *box::make_filter({box::FilterRequest::Base::strict, box::FilterRequest::Action::kill, {}}));
  const auto none_such = confined(1000, [](auto& s) { s.system_calls = config::SystemCalls{config::SystemCalls::Base::all, {"ptrce"}}; });
  CHECK_FALSE(none_such.filter);
  CHECK(none_such.filter_error == ENOSYS);
}

TEST_CASE("ports to connect to come with no new privileges") {
  const auto r = confined(1000, [](auto& s) { s.tcp_connect = config::ConnectPorts{false, {53, 443}}; });
  CHECK(r.connect_ports == std::vector<std::uint16_t>{53, 443});
  CHECK(r.no_new_privileges);
  CHECK_FALSE(confined(1000, [](auto& s) { s.tcp_connect = config::ConnectPorts{true, {}}; }).no_new_privileges);
}

TEST_CASE("where boxes cannot be made, rules about files are in the place of mounts") {
  DaemonFacts facts = root_daemon();
  const auto made = [&] {
    return recipe(
        [](config::Service& s) {
          s.settings.system_calls = config::SystemCalls{config::SystemCalls::Base::strict, {}};
          s.settings.read_only_paths = config::Words{"/"};
          s.settings.read_write_paths = config::Words{"/a", "/b"};
        },
        facts);
  };
  const auto boxed = made();
  REQUIRE(boxed.mould);
  CHECK_FALSE(boxed.writable_files);
  facts.boxes = [] { return config::Abilities::Boxes::not_root; };
  const auto ruled = made();
  CHECK_FALSE(ruled.mould);
  CHECK(ruled.writable_files == std::vector<std::string>{"/a", "/b"});
  CHECK(ruled.no_new_privileges);
  if (ruled.filter) CHECK(ruled.filter != boxed.filter);
}

TEST_CASE("a server with a user namespace has the ids of its user there, or is root there and its box's user outside") {
  const auto of = [](uid_t user, bool dynamic) {
    return confined(user, [&](auto& s) {
      s.user_namespace = true;
      s.dynamic_user = dynamic;
    });
  };
  CHECK(of(1000, false).own_users);
  CHECK_FALSE(of(1000, false).mould);
  CHECK_FALSE(of(1000, false).root_inside);
  CHECK_FALSE(of(1000, true).root_inside);
  CHECK(of(0, true).root_inside);
  CHECK(of(0, true).own_uids == spawn::OwnUids{600'000, 665'535});
  CHECK_FALSE(confined(0, [](auto& s) { s.dynamic_user = true; }).own_users);
}

TEST_CASE("a sandbox confines by the attributes that it stands for") {
  const auto r = confined(1000, [](auto& s) { s.sandbox = config::Sandbox::basic; });
  CHECK(r.no_new_privileges);
  CHECK(r.capabilities == spawn::CapabilityBounds{0, 0, false});
  CHECK((r.filter || r.filter_error != 0));
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

TEST_CASE("limits are in the mould where the machine has controllers, and in the limits of each process where not") {
  using Controllers = config::Abilities::Controllers;
  using State = Controllers::State;
  const auto with = [](const Controllers& controllers) {
    DaemonFacts facts = root_daemon();
    facts.controllers = [controllers] { return controllers; };
    return recipe(
        [](config::Service& s) {
          s.settings.dynamic_user = true;
          s.settings.memory_max = config::Limit{1 << 20};
          s.settings.tasks_max = config::Limit{5};
          s.settings.rlimit_nproc = config::Limit{3};
          s.settings.rlimit_as = config::Limit{1 << 21};
        },
        facts);
  };
  const auto grouped = with({});
  REQUIRE(grouped.mould);
  CHECK(grouped.mould->each == box::Mould::Amounts{.memory = 1 << 20, .tasks = 5});
  CHECK(grouped.mould->service.empty());
  CHECK(limit(grouped, RLIMIT_AS) == "2097152/2097152");
  const auto without = with({State::not_in_kernel, State::not_permitted, State::usable});
  REQUIRE(without.mould);
  CHECK_FALSE(without.mould->has_group());
  CHECK(limit(without, RLIMIT_AS) == "1048576/1048576");
  CHECK(limit(without, RLIMIT_NPROC) == "3/3");
}

TEST_CASE("services with limits for all connections together have moulds of their own") {
  const auto of = [](const std::string& id, bool together) {
    return *recipe([&](config::Service& s) {
              s.id = id;
              s.settings.tasks_max = config::Limit{5};
              if (together) s.settings.service_tasks_max = config::Limit{50};
            }).mould;
  };
  CHECK(of("a", false) == of("b", false));
  CHECK(of("a", true) != of("b", true));
  CHECK(of("a", true).together.tasks == 50);
}
