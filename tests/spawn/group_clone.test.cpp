// SPDX-License-Identifier: MIT
// Servers that are born in a control group. The group is one of cgroup v2 without controllers, which any root can make.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <optional>
#include <thread>

#include "spawn/harness.hpp"
#include "spawn/slow_program.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
namespace base = xsuperd::base;

namespace {

class TestGroup {
 public:
  TestGroup() {
    for (const char* top : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (::access(fmt::format("{}/cgroup.procs", top).c_str(), W_OK) != 0) continue;
      path_ = fmt::format("{}/xsuperd-test-{}", top, ::getpid());
      if (::mkdir(path_.c_str(), 0755) == 0) directory_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
  }
  ~TestGroup() {
    directory_.reset();
    for (int tries = 0; !path_.empty() && ::rmdir(path_.c_str()) != 0 && tries < 100; ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  [[nodiscard]] int number() const { return directory_ ? directory_.get() : -1; }
  [[nodiscard]] std::string name() const { return path_.substr(path_.rfind('/')); }

 private:
  std::string path_;
  base::Fd directory_;
};

std::optional<Outcome> start(Bench& bench, Recipe recipe, base::Fd socket, const Enclosure& box) {
  return bench.spawner->start({.token = 1, .recipe = std::make_shared<const Recipe>(std::move(recipe)), .socket = std::move(socket), .box = box}, Spawner::Load::at_once);
}

std::string output(Bench& bench, Recipe recipe, const Enclosure& box) {
  Pair pair = make_pair();
  auto outcome = start(bench, std::move(recipe), std::move(pair.server), box);
  REQUIRE(outcome);
  REQUIRE(std::holds_alternative<Started>(*outcome));
  std::string text = read_all(pair.client);
  (void)bench.wait_for(std::get<Started>(std::move(*outcome)));
  return text;
}

CloneOptions any_manner() {
  CloneOptions options{.threads = threads};
  options.without_unshare = GENERATE(false, true);
  options.without_pidfd_clone = GENERATE(false, true);
  CAPTURE(options.without_unshare, options.without_pidfd_clone);
  return options;
}

}  // namespace

TEST_CASE("a server is born in its control group, whatever the group limits") {
  const TestGroup group;
  if (group.number() < 0) {
    WARN("skipped: no control group of version 2 can be made here");
    return;
  }
  Bench bench(any_manner());
  const bool memory = GENERATE(false, true), cpu = GENERATE(false, true);
  CAPTURE(memory, cpu);
  const Enclosure box{.group = group.number(), .group_limits_memory = memory, .group_limits_cpu = cpu};
  for (int i = 0; i < 20; ++i) CHECK(output(bench, shell("grep ^0:: /proc/self/cgroup"), box) == "0::" + group.name() + "\n");
  CHECK(output(bench, shell("ls /proc/$$/fd; :"), box) == "0\n1\n2\n");
  CHECK(output(bench, shell("grep ^0:: /proc/self/cgroup"), {}).find(group.name()) == std::string::npos);
  CHECK_FALSE(has_children());
}

TEST_CASE("a server that cannot be executed says so from its control group") {
  const TestGroup group;
  if (group.number() < 0) {
    WARN("skipped: no control group of version 2 can be made here");
    return;
  }
  Bench bench(any_manner());
  const Enclosure box{.group = group.number(), .group_limits_memory = GENERATE(false, true)};
  Pair pair = make_pair();
  const auto outcome = start(bench, program("/nonexistent"), std::move(pair.server), box);
  REQUIRE(outcome);
  const auto& failed = std::get<StartFailed>(*outcome);
  CHECK(failed.step == Step::exec);
  CHECK(failed.error == ENOENT);
  CHECK(failed.socket);
  CHECK_FALSE(has_children());
}

TEST_CASE("in place of a control group that is gone there is no server") {
  if (::geteuid() != 0) return;
  const base::Fd none(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Bench bench;
  const Enclosure box{.group = none.get(), .group_limits_memory = GENERATE(false, true)};
  Pair pair = make_pair();
  const auto outcome = start(bench, program("/bin/true"), std::move(pair.server), box);
  REQUIRE(outcome);
  CHECK(std::holds_alternative<StartFailed>(*outcome));
  CHECK_FALSE(has_children());
}

TEST_CASE("nobody waits for a program that takes long in its control group") {
  const TestGroup group;
  SlowProgram slow;
  if (group.number() < 0 || !slow.possible) {
    WARN("skipped: no control group of version 2, or no lease on a file, can be had here");
    return;
  }
  CloneOptions options{.threads = threads, .loop_patience = std::chrono::milliseconds(3), .thread_patience = std::chrono::milliseconds(50)};
  options.without_unshare = GENERATE(false, true);
  const Enclosure box{.group = group.number(), .group_limits_memory = GENERATE(false, true), .group_limits_cpu = GENERATE(false, true)};
  Bench bench(options);
  std::vector<Outcome> answers;
  bench.spawner->on_outcome([&](Outcome outcome) { answers.push_back(std::move(outcome)); });
  Pair pair = make_pair();
  Job job{.token = 1, .recipe = std::make_shared<const Recipe>(program(slow.path)), .socket = std::move(pair.server), .box = box};
  CHECK_FALSE(bench.spawner->start(std::move(job), Spawner::Load::alone));
  CHECK(output(bench, shell("echo other"), {}) == "other\n");
  slow.go_on();
  run_until(bench.loop, [&] { return !answers.empty(); });
  REQUIRE(std::holds_alternative<Started>(answers.front()));
  CHECK(read_all(pair.client) == "served\n");
  (void)bench.wait_for(std::get<Started>(std::move(answers.front())));
  CHECK_FALSE(has_children());
}
