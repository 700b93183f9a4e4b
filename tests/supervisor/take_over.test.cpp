// SPDX-License-Identifier: MIT
// The new image's side of an upgrade: its trial run, and what it inherits.
#include "xsuperd/supervisor/take_over.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "supervisor/hand_over.hpp"
#include "supervisor/scratch.hpp"
#include "supervisor/sealed_memory.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;

namespace {

HandOver small_state(const std::string& lines = "") {
  HandOver state;
  state.daemon.pid = ::getpid();
  state.defaults = "defaults\n{\n}\n";
  state.services.push_back({"service x\n{\ntype = UNLISTED\nport = 9\nsocket_type = stream\nwait = no\nuser = 0\n"
                            "server = /bin/server\n" + lines + "}\n",
                            "/etc/xinetd.d/x", 3, false});
  state.configured = 1;
  return state;
}

HandOver::Runner a_runner() { return {0, false, {}}; }

/// What the trial run answers, and its exit status before that.
std::string trial(const std::string& state, const base::Result<void>& rest = {}) {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const base::Fd ours(ends[0]);
  base::Fd its(ends[1]);
  REQUIRE(::send(ours.get(), state.data(), state.size(), 0) == static_cast<ssize_t>(state.size()));
  ::shutdown(ours.get(), SHUT_WR);
  const int status = try_take_over(its.get(), [&](const Invocation&) { return rest; });
  its.reset();
  char buffer[4096];
  const ssize_t size = ::recv(ours.get(), buffer, sizeof buffer, 0);
  return std::to_string(status) + " " + std::string(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
}

/// Runs `check` in a child, because receive() closes what it does not know; its exit status.
int in_child(const std::function<int()>& check) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(check());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a state that this image understands passes, with what was looked up") {
  CHECK_THAT(trial(encode(small_state())), Catch::StartsWith("0 ready\n{") && Catch::Contains("\"uid 0\":[\"root\""));
}

TEST_CASE("a state that this image does not understand is refused in a sentence") {
  CHECK(trial("nonsense").starts_with("1 the state that was handed over is refused: it cannot be read"));
  CHECK(trial(encode(small_state("flags = BRANDNEW\n"))).starts_with("1 the service at /etc/xinetd.d/x:3 cannot be taken over"));
  CHECK(trial(encode(small_state()), base::Error{0, "an option is not known"}) == "1 an option is not known");
}

TEST_CASE("a log that cannot be opened is a reason to refuse for a service that runs, and only then") {
  HandOver state = small_state("log_type = FILE /no/such/directory/log\n");
  CHECK(trial(encode(state)).starts_with("0 ready"));
  state.runners.push_back(a_runner());
  CHECK_THAT(trial(encode(state)), Catch::StartsWith("1 ") && Catch::Contains("/no/such/directory/log"));
}

TEST_CASE("an image inherits the descriptors of the state above the low numbers, and closes all others") {
  CHECK(in_child([] {
          const int listener = ::dup2(0, 7);
          const int stray = ::dup2(0, 21);
          const int output = ::dup2(1, 40);
          HandOver state = small_state();
          state.daemon.pid = ::getpid();
          state.daemon.invocation.standard_output = output;
          state.runners.push_back(a_runner());
          state.runners[0].state.listener = listener;
          state.runners[0].state.turned_away = 22;  // was never open
          base::Fd memory = *make_sealed_memory(encode(state));
          ::setenv(take_over_variable, std::to_string(memory.get()).c_str(), 1);
          const int number = memory.release();
          const auto all = Inheritance::receive(16);
          if (!all || !*all) return 1;
          if (!((*all)->state() == state)) return 2;
          if (::getenv(take_over_variable)) return 3;
          if (is_open(stray) || is_open(number) || is_open(listener)) return 4;
          const base::Fd first = (*all)->take(listener);
          if (first.get() < 16 || !(::fcntl(first.get(), F_GETFD) & FD_CLOEXEC)) return 5;
          if ((*all)->take(listener) || (*all)->take(22) || (*all)->take(-1)) return 6;
          return (*all)->take(output).get() == output ? 0 : 7;
        }) == 0);
}

TEST_CASE("a state of another process, or none at all, is not taken, and nothing is closed for it") {
  CHECK(in_child([] {
          HandOver state = small_state();
          state.daemon.pid = 1;
          base::Fd memory = *make_sealed_memory(encode(state));
          const int other = ::dup2(0, 50);
          ::setenv(take_over_variable, std::to_string(memory.release()).c_str(), 1);
          if (Inheritance::receive(16).has_value()) return 1;
          ::setenv(take_over_variable, "50", 1);
          if (Inheritance::receive(16).has_value()) return 2;
          return is_open(other) ? 0 : 3;
        }) == 0);
}
