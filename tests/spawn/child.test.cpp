// SPDX-License-Identifier: MIT
//
// What a server finds when it starts (facts B6). Each case runs in every manner of making children.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "spawn/harness.hpp"
#include "xsuperd/base/signals_blocked.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;
namespace base = xsuperd::base;

namespace {

CloneOptions any_manner() {
  CloneOptions options{.threads = threads};
  options.without_unshare = GENERATE(false, true);
  options.without_pidfd_clone = GENERATE(false, true);
  CAPTURE(options.without_unshare, options.without_pidfd_clone);
  return options;
}

}  // namespace

TEST_CASE("the server talks to the connection on descriptors 0, 1 and 2 and has no others") {
  Bench bench(any_manner());
  CHECK(bench.output_of(shell("ls /proc/$$/fd; :")) == "0\n1\n2\n");
  CHECK(bench.output_of(shell("cd /proc/$$/fd; test 0 -ef 1 && test 1 -ef 2 && echo same")) == "same\n");
}

TEST_CASE("a server that is passed its socket has it as descriptor 3, too, and its own pid in LISTEN_PID") {
  Bench bench(any_manner());
  Recipe recipe = shell(
      "ls /proc/$$/fd; cd /proc/$$/fd; test 0 -ef 3 && test $$ = $LISTEN_PID && echo $LISTEN_FDS $LISTEN_FDNAMES");
  recipe.listen_name = "web";
  CHECK(bench.output_of(recipe) == "0\n1\n2\n3\n1 web\n");
}

TEST_CASE("descriptor 2 is something else where the job has it, and nothing of it stays here") {
  Bench bench(any_manner());
  Recipe recipe = shell("ls /proc/$$/fd; echo seen >&2; cd /proc/$$/fd; test 0 -ef 1 && ! test 1 -ef 2 && echo other; : $LISTEN_PID");
  const bool passes = GENERATE(false, true);
  if (passes) recipe.listen_name = "web";
  const auto before = open_descriptors();
  Pair pair = make_pair();
  Pair errors = make_pair();
  Job job{.token = 7, .recipe = std::make_shared<const Recipe>(recipe), .socket = std::move(pair.server)};
  job.errors = std::move(errors.server);
  auto outcome = bench.spawner->start(std::move(job), Spawner::Load::alone);
  REQUIRE(outcome);
  REQUIRE(std::holds_alternative<Started>(*outcome));
  CHECK(read_all(errors.client) == "seen\n");  // comes to an end
  CHECK(read_all(pair.client) == (passes ? "0\n1\n2\n3\nother\n" : "0\n1\n2\nother\n"));
  bench.wait_for(std::get<Started>(*std::move(outcome)));
  pair.client.reset(), errors.client.reset();
  CHECK(open_descriptors() == before);
}

TEST_CASE("descriptor 2 may be /dev/null") {
  Bench bench(any_manner());
  Pair pair = make_pair();
  Job job{.token = 7,
          .recipe = std::make_shared<const Recipe>(shell("echo lost >&2; echo kept; cd /proc/$$/fd; test 2 -ef /dev/null && echo null")),
          .socket = std::move(pair.server)};
  job.discard_errors = true;
  auto outcome = bench.spawner->start(std::move(job), Spawner::Load::alone);
  REQUIRE(outcome);
  CHECK(read_all(pair.client) == "kept\nnull\n");
  bench.wait_for(std::get<Started>(*std::move(outcome)));
}

TEST_CASE("a start that fails closes what would have been descriptor 2") {
  Bench bench(any_manner());
  Pair errors = make_pair();
  Job job{.token = 7, .recipe = std::make_shared<const Recipe>(program("/nonexistent")), .socket = make_pair().server};
  job.errors = std::move(errors.server);
  auto outcome = bench.spawner->start(std::move(job), Spawner::Load::alone);
  REQUIRE(outcome);
  CHECK(std::holds_alternative<StartFailed>(*outcome));
  CHECK(read_all(errors.client).empty());  // comes to an end
}

