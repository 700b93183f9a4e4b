// SPDX-License-Identifier: MIT
#include "supervisor/orphans.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

using namespace xsuperd::supervisor;

namespace {

pid_t child_that_ends() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(3);
  return child;
}

void await_death(pid_t child) {
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
}

bool is_child(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

struct Watch {
  boost::asio::io_context loop{1};
  std::vector<pid_t> reaped;
  Orphans orphans{loop, [this](pid_t pid) { reaped.push_back(pid); }};
};

}  // namespace

TEST_CASE("the children of all threads are listed, living and dead ones") {
  const pid_t dead = child_that_ends();
  await_death(dead);
  pid_t living = 0;
  std::thread([&] {
    living = ::fork();
    if (living == 0)
      while (true) ::pause();
  }).join();
  const auto children = children_of_this_process();
  CHECK(std::count(children.begin(), children.end(), dead) == 1);
  CHECK(std::count(children.begin(), children.end(), living) == 1);
  ::kill(living, SIGKILL);
  ::waitpid(living, nullptr, 0);
  ::waitpid(dead, nullptr, 0);
}

TEST_CASE("however many children nobody knows have died, all are gone after two looks") {
  std::vector<pid_t> dead(50);
  for (pid_t& child : dead) child = child_that_ends();
  for (const pid_t child : dead) await_death(child);
  Watch watch;
  watch.orphans.look_soon();
  const auto start = std::chrono::steady_clock::now();
  watch.loop.run();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
  std::sort(watch.reaped.begin(), watch.reaped.end());
  std::sort(dead.begin(), dead.end());
  CHECK(watch.reaped == dead);
  CHECK(std::none_of(dead.begin(), dead.end(), is_child));
}

TEST_CASE("a dead child is left alone as long as its owner may not have seen it yet") {
  const pid_t ours = child_that_ends();
  await_death(ours);
  Watch watch;
  watch.orphans.look_soon();
  watch.loop.run_one();  // the first look
  CHECK(watch.reaped.empty());
  int status = 0;
  CHECK(::waitpid(ours, &status, 0) == ours);
  CHECK(WEXITSTATUS(status) == 3);
  watch.loop.run();
  CHECK(watch.reaped.empty());
}

TEST_CASE("grandchildren that come to us are reaped") {
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  CHECK(Orphans::possible());
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const pid_t grandchild = ::fork();
    if (grandchild == 0) ::_exit(0);
    (void)!::write(ends[1], &grandchild, sizeof grandchild);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  pid_t grandchild = 0;
  REQUIRE(::read(ends[0], &grandchild, sizeof grandchild) == sizeof grandchild);
  ::close(ends[0]);
  ::close(ends[1]);
  await_death(grandchild);
  Watch watch;
  watch.orphans.look_soon();
  watch.loop.run();
  CHECK(watch.reaped == std::vector<pid_t>{grandchild});
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}
