// SPDX-License-Identifier: MIT
#include "spawn/harness.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace xsuperd::spawn::testing {

namespace {

struct LikeTheDaemon {
  LikeTheDaemon() {
    ::closefrom(3);
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    if (reserve_low_descriptors(threads) != 0) std::abort();
  }
} const like_the_daemon;

}  // namespace

Pair make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::runtime_error("socketpair");
  return {.server = base::Fd(ends[0]), .client = base::Fd(ends[1])};
}

std::string read_all(const base::Fd& fd) {
  std::string all;
  std::array<char, 4096> buffer;
  for (ssize_t n = 0; (n = ::read(fd.get(), buffer.data(), buffer.size())) > 0;)
    all.append(buffer.data(), static_cast<std::size_t>(n));
  return all;
}

Recipe shell(std::string script) {
  Recipe recipe;
  recipe.path = "/bin/sh";
  recipe.argv = {"sh", "-c", std::move(script)};
  recipe.environment = {"PATH=/usr/bin:/bin"};
  return recipe;
}

Recipe program(std::string path) {
  Recipe recipe;
  recipe.path = std::move(path);
  return recipe;
}

std::vector<int> open_descriptors() {
  std::vector<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    numbers.push_back(std::stoi(entry.path().filename()));
  std::erase_if(numbers, [](int number) { return ::fcntl(number, F_GETFD) == -1; });
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void run_until(boost::asio::io_context& loop, const std::function<bool()>& done) {
  while (!done()) {
    loop.restart();
    if (loop.run_one_for(std::chrono::seconds(30)) == 0) throw std::runtime_error("nothing happened");
  }
}

namespace {

/// A busy machine shall not look like a slow program, unless the test wants that.
CloneOptions patient(CloneOptions options) {
  if (options.loop_patience == CloneOptions{}.loop_patience) options.loop_patience = std::chrono::seconds(30);
  return options;
}

}  // namespace

Bench::Bench(CloneOptions options)
    : spawner(make_clone_spawner(loop, patient(options))),
      children(loop, [this](const Ended& end) { ended.push_back(end); }) {}

Outcome Bench::start(Recipe recipe, base::Fd socket, std::string remote_host) {
  Job job{.token = 7,
          .recipe = std::make_shared<const Recipe>(std::move(recipe)),
          .socket = std::move(socket),
          .remote_host = remote_host};
  std::optional<Outcome> outcome = spawner->start(std::move(job), Spawner::Load::alone);
  REQUIRE(outcome.has_value());
  return *std::move(outcome);
}

std::string Bench::output_of(Recipe recipe) {
  Pair pair = make_pair();
  Outcome outcome = start(std::move(recipe), std::move(pair.server));
  if (auto* failed = std::get_if<StartFailed>(&outcome))
    FAIL("failed in " << step_text(failed->step) << ", errno " << failed->error);
  std::string output = read_all(pair.client);
  wait_for(std::get<Started>(std::move(outcome)));
  return output;
}

StartFailed Bench::failure_of(Recipe recipe) {
  Outcome outcome = start(std::move(recipe), make_pair().server);
  REQUIRE(std::holds_alternative<StartFailed>(outcome));
  return std::get<StartFailed>(std::move(outcome));
}

Ended Bench::wait_for(Started started) {
  const std::size_t before = ended.size();
  children.watch(started.token, started.pid, std::move(started.pidfd));
  run_until(loop, [&] { return ended.size() > before; });
  return ended.back();
}

}  // namespace xsuperd::spawn::testing