TEST_CASE("servers started by several threads at once have descriptors 2 of their own") {
  Bench bench;
  std::vector<Pair> pairs, errors;
  bench.spawner->on_outcome([&](Outcome outcome) {
    REQUIRE(std::holds_alternative<Started>(outcome));
    auto& started = std::get<Started>(outcome);
    bench.children.watch(started.token, started.pid, std::move(started.pidfd));
  });
  const auto recipe = std::make_shared<const Recipe>(shell("read number; echo $number >&2"));
  for (std::uint64_t token = 1; token <= 60; ++token) {
    Pair& pair = pairs.emplace_back(make_pair());
    Pair& error = errors.emplace_back(make_pair());
    Job job{.token = token, .recipe = recipe, .socket = std::move(pair.server)};
    if (token % 3 != 0) job.errors = std::move(error.server);
    job.discard_errors = token % 3 == 0;
    if (auto outcome = bench.spawner->start(std::move(job), Spawner::Load::many)) FAIL("answered at once");
    const std::string number = std::to_string(token) + "\n";
    REQUIRE(::write(pair.client.get(), number.data(), number.size()) == static_cast<ssize_t>(number.size()));
  }
  run_until(bench.loop, [&] { return bench.ended.size() == 60; });
  for (std::uint64_t token = 1; token <= 60; ++token) {
    errors[token - 1].server.reset();
    CHECK(read_all(errors[token - 1].client) == (token % 3 == 0 ? "" : std::to_string(token) + "\n"));
    CHECK(read_all(pairs[token - 1].client).empty());
  }
}

TEST_CASE("servers started by several threads at once all find their own pid") {
  Bench bench;
  std::vector<Pair> pairs;
  std::size_t answered = 0;
  bench.spawner->on_outcome([&](Outcome outcome) {
    REQUIRE(std::holds_alternative<Started>(outcome));
    ++answered;
    auto& started = std::get<Started>(outcome);
    bench.children.watch(started.token, started.pid, std::move(started.pidfd));
  });
  Recipe recipe = shell("test $$ = $LISTEN_PID && echo right || echo wrong $$ $LISTEN_PID");
  recipe.listen_name = "web";
  const auto shared = std::make_shared<const Recipe>(std::move(recipe));
  for (std::uint64_t token = 1; token <= 60; ++token) {
    pairs.push_back(make_pair());
    REQUIRE_FALSE(bench.spawner->start({token, shared, std::move(pairs.back().server), {}}, Spawner::Load::many));
  }
  run_until(bench.loop, [&] { return answered == 60 && bench.ended.size() == 60; });
  for (const Pair& pair : pairs) CHECK(read_all(pair.client) == "right\n");
}

TEST_CASE("what the peer sends reaches the server and comes back") {
  Bench bench(any_manner());
  Recipe cat;
  cat.path = "/bin/cat";
  cat.argv = {"cat"};
  Pair pair = make_pair();
  Outcome outcome = bench.start(cat, std::move(pair.server));
  REQUIRE(std::holds_alternative<Started>(outcome));
  REQUIRE(::write(pair.client.get(), "hello", 5) == 5);
  REQUIRE(::shutdown(pair.client.get(), SHUT_WR) == 0);
  CHECK(read_all(pair.client) == "hello");
  const Ended end = bench.wait_for(std::get<Started>(std::move(outcome)));
  CHECK((!end.signalled && end.value == 0));
}

TEST_CASE("the server gets exactly its arguments") {
  Bench bench(any_manner());
  Recipe recipe = shell("tr '\\0' '|' </proc/$$/cmdline; :");
  recipe.argv[0] = "odd name";
  recipe.argv.insert(recipe.argv.end(), {"", "two words"});
  CHECK(bench.output_of(recipe) == "odd name|-c|tr '\\0' '|' </proc/$$/cmdline; :||two words|");
}

TEST_CASE("a recipe without arguments still runs") {
  Bench bench;
  Recipe recipe;
  recipe.path = "/usr/bin/env";
  CHECK(bench.output_of(recipe) == "REMOTE_HOST=192.0.2.1\n");
}

TEST_CASE("the server gets exactly its environment, REMOTE_HOST replaced in place") {
  Bench bench(any_manner());
  Recipe recipe;
  recipe.path = "/usr/bin/env";
  recipe.argv = {"env"};
  recipe.environment = {"A=1", "REMOTE_HOST=x", "=odd", "B=2"};
  CHECK(bench.output_of(recipe) == "A=1\nREMOTE_HOST=192.0.2.1\n=odd\nB=2\n");
}

TEST_CASE("a relative path is taken from the root directory") {
  Bench bench;
  Recipe recipe = shell("pwd");
  recipe.path = "bin/sh";
  CHECK(bench.output_of(recipe) == "/\n");
}

