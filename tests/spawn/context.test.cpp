// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "spawn/harness.hpp"

// The security context that a server is executed in. Kernels with SELinux are rare where tests run: what the kernel
// is told is read from a file in the place of the kernel's.
using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
namespace base = xsuperd::base;

namespace {

Job labeled(Recipe recipe, base::Fd socket, std::string context) {
  return {7, std::make_shared<const Recipe>(std::move(recipe)), std::move(socket), "192.0.2.1", std::move(context)};
}

/// This thread, with a /proc that holds no more than the file self/attr/exec.
class FalseProc {
 public:
  FalseProc() : before_(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
    made_ = before_ && ::unshare(CLONE_NEWNS) == 0;
    if (!made_) return;
    // Where the root directory is no mount point, as in a chroot, what is mounted here would be seen outside.
    made_ = ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!made_) {
      ::setns(before_.get(), CLONE_NEWNS);
      return;
    }
    REQUIRE(::mount("tmpfs", "/proc", "tmpfs", 0, nullptr) == 0);
    REQUIRE(::mkdir("/proc/self", 0755) == 0);
    REQUIRE(::mkdir("/proc/self/attr", 0755) == 0);
    file_.reset(::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    REQUIRE(file_);
  }
  ~FalseProc() {
    if (made_) ::setns(before_.get(), CLONE_NEWNS);
  }
  FalseProc(const FalseProc&) = delete;
  FalseProc& operator=(const FalseProc&) = delete;
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] std::string written() const {
    char bytes[256];
    const ssize_t n = ::pread(file_.get(), bytes, sizeof bytes, 0);
    return n < 0 ? "nothing" : std::string(bytes, static_cast<std::size_t>(n));
  }

  static constexpr const char* path = "/proc/self/attr/exec";

 private:
  base::Fd before_;
  base::Fd file_;
  bool made_ = false;
};

}  // namespace

TEST_CASE("the kernel is told the context with its NUL before the server is executed") {
  const FalseProc proc;
  if (!proc.made()) {
    WARN("skipped: making a mount namespace needs root, and a root directory that is a mount point");
    return;
  }
  Bench bench;
  Recipe recipe = shell("echo runs");
  std::string answer = "runs\n";
  SECTION("as it is") {}
  SECTION("under limits that leave no descriptor to open, and it ends for want of libraries") {
    recipe.limits = {{RLIMIT_NOFILE, 3, 3}};
    answer.clear();
  }
  Pair pair = make_pair();
  auto outcome = bench.spawner->start(labeled(recipe, std::move(pair.server), "u:r:t:s0"), Spawner::Load::alone);
  REQUIRE(outcome);
  REQUIRE(std::holds_alternative<Started>(*outcome));
  bench.wait_for(std::get<Started>(std::move(*outcome)));
  CHECK(proc.written() == std::string("u:r:t:s0\0", 9));
  CHECK((answer.empty() || read_all(pair.client) == answer));
}

TEST_CASE("a server without a context tells the kernel nothing") {
  const FalseProc proc;
  if (!proc.made()) {
    WARN("skipped: making a mount namespace needs root, and a root directory that is a mount point");
    return;
  }
  Bench bench;
  CHECK(bench.output_of(shell("echo runs")) == "runs\n");
  CHECK(proc.written().empty());
}

TEST_CASE("a context that the kernel does not take fails in its step, and no server runs") {
  Bench bench;
  Pair pair = make_pair();
  auto outcome = bench.spawner->start(labeled(shell("echo runs"), std::move(pair.server), "no:such:context:s0"),
                                      Spawner::Load::alone);
  REQUIRE(outcome);
  auto failed = std::get<StartFailed>(std::move(*outcome));
  CHECK(failed.step == Step::context);
  CHECK(failed.error != 0);
  CHECK(failed.status == 126);
  CHECK(step_text(failed.step) == "setting the security context");
  failed.socket.reset();
  CHECK(read_all(pair.client).empty());
  CHECK_FALSE(has_children());
}
