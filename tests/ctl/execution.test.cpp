// SPDX-License-Identifier: MIT
#include "ctl/execution.hpp"

#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

using namespace xsuperd::ctl;

namespace {

void finish(Execution& one) {
  pollfd all{one.descriptor(), POLLIN, 0};
  while (!one.done() && ::poll(&all, 1, 10'000) > 0) one.go_on();
  REQUIRE(one.done());
}

}  // namespace

TEST_CASE("A command in a process of its own tells all that it prints, and its status") {
  auto one = Execution::begin([](std::FILE* out) {
    for (int i = 0; i < 100'000; ++i) std::fputs("line\n", out);
    return 4;
  });
  REQUIRE(one.has_value());
  finish(*one);
  CHECK(one->text().size() == 500'000);
  CHECK(one->status() == 4);
}

TEST_CASE("A command that is run to be shown is told to use no colours") {
  auto one = Execution::begin([](std::FILE* out) { return std::fputs(std::getenv("NO_COLOR"), out) < 0 ? 1 : 0; });
  REQUIRE(one.has_value());
  finish(*one);
  CHECK(one->text() == "1");
}

TEST_CASE("A command that prints without end is heard as far as anybody would read, and ends with whoever runs it") {
  auto one = Execution::begin([](std::FILE* out) {
    const std::string line(1'000'000, 'x');
    for (int i = 0; i < 10; ++i) std::fputs(line.c_str(), out);
    return 0;
  });
  REQUIRE(one.has_value());
  finish(*one);
  CHECK(one->text().size() >= 4'000'000);
  CHECK(one->text().size() < 5'000'000);
}

TEST_CASE("A command that hangs holds up nobody, and is gone with whoever has run it") {
  int alive[2];
  REQUIRE(::pipe(alive) == 0);
  {
    auto one = Execution::begin([](std::FILE*) { return static_cast<int>(::sleep(600)); });
    REQUIRE(one.has_value());
    one->go_on();
    CHECK_FALSE(one->done());
    ::close(alive[1]);
  }
  char byte = 0;
  CHECK(::read(alive[0], &byte, 1) == 0);  // nobody has the other end any more
  ::close(alive[0]);
}

TEST_CASE("A command that a signal ends has the status that a shell would give it, and one that throws fails") {
  auto one = Execution::begin([](std::FILE*) { return ::raise(SIGKILL); });
  REQUIRE(one.has_value());
  finish(*one);
  CHECK(one->status() == 128 + SIGKILL);
  auto other = Execution::begin([](std::FILE*) -> int { throw std::runtime_error("no way"); });
  REQUIRE(other.has_value());
  finish(*other);
  CHECK(other->text() == "xsuperctl: fatal: no way\n");
  CHECK(other->status() == 1);
}
