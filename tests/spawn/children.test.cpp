// SPDX-License-Identifier: MIT
#include "xsuperd/spawn/children.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "spawn/harness.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;

namespace {

Started started(Bench& bench, std::string script, xsuperd::base::Fd socket, std::uint64_t token = 7) {
  Outcome outcome = bench.start(shell(std::move(script)), std::move(socket));
  Started child = std::get<Started>(std::move(outcome));
  child.token = token;
  return child;
}

}  // namespace

TEST_CASE("an exit is reported with its token, pid and status") {
  Bench bench;
  Started child = started(bench, "exit 3", make_pair().server, 99);
  const pid_t pid = child.pid;
  const Ended end = bench.wait_for(std::move(child));
  CHECK(end.token == 99);
  CHECK(end.pid == pid);
  CHECK_FALSE(end.signalled);
  CHECK(end.value == 3);
  CHECK(bench.children.size() == 0);
  CHECK_FALSE(has_children());
}

TEST_CASE("a death by signal is reported with the signal") {
  Bench bench;
  const Ended end = bench.wait_for(started(bench, "kill -SEGV $$", make_pair().server));
  CHECK(end.signalled);
  CHECK(end.value == SIGSEGV);
}

TEST_CASE("a child that ended before it was watched is reported all the same") {
  Bench bench;
  Started child = started(bench, "exit 5", make_pair().server);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT) == 0);
  CHECK(bench.wait_for(std::move(child)).value == 5);
}

TEST_CASE("signals reach the child of the token and nobody else") {
  Bench bench;
  Pair one = make_pair(), two = make_pair();
  Started first = started(bench, "exec cat", std::move(one.server), 1);
  Started second = started(bench, "exec cat", std::move(two.server), 2);
  bench.children.watch(1, first.pid, std::move(first.pidfd));
  bench.children.watch(2, second.pid, std::move(second.pidfd));
  CHECK(bench.children.size() == 2);
  CHECK(bench.children.signal(2, SIGTERM));
  CHECK_FALSE(bench.children.signal(3, SIGTERM));
  run_until(bench.loop, [&] { return bench.ended.size() == 1; });
  CHECK(bench.ended[0].token == 2);
  CHECK((bench.ended[0].signalled && bench.ended[0].value == SIGTERM));
  CHECK_FALSE(bench.children.signal(2, SIGTERM));
  CHECK(bench.children.signal(1, SIGKILL));
  run_until(bench.loop, [&] { return bench.ended.size() == 2; });
}

TEST_CASE("whoever asks is told of children that are sent KILL, and of no other signal") {
  Bench bench;
  Pair one = make_pair();
  Started child = started(bench, "exec cat", std::move(one.server), 1);
  std::vector<std::uint64_t> killed;
  bench.children.on_killed([&](std::uint64_t token) { killed.push_back(token); });
  bench.children.watch(1, child.pid, std::move(child.pidfd));
  CHECK(bench.children.signal(1, SIGCONT));
  CHECK(killed.empty());
  CHECK(bench.children.signal(1, SIGKILL));
  CHECK_FALSE(bench.children.signal(2, SIGKILL));
  CHECK(killed == std::vector<std::uint64_t>{1});
  run_until(bench.loop, [&] { return bench.ended.size() == 1; });
}

TEST_CASE("the slab serves many children one after the other and together") {
  Bench bench;
  for (int round = 0; round < 5; ++round) {
    for (std::uint64_t token = 0; token < 10; ++token) {
      Started child = started(bench, "exit " + std::to_string(token), make_pair().server, token);
      bench.children.watch(token, child.pid, std::move(child.pidfd));
    }
    bench.ended.clear();
    run_until(bench.loop, [&] { return bench.ended.size() == 10; });
    for (const Ended& end : bench.ended) CHECK(static_cast<std::uint64_t>(end.value) == end.token);
  }
  CHECK(bench.children.size() == 0);
}

TEST_CASE("abandoned children live on and are reported no more") {
  Bench bench;
  Pair pair = make_pair();
  Started child = started(bench, "exec cat", std::move(pair.server));
  const pid_t pid = child.pid;
  bench.children.watch(7, pid, std::move(child.pidfd));
  bench.children.abandon();
  CHECK(bench.children.size() == 0);
  CHECK_FALSE(bench.children.signal(7, SIGTERM));
  REQUIRE(::kill(pid, 0) == 0);
  pair.client.reset();
  int status = -1;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  bench.loop.poll();
  CHECK(bench.ended.empty());
  CHECK(status == 0);
  CHECK(bench.wait_for(started(bench, "exit 1", make_pair().server)).value == 1);  // new ones are watched
}

TEST_CASE("a status taken by someone else still ends the watch") {
  Bench bench;
  Started child = started(bench, "exit 5", make_pair().server);
  REQUIRE(::waitpid(child.pid, nullptr, 0) == child.pid);
  const Ended end = bench.wait_for(std::move(child));
  CHECK((!end.signalled && end.value == 0));
}

