// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "spawn/harness.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
namespace base = xsuperd::base;

namespace {

struct TemporaryFile {
  TemporaryFile(mode_t mode, std::string_view text) {
    const base::Fd fd(::mkstemp(path.data()));
    REQUIRE(::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    REQUIRE(::fchmod(fd.get(), mode) == 0);
  }
  ~TemporaryFile() { ::unlink(path.c_str()); }

  std::string path = "/tmp/xsuperd-spawn-XXXXXX";
};

void check_exec_failure(CloneOptions options, const std::string& path, int error, int status) {
  Bench bench(options);
  Recipe recipe;
  recipe.path = path;
  recipe.argv = {"server"};
  const StartFailed failed = bench.failure_of(recipe);
  CHECK(failed.token == 7);
  CHECK(failed.step == Step::exec);
  CHECK(failed.error == error);
  CHECK(failed.process_existed);
  CHECK(failed.pid > 0);
  CHECK(failed.status == status);
  CHECK_FALSE(has_children());
}

CloneOptions any_manner() {
  CloneOptions options{.threads = threads};
  options.without_unshare = GENERATE(false, true);
  options.without_pidfd_clone = GENERATE(false, true);
  return options;
}

}  // namespace

TEST_CASE("a missing server fails in exec with status 127 and leaves no zombie") {
  check_exec_failure(any_manner(), "/nonexistent/server", ENOENT, 127);
}

TEST_CASE("a directory, a file without x and a file that is no program fail in exec with status 126") {
  const TemporaryFile not_executable(0644, "#!/bin/sh\n");
  const TemporaryFile no_program(0755, "just words\n");
  check_exec_failure(any_manner(), "/tmp", EACCES, 126);
  check_exec_failure(any_manner(), not_executable.path, EACCES, 126);
  check_exec_failure(any_manner(), no_program.path, ENOEXEC, 126);
}

TEST_CASE("after a failure the socket comes back and still works") {
  Bench bench(any_manner());
  Pair pair = make_pair();
  const int number = pair.server.get();
  Outcome outcome = bench.start(program("/nonexistent"), std::move(pair.server));
  const StartFailed failed = std::get<StartFailed>(std::move(outcome));
  REQUIRE(failed.socket.get() == number);
  REQUIRE(::write(failed.socket.get(), "sorry", 5) == 5);
  char answer[8];
  CHECK(::read(pair.client.get(), answer, sizeof answer) == 5);
}

TEST_CASE("after a failure the socket is non-blocking again") {
  Bench bench;
  Pair pair = make_pair();
  REQUIRE(::fcntl(pair.server.get(), F_SETFL, O_NONBLOCK) == 0);
  Recipe recipe = program("/nonexistent");
  recipe.blocking_stdio = true;
  Outcome outcome = bench.start(recipe, std::move(pair.server));
  const StartFailed failed = std::get<StartFailed>(std::move(outcome));
  CHECK((::fcntl(failed.socket.get(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("a job without a socket fails and starts nothing") {
  Bench bench(any_manner());
  Outcome outcome = bench.start(shell("echo never"), base::Fd());
  const StartFailed failed = std::get<StartFailed>(std::move(outcome));
  CHECK(failed.step == Step::descriptors);
  CHECK(failed.error == EBADF);
  CHECK_FALSE(has_children());
}

TEST_CASE("when there is no descriptor for the pidfd nothing is started and the socket comes back") {
  Bench bench(any_manner());
  Pair pair = make_pair();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none_left{static_cast<rlim_t>(pair.client.get()) + 1, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
  Outcome outcome = bench.start(shell("exec cat"), std::move(pair.server));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  const StartFailed failed = std::get<StartFailed>(std::move(outcome));
  CHECK(failed.step == Step::clone);
  CHECK(failed.error == EMFILE);
  CHECK_FALSE(failed.process_existed);
  CHECK(failed.socket);
  CHECK_FALSE(has_children());
}

TEST_CASE("a failing start leaves errno alone") {
  Bench bench;
  Recipe recipe = program("/nonexistent");
  Pair pair = make_pair();
  errno = 4711;
  Outcome outcome = bench.start(recipe, std::move(pair.server));
  CHECK(errno == 4711);
}