TEST_CASE("the server leads a session and a process group of its own") {
  Bench bench(any_manner());
  const auto output =
      bench.output_of(shell("read pid comm state parent group session rest </proc/$$/stat; "
                            "test $pid = $group && test $pid = $session && echo leader"));
  CHECK(output == "leader\n");
}

TEST_CASE("the server sets out with every signal at its default and none blocked") {
  const base::SignalsBlocked blocked;
  Bench bench(any_manner());
  const auto output = bench.output_of(shell("exec sed -n '/^Sig[BIC]/p' /proc/self/status"));
  CHECK(output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n");
}

TEST_CASE("the umask of the recipe is the server's, not the daemon's") {
  const mode_t daemons = ::umask(022);
  Bench bench(any_manner());
  Recipe recipe = shell("umask");
  CHECK(bench.output_of(recipe) == "0022\n");
  recipe.umask = 0137;
  CHECK(bench.output_of(recipe) == "0137\n");
  CHECK(::umask(daemons) == 022);
}

TEST_CASE("the priority of the recipe is the server's, not the daemon's") {
  Bench bench(any_manner());
  Recipe recipe = shell("exec cut -d ' ' -f 19 /proc/self/stat");
  const int ours = ::getpriority(PRIO_PROCESS, 0);
  recipe.nice = std::min(ours + 7, 19);  // less takes root
  CHECK(bench.output_of(recipe) == std::to_string(recipe.nice.value) + "\n");
  CHECK(::getpriority(PRIO_PROCESS, 0) == ours);
}

TEST_CASE("limits are set in the server only, even one below the number of its socket in the daemon") {
  Bench bench(any_manner());
  Recipe recipe = shell("ulimit -S -n; ulimit -H -n; ulimit -c; ulimit -t");
  recipe.limits = {{RLIMIT_NOFILE, 4, 20}, {RLIMIT_CORE, 0, 0}, {RLIMIT_CPU, 77, 99}};
  CHECK(bench.output_of(recipe) == "4\n20\n0\n77\n");
  rlimit ours{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &ours) == 0);
  CHECK(ours.rlim_cur > 20);
}

TEST_CASE("a limit that may not be set is left as it is") {
  rlimit ours{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &ours) == 0);
  Bench bench;
  Recipe recipe = shell("ulimit -n");
  recipe.limits = {{RLIMIT_NOFILE, RLIM_INFINITY, RLIM_INFINITY}};  // above nr_open, for root too
  CHECK(bench.output_of(recipe) == std::to_string(ours.rlim_cur) + "\n");
}

TEST_CASE("a limit that makes no sense fails the start") {
  Bench bench;
  Recipe recipe = shell("echo never");
  recipe.limits = {{RLIMIT_NOFILE, 20, 10}};
  const StartFailed failed = bench.failure_of(recipe);
  CHECK(failed.step == Step::limits);
  CHECK(failed.error == EINVAL);
}

TEST_CASE("the socket blocks when the server wants it to") {
  Bench bench;
  const bool wanted = GENERATE(true, false);
  Pair pair = make_pair();
  REQUIRE(::fcntl(pair.server.get(), F_SETFL, O_NONBLOCK) == 0);
  Recipe recipe = shell("exec cat /proc/self/fdinfo/0");
  recipe.blocking_stdio = wanted;
  Outcome outcome = bench.start(recipe, std::move(pair.server));
  const bool nonblocking = read_all(pair.client).find("flags:\t04002") != std::string::npos;
  CHECK(nonblocking == !wanted);
  bench.wait_for(std::get<Started>(std::move(outcome)));
}

TEST_CASE("the server is in /, wherever the daemon is") {
  Bench bench(any_manner());
  for (const char* directory : {"/tmp", "/", "/tmp"}) {
    REQUIRE(::chdir(directory) == 0);
    CHECK(bench.output_of(shell("pwd")) == "/\n");
  }
}

TEST_CASE("a start leaves the daemon's descriptors and directory as they were") {
  Bench bench(any_manner());
  const auto before = open_descriptors();
  REQUIRE(::chdir("/tmp") == 0);
  (void)bench.output_of(shell("echo done"));
  (void)bench.failure_of(program("/nonexistent"));
  CHECK(open_descriptors() == before);
  char directory[64];
  CHECK(std::string(::getcwd(directory, sizeof directory)) == "/tmp");
}