TEST_CASE("the handler may destroy the watcher") {
  Bench bench;
  Started child = started(bench, "exit 5", make_pair().server);
  std::unique_ptr<Children> children;
  children = std::make_unique<Children>(bench.loop, [&](const Ended&) { children.reset(); });
  children->watch(1, child.pid, std::move(child.pidfd));
  run_until(bench.loop, [&] { return children == nullptr; });
}

TEST_CASE("a watcher that goes while an end is about to be reported reports nothing") {
  Bench bench;
  Started one = started(bench, "exit 1", make_pair().server);
  Started two = started(bench, "exit 2", make_pair().server);
  siginfo_t info{};
  for (const pid_t pid : {one.pid, two.pid})
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  int reports = 0;
  std::unique_ptr<Children> children;
  children = std::make_unique<Children>(bench.loop, [&](const Ended&) {
    ++reports;
    children->abandon();  // both are ready in the same turn of the loop
  });
  children->watch(1, one.pid, std::move(one.pidfd));
  children->watch(2, two.pid, std::move(two.pidfd));
  run_until(bench.loop, [&] { return reports == 1; });
  children.reset();
  bench.loop.poll();
  CHECK(reports == 1);
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST_CASE("a running child's pidfd can be asked for, so that somebody else goes on watching it") {
  Bench bench;
  Pair pair = make_pair();
  Started child = started(bench, "read word; exit 4", std::move(pair.server), 5);
  const pid_t pid = child.pid;
  bench.children.watch(5, pid, std::move(child.pidfd));
  CHECK(bench.children.pidfd(6) == -1);
  xsuperd::base::Fd copy(::fcntl(bench.children.pidfd(5), F_DUPFD_CLOEXEC, 0));
  REQUIRE(copy);
  bench.children.abandon();
  CHECK(bench.children.pidfd(5) == -1);
  pair.client.reset();
  bench.children.watch(8, pid, std::move(copy));
  run_until(bench.loop, [&] { return bench.ended.size() == 1; });
  CHECK(bench.ended[0].token == 8);
  CHECK(bench.ended[0].pid == pid);
  CHECK(bench.ended[0].value == 4);
}

namespace {
/// A child that starts one of its own, which tells its id and ignores TERM if wished.
struct Family {
  Family(Bench& bench, const std::string& prelude, const std::string& end) : pair(make_pair()) {
    const std::string script = "(" + prelude + " exec sleep 60 >/dev/null <&1) & echo $!; " + end;
    started_ = started(bench, script, std::move(pair.server));
    leader = started_->pid;
    const std::string said = line();
    child = static_cast<pid_t>(std::stol(said));
    bench.children.watch(7, leader, std::move(started_->pidfd));
  }
  std::string line() const {
    std::string text;
    for (char c = 0; ::read(pair.client.get(), &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  [[nodiscard]] bool child_lives() const {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string text;
    std::getline(stat, text);
    return !text.empty() && text.find(") Z") == std::string::npos;
  }
  Pair pair;
  std::optional<Started> started_;
  pid_t leader = 0;
  pid_t child = 0;
};
}  // namespace

TEST_CASE("what is left of the group of a child that was told to end is killed when its time is over") {
  Bench bench;
  const Family family(bench, "trap '' TERM;", "exec sleep 60");
  bool gone = false;
  bench.children.on_remains_gone([&] { gone = true; });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // for the trap
  CHECK(bench.children.signal(7, SIGTERM, std::chrono::milliseconds(400)));
  run_until(bench.loop, [&] { return bench.children.size() == 0; });
  CHECK(bench.children.remains() == 1);
  CHECK(bench.children.holds(family.leader));
  CHECK(::kill(family.leader, 0) == 0);  // its id is taken still
  CHECK(family.child_lives());
  run_until(bench.loop, [&] { return gone; });
  for (int tries = 0; tries < 500 && family.child_lives(); ++tries)  // KILL takes a moment
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK_FALSE(family.child_lives());
  CHECK(bench.children.remains() == 0);
}

TEST_CASE("a child whose group is empty is reaped at once, and one that ended unasked leaves its group alone") {
  Bench bench;
  {
    const Family family(bench, "", "exec sleep 60");
    CHECK(bench.children.signal(7, SIGTERM, std::chrono::seconds(60)));
    run_until(bench.loop, [&] { return bench.children.size() == 0 && bench.children.remains() == 0; });
    CHECK_FALSE(family.child_lives());
  }
  const Family family(bench, "", "exit 0");
  run_until(bench.loop, [&] { return bench.children.size() == 0; });
  CHECK(bench.children.remains() == 0);
  CHECK(family.child_lives());
  ::kill(family.child, SIGKILL);
}
