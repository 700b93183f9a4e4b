// SPDX-License-Identifier: MIT
#include "spawn/arguments.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "spawn/child.hpp"

using namespace xsuperd::spawn;
using Words = std::vector<std::string>;

namespace {

Words words(const char* const* pointers) {
  Words all;
  for (; *pointers != nullptr; ++pointers) all.emplace_back(*pointers);
  return all;
}

Words environment_of(Words before, bool remote_host = true) {
  Recipe recipe;
  recipe.environment = std::move(before);
  recipe.remote_host = remote_host;
  Arguments arguments;
  arguments.fill(recipe, "192.0.2.1");
  return words(arguments.envp());
}

}  // namespace

TEST_CASE("REMOTE_HOST is appended to the environment") {
  CHECK(environment_of({"A=1", "B=2"}) == Words{"A=1", "B=2", "REMOTE_HOST=192.0.2.1"});
  CHECK(environment_of({}) == Words{"REMOTE_HOST=192.0.2.1"});
}

TEST_CASE("an existing REMOTE_HOST is replaced where it stands") {
  CHECK(environment_of({"A=1", "REMOTE_HOST=x", "B=2"}) == Words{"A=1", "REMOTE_HOST=192.0.2.1", "B=2"});
}

TEST_CASE("names that only begin like REMOTE_HOST are left alone") {
  CHECK(environment_of({"REMOTE_HOSTS=x", "REMOTE_HOST"}) ==
        Words{"REMOTE_HOSTS=x", "REMOTE_HOST", "REMOTE_HOST=192.0.2.1"});
}

TEST_CASE("a recipe may do without REMOTE_HOST") {
  CHECK(environment_of({"REMOTE_HOST=x"}, false) == Words{"REMOTE_HOST=x"});
}

TEST_CASE("a recipe that passes descriptors adds the variables of sd_listen_fds, in place where they stand") {
  Recipe recipe;
  recipe.environment = {"LISTEN_FDS=7", "A=1", "LISTEN_PID=1"};
  recipe.remote_host = false;
  recipe.listen_name = "web";
  Arguments arguments;
  arguments.fill(recipe, "");
  REQUIRE(arguments.listen_pid() != nullptr);
  std::copy_n("4711", 5, arguments.listen_pid());
  CHECK(words(arguments.envp()) == Words{"LISTEN_FDS=1", "A=1", "LISTEN_PID=4711", "LISTEN_FDNAMES=web"});
  const Recipe other;
  arguments.fill(other, "");
  CHECK(arguments.listen_pid() == nullptr);
}

TEST_CASE("a server's own variables follow those of its recipe, and its own arguments replace them") {
  Recipe recipe;
  recipe.argv = {"a", "b"};
  recipe.environment = {"A=1"};
  const OwnWords both{std::string("a\0\0x y\0PROTO=TCP\0E=\0", 19), 3, 2};
  Arguments arguments;
  arguments.fill(recipe, "192.0.2.1", both);
  CHECK(words(arguments.argv()) == Words{"a", "", "x y"});
  CHECK(words(arguments.envp()) == Words{"A=1", "PROTO=TCP", "E=", "REMOTE_HOST=192.0.2.1"});
  const OwnWords variables{std::string("PROTO=TCP\0", 10), 0, 1};
  arguments.fill(recipe, "192.0.2.1", variables);
  CHECK(words(arguments.argv()) == Words{"a", "b"});
  CHECK(words(arguments.envp()) == Words{"A=1", "PROTO=TCP", "REMOTE_HOST=192.0.2.1"});
}

TEST_CASE("arguments filled again keep nothing of the job before") {
  Recipe longer, shorter;
  longer.argv = {"a", "b", "c"};
  longer.environment = {"A=1", "B=2"};
  Arguments arguments;
  arguments.fill(longer, "one");
  arguments.fill(shorter, "two");
  CHECK(words(arguments.argv()).empty());
  CHECK(words(arguments.envp()) == Words{"REMOTE_HOST=two"});
}

TEST_CASE("an environment that comes again is as it was, whoever called, and whatever became of its recipe") {
  Recipe with, without;
  with.environment = {"A=1", "REMOTE_HOST=x", "LISTEN_FDS=7"};
  without.environment = {"B=2"};
  Arguments arguments;
  for (const std::string from : {"one", "another, which is longer than the one before it was"}) {
    auto gone = std::make_unique<Recipe>(with);
    gone->listen_name = "web";
    arguments.fill(*gone, from);
    CHECK(words(arguments.envp())[1] == "REMOTE_HOST=" + from);
    CHECK(words(arguments.envp())[2] == "LISTEN_FDS=1");
    gone.reset();
    arguments.fill(with, from);
    CHECK(words(arguments.envp()) == Words{"A=1", "REMOTE_HOST=" + from, "LISTEN_FDS=7"});
  }
  for (const std::string from : {"one", "two"}) {
    arguments.fill(without, from);
    CHECK(words(arguments.envp()) == Words{"B=2", "REMOTE_HOST=" + from});
  }
  without.environment = {"C=3"};
  arguments.fill(without, "");
  CHECK(words(arguments.envp()) == Words{"C=3", "REMOTE_HOST="});
}

TEST_CASE("a plain recipe plans no change of user, umask, priority or limits") {
  const Recipe recipe;
  const ChildPlan plan = plan_for(recipe);
  CHECK_FALSE(plan.set_user);
  CHECK_FALSE(plan.umask.given);
  CHECK_FALSE(plan.nice.given);
  CHECK(plan.limit_count == 0);
  CHECK(plan.error == 0);
}

TEST_CASE("a full recipe stands in the plan word for word") {
  Recipe recipe;
  recipe.path = "/bin/true";
  recipe.credentials = Credentials{.uid = 1, .gid = 2, .groups = {3, 4}, .set_groups = true};
  recipe.umask = 077;
  recipe.nice = 5;
  recipe.limits = {{RLIMIT_NOFILE, 10, 20}};
  const ChildPlan plan = plan_for(recipe);
  CHECK(std::string(plan.path) == "/bin/true");
  CHECK((plan.set_user && plan.set_groups && plan.uid == 1 && plan.gid == 2));
  CHECK((plan.group_count == 2 && plan.groups[0] == 3 && plan.groups[1] == 4));
  CHECK((plan.umask == 077 && plan.nice == 5));
  CHECK((plan.limit_count == 1 && plan.limits[0].resource == RLIMIT_NOFILE));
}

TEST_CASE("every step has words of its own") {
  std::set<std::string_view> texts;
  for (int step = 0; step <= static_cast<int>(Step::exec); ++step)
    texts.insert(step_text(static_cast<Step>(step)));
  CHECK(texts.size() == static_cast<std::size_t>(Step::exec) + 1);
}
