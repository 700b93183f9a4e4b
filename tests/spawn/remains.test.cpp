// SPDX-License-Identifier: MIT
#include "spawn/remains.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

using namespace xsuperd::spawn;

namespace {

/// Many processes in one group, of which the first leads.
struct Crowd {
  explicit Crowd(int size) {
    for (int i = 0; i < size; ++i) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        ::setpgid(0, group);
        while (true) ::pause();
      }
      REQUIRE(pid > 0);
      if (group == 0) group = pid;
      ::setpgid(pid, group);
      all.push_back(pid);
    }
  }
  ~Crowd() { end(); }
  /// The first one is left as it is, dead.
  void kill_all() const {
    ::kill(-group, SIGKILL);
    for (const pid_t pid : all) {
      siginfo_t info{};
      ::waitid(P_PID, static_cast<id_t>(pid), &info, pid == group ? WEXITED | WNOWAIT : WEXITED);
    }
  }
  void end() {
    if (all.empty()) return;
    kill_all();
    ::waitpid(group, nullptr, 0);
    all.clear();
  }
  pid_t group = 0;
  std::vector<pid_t> all;
};

int turns_of(LivingGroups& look) {
  int turns = 1;
  while (look.go_on()) ++turns;
  return turns;
}

}  // namespace

TEST_CASE("many processes are looked at in several turns, and the members of a group are found among them") {
  const Crowd crowd(300);
  LivingGroups look({crowd.group});
  CHECK(turns_of(look) > 2);
  CHECK_FALSE(look.empty(crowd.group));
  CHECK_FALSE(look.empty(::getpid()));  // nobody has asked for it
  crowd.kill_all();
  LivingGroups again({crowd.group});
  (void)turns_of(again);
  CHECK(again.empty(crowd.group));
}
