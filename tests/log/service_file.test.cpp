// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <fstream>

#include "log/scratch.hpp"

using namespace xsuperd;
using namespace xsuperd::log;
using namespace xsuperd::log::test;
using Outcome = Output::Outcome;

namespace {

constexpr std::string_view entry = "START: plain pid=25035 from=::ffff:127.0.0.1";
const std::string whole = "26/11/3@01:02:03: START: plain pid=25035 from=::ffff:127.0.0.1\n";  // 64 bytes

}  // namespace

TEST_CASE("a line of a service log carries the stamp alone") {
  const Scratch dir;
  const auto log = *open_service_file(dir / "log", "plain", 0, 0);
  CHECK(log->write(line(entry)) == Outcome::written);
  CHECK(log->write(line("3 lines were lost", Level::warning)) == Outcome::written);
  CHECK(content(dir / "log") == whole + "26/11/3@01:02:03: 3 lines were lost\n");
}

TEST_CASE("without limits a service log grows and nothing is said") {
  const Scratch dir;
  const auto log = *open_service_file(dir / "log", "plain", 0, 0);
  for (int i = 0; i < 1000; ++i) REQUIRE(log->write(line(entry)) == Outcome::written);
  CHECK(complaints(*log).empty());
}

TEST_CASE("the soft limit is said once, when it is exceeded and not when it is reached") {
  const Scratch dir;
  const auto log = *open_service_file(dir / "log", "plain", whole.size(), 0);
  log->write(line(entry));
  CHECK(complaints(*log).empty());
  log->write(line(entry));
  CHECK(complaints(*log) == std::vector<std::string>{"Size of plain log exceeded soft limit"});
  for (int i = 0; i < 3; ++i) CHECK(log->write(line(entry)) == Outcome::written);
  CHECK(complaints(*log).empty());
}

TEST_CASE("the entry that crosses the hard limit is written, and no other") {
  const Scratch dir;
  const auto log = *open_service_file(dir / "log", "common", whole.size(), 2 * whole.size());
  CHECK(log->write(line(entry)) == Outcome::written);
  CHECK(log->write(line(entry)) == Outcome::written);
  CHECK(complaints(*log) == std::vector<std::string>{"Size of common log exceeded soft limit"});
  CHECK(log->write(line(entry)) == Outcome::written);
  CHECK(complaints(*log) == std::vector<std::string>{"Size of common log exceeded hard limit"});
  CHECK(log->write(line(entry)) == Outcome::ended);
  CHECK(log->write(line(entry)) == Outcome::ended);
  CHECK(complaints(*log).empty());
  CHECK(content(dir / "log") == whole + whole + whole);
}

TEST_CASE("an entry that crosses both limits has both said") {
  const Scratch dir;
  const auto log = *open_service_file(dir / "log", "plain", 10, 20);
  CHECK(log->write(line(entry)) == Outcome::written);
  CHECK(complaints(*log) == std::vector<std::string>{"Size of plain log exceeded soft limit",
                                                     "Size of plain log exceeded hard limit"});
}

TEST_CASE("limits count from the size that the file has when it is opened") {
  const Scratch dir;
  std::ofstream(dir / "log") << std::string(99, '.') << '\n';
  const auto log = *open_service_file(dir / "log", "plain", 0, 120);
  CHECK(log->write(line(entry)) == Outcome::written);
  CHECK(complaints(*log) == std::vector<std::string>{"Size of plain log exceeded hard limit"});
  CHECK(log->write(line(entry)) == Outcome::ended);
}

TEST_CASE("a file that is too big when it is opened is left alone, which is said once") {
  const Scratch dir;
  std::ofstream(dir / "log") << std::string(199, '.') << '\n';
  const auto log = *open_service_file(dir / "log", "plain", 100, 120);
  CHECK(log->write(line(entry)) == Outcome::ended);
  CHECK(complaints(*log) == std::vector<std::string>{"Size of plain log exceeded hard limit"});
  CHECK(log->write(line(entry)) == Outcome::ended);
  CHECK(complaints(*log).empty());
  CHECK(content(dir / "log").size() == 200);
}

TEST_CASE("a line that failed does not count for the limit") {
  const auto log = *open_service_file("/dev/full", "plain", 10, 20);
  CHECK(log->write(line(entry)) == Outcome::later);
  CHECK(log->write(line(entry)) == Outcome::later);
  CHECK(complaints(*log) ==
        std::vector<std::string>{"writing to log file /dev/full: No space left on device (errno = 28)"});
}
