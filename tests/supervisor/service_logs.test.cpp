// SPDX-License-Identifier: MIT
#include "supervisor/service_logs.hpp"

#include <syslog.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "supervisor/scratch.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace xsuperd::supervisor::test;
using Kind = config::LogTarget::Kind;

namespace {

config::Service logging_to(std::optional<config::LogTarget> target) {
  config::Service service;
  service.id = "x";
  service.settings.log_type = std::move(target);
  return service;
}
config::Service to_file(const std::string& path, std::uint64_t soft = 0, std::uint64_t hard = 0) {
  return logging_to(config::LogTarget{Kind::file, path, soft, hard, 0, 0});
}
config::Service to_syslog(int facility, int level) {
  return logging_to(config::LogTarget{Kind::syslog, "", 0, 0, facility, level});
}

struct Logs : ServiceLogs {
  Logs() : ServiceLogs({"xsuperd", 1}) {}
  std::shared_ptr<log::Output> of(const config::Service& service) {
    const auto output = output_for(service);
    REQUIRE(output.has_value());
    return *output;
  }
};

}  // namespace

TEST_CASE("a service without a log has no output") {
  Logs logs;
  CHECK(logs.of(logging_to(std::nullopt)) == nullptr);
  CHECK(logs.of(logging_to(config::LogTarget{})) == nullptr);
}

TEST_CASE("services that log to one file share its output") {
  const Scratch scratch;
  Logs logs;
  const auto one = logs.of(to_file(scratch / "log"));
  CHECK(one != nullptr);
  CHECK(logs.of(to_file(scratch / "log")) == one);
  CHECK(logs.of(to_file(scratch / "other")) != one);
}

TEST_CASE("one file under other limits is another output") {
  const Scratch scratch;
  Logs logs;
  CHECK(logs.of(to_file(scratch / "log")) != logs.of(to_file(scratch / "log", 1000, 2000)));
}

TEST_CASE("services that log to syslog share the output of their facility and level") {
  Logs logs;
  const auto one = logs.of(to_syslog(LOG_DAEMON, LOG_INFO));
  CHECK(logs.of(to_syslog(LOG_DAEMON, LOG_INFO)) == one);
  CHECK(logs.of(to_syslog(LOG_AUTH, LOG_INFO)) != one);
  CHECK(logs.of(to_syslog(LOG_DAEMON, LOG_NOTICE)) != one);
}

TEST_CASE("what is meant for syslog goes to a file where there is no syslog, as lines of the daemon") {
  const Scratch scratch;
  ServiceLogs logs({"xsuperd", 1}, scratch / "all");
  const auto one = logs.output_for(to_syslog(LOG_DAEMON, LOG_INFO));
  REQUIRE(one.has_value());
  CHECK(*logs.output_for(to_syslog(LOG_AUTH, LOG_NOTICE)) == *one);
  CHECK(*logs.output_for(to_file(scratch / "log")) != *one);
  CHECK((*one)->write({log::Level::info, {}, "START: x"}) == log::Output::Outcome::written);
  std::ifstream file(scratch / "all");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(text.ends_with(" xsuperd[1]: INFO: START: x\n"));
}

TEST_CASE("the logs of a new configuration are opened by name again") {
  const Scratch scratch;
  Logs before;
  const auto old = before.of(to_file(scratch / "log"));
  std::filesystem::rename(scratch / "log", scratch / "log.1");
  Logs after;
  CHECK(after.of(to_file(scratch / "log")) != old);
  CHECK(std::filesystem::exists(scratch / "log"));
}

TEST_CASE("a log that cannot be opened is an error, and is tried again for the next service") {
  const Scratch scratch;
  Logs logs;
  const config::Service service = to_file(scratch / "folder/log");
  CHECK(logs.output_for(service).has_error());
  std::filesystem::create_directory(scratch / "folder");
  CHECK(logs.output_for(service).has_value());
}
