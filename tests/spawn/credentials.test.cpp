// SPDX-License-Identifier: MIT
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <vector>

#include "spawn/child.hpp"
#include "spawn/harness.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;

namespace {

constexpr uid_t nobody = 65534;

bool root() {
  if (::geteuid() == 0) return true;
  WARN("skipped: only root can change the user");
  return false;
}

Recipe as(Credentials who, std::string script) {
  Recipe recipe = shell(std::move(script));
  recipe.credentials = std::move(who);
  return recipe;
}

/// For its life the daemon is not root, though it was started by root.
class NotRoot {
 public:
  NotRoot() : was_root_(::geteuid() == 0) {
    if (was_root_) REQUIRE(::seteuid(nobody) == 0);
  }
  ~NotRoot() {
    if (was_root_ && ::seteuid(0) != 0) std::abort();
  }

 private:
  bool was_root_;
};

}  // namespace

TEST_CASE("the server has the user, group and groups of the recipe, and the daemon its own") {
  if (!root()) return;
  Bench bench(CloneOptions{.threads = threads, .without_unshare = GENERATE(false, true)});
  const auto output = bench.output_of(as({.uid = nobody, .gid = 1234, .groups = {100, 200}},
                                         "exec grep -E '^(Uid|Gid|Groups)' /proc/self/status"));
  CHECK(output == "Uid:\t65534\t65534\t65534\t65534\nGid:\t1234\t1234\t1234\t1234\nGroups:\t100 200 \n");
  CHECK(::getuid() == 0);
  CHECK(::geteuid() == 0);
  CHECK(::getegid() != 1234);
}

TEST_CASE("who has changed the user in our memory can be neither traced there nor dump core") {
  if (!root()) return;
  Bench bench;
  const auto before = ::prctl(PR_GET_DUMPABLE);
  CHECK(bench.output_of(as({.uid = 0, .gid = 0, .groups = {}}, "echo root")) == "root\n");
  CHECK(::prctl(PR_GET_DUMPABLE) == before);  // no other user, nothing to hide
  CHECK(bench.output_of(as({.uid = nobody, .gid = 1234, .groups = {}}, "stat -c %u /proc/self/stat")) ==
        "65534\n");  // the server's memory is as that of any other program
  CHECK(::prctl(PR_GET_DUMPABLE) == 0);  // whatever fs.suid_dumpable says
}

TEST_CASE("a recipe with credentials but no groups drops the daemon's groups") {
  if (!root()) return;
  Bench bench;
  CHECK(bench.output_of(as({.uid = nobody, .gid = 1234, .groups = {}}, "id -G")) == "1234\n");
}

TEST_CASE("groups that the daemon got after its spawner was made are dropped all the same") {
  if (!root()) return;
  std::vector<gid_t> before(static_cast<std::size_t>(::getgroups(0, nullptr)));
  REQUIRE(::getgroups(static_cast<int>(before.size()), before.data()) == static_cast<int>(before.size()));
  REQUIRE(::setgroups(0, nullptr) == 0);
  Bench bench;
  CHECK(bench.output_of(as({.uid = 0, .gid = 0, .groups = {}}, "id -G")) == "0\n");
  const gid_t late = 4711;
  REQUIRE(::setgroups(1, &late) == 0);
  const auto output = bench.output_of(as({.uid = 0, .gid = 0, .groups = {}}, "id -G"));
  CHECK(::setgroups(before.size(), before.data()) == 0);
  CHECK(output == "0\n");
}

TEST_CASE("no server starts with ids that were the daemon's when its spawner was made, and are no more") {
  if (!root()) return;
  Bench bench;
  const auto fails = [&] {
    const StartFailed failed = bench.failure_of(as({.uid = 0, .gid = 0, .groups = {}}, ""));
    return failed.step == Step::verify && failed.error == EPERM;
  };
  REQUIRE(::setegid(4711) == 0);
  const bool other_group = fails();
  REQUIRE(::setegid(0) == 0);
  CHECK(other_group);
  {
    const NotRoot now;
    Recipe recipe = as({.uid = 0, .gid = 0, .groups = {}, .set_groups = false}, "");
    CHECK(bench.failure_of(std::move(recipe)).step == Step::verify);
  }
  CHECK(bench.output_of(as({.uid = 0, .gid = 0, .groups = {}}, "id -u")) == "0\n");
}

TEST_CASE("in a user namespace without ids the daemon's own are not known") {
  const Beginning here = present_ids();
  CHECK((!here.root || ::geteuid() == 0));
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(2);
    const Beginning inside = present_ids();
    ::_exit(inside.root || inside.gid.given ? 1 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  const int result = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (result == 2) WARN("skipped: no user namespace can be made");
  CHECK((result == 0 || result == 2));
}

TEST_CASE("a server that has another user has no capabilities left") {
  if (!root()) return;
  Bench bench;
  const auto output = bench.output_of(
      as({.uid = nobody, .gid = nobody, .groups = {}}, "exec grep -E '^Cap(Prm|Eff)' /proc/self/status"));
  CHECK(output == "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n");
}

TEST_CASE("negative nice and raised limits work for a server that is not root") {
  if (!root()) return;
  Bench bench;
  Recipe recipe = as({.uid = nobody, .gid = nobody, .groups = {}}, "cut -d ' ' -f 19 /proc/$$/stat");
  recipe.nice = -5;
  CHECK(bench.output_of(recipe) == "-5\n");
}

TEST_CASE("a program the user may not execute fails in exec") {
  if (!root()) return;
  Bench bench;
  Recipe recipe = as({.uid = nobody, .gid = nobody, .groups = {}}, "");
  recipe.path = "/root/x";
  const StartFailed failed = bench.failure_of(recipe);
  CHECK(failed.step == Step::exec);
  CHECK(failed.error == EACCES);
}

TEST_CASE("the user of the daemon itself is always allowed") {
  Bench bench;
  const NotRoot now;
  const auto output =
      bench.output_of(as({.uid = ::geteuid(), .gid = 0, .groups = {}, .set_groups = false}, "id -ru"));
  CHECK(output == std::to_string(::geteuid()) + "\n");
}

TEST_CASE("a daemon that is not root cannot start a server as someone else") {
  Bench bench;
  const NotRoot now;
  const StartFailed failed =
      bench.failure_of(as({.uid = 4711, .gid = 0, .groups = {}, .set_groups = false}, ""));
  CHECK(failed.step == Step::user);
  CHECK(failed.error == EPERM);
  CHECK(failed.status == 126);
}

TEST_CASE("a daemon that is not root cannot set groups") {
  Bench bench;
  const NotRoot now;
  const StartFailed failed = bench.failure_of(as({.uid = ::geteuid(), .gid = 4711, .groups = {1}}, ""));
  CHECK(failed.step == Step::groups);
  CHECK(failed.error == EPERM);
}

TEST_CASE("a daemon that is not root cannot raise the priority, which is not a failure") {
  Bench bench;
  const NotRoot now;
  Recipe recipe = shell("echo started");
  recipe.nice = -20;
  CHECK(bench.output_of(recipe) == "started\n");
}
