// SPDX-License-Identifier: MIT
#include "ctl/health.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

using namespace xsuperd;
using namespace xsuperd::ctl;
using Catch::Contains;

namespace {

constexpr const char* well = R"({"now":10000,"configuration":{"errors":0,"last_reload":null},
  "totals":{"accepted":9,"served":7,"refused":1,"failed":1,"running":3},"process_limit":null,"bans":2,
  "worker_failures":{"count":1,"last":9000},"descriptors":{"used":50,"limit":1024}})";

json::object service(std::string_view id, std::string_view state, int running = 0, std::string_view limit = "null") {
  const std::string text = fmt::format(R"({{"id":"{}","name":"name-of-{}","state":"{}","running":{},"limit":{},
    "last_failure":null,"counters":{{"served":4,"refused":2,"failed":1}}}})", id, id, state, running, limit);
  return json::parse(text).as_object();
}

json::object left_out(std::string_view id, std::string_view state, std::string_view why) {
  return {{"id", id}, {"name", id}, {"state", state}, {"why", why}, {"place", {{"file", "/etc/x"}, {"line", 3}}}};
}

struct Bench {
  json::object status = json::parse(well).as_object();
  std::vector<json::object> rows{service("a", "listening", 1, "10"), service("b", "listening")};
  HealthOptions options;

  [[nodiscard]] Health health() const { return health_of({{}, status}, {rows, {}}, options); }
  [[nodiscard]] std::string line() const { return line_of(health(), options); }
};

}  // namespace

TEST_CASE("All is well: one line, and numbers behind a bar") {
  const Bench bench;
  CHECK(bench.health().grade() == Grade::ok);
  CHECK(bench.line() ==
        "OK: 2 services, 3 running|services=2 running=3 fullest=10%;80;95;0;100 descriptors=50;;;0;1024 "
        "accepted=9c served=7c refused=1c failed=1c worker_failures=1c bans=2\n");
}

TEST_CASE("Each trouble of a service has its grade") {
  struct Case {
    const char* state;
    Grade grade;
    const char* says;
  };
  for (const Case& one : {Case{"closed", Grade::critical, "CRITICAL: x is closed"},
                          Case{"paused", Grade::warning, "WARNING: x is paused"},
                          Case{"held", Grade::warning, "WARNING: x is held by an administrator"},
                          Case{"drained", Grade::warning, "WARNING: x is drained by"},
                          Case{"disabled", Grade::warning, "WARNING: x is disabled by"},
                          Case{"busy", Grade::ok, "OK:"}, Case{"behind tcpmux", Grade::ok, "OK:"},
                          Case{"a state of next year", Grade::ok, "OK:"}}) {
    Bench bench;
    bench.rows.push_back(service("x", one.state));
    CAPTURE(one.state);
    CHECK(bench.health().grade() == one.grade);
    CHECK_THAT(bench.line(), Catch::StartsWith(one.says));
  }
}

TEST_CASE("A service that is closed at one of its addresses is a warning, unless somebody closed it") {
  for (const auto& [state, grade] : {std::pair{"listening", Grade::warning}, {"busy", Grade::warning}, {"paused", Grade::warning},
                                     {"disabled", Grade::warning}, {"behind tcpmux", Grade::ok}}) {
    Bench bench;
    json::object row = service("x", state);
    row["sockets"] = json::parse(R"([{"address":"127.0.0.1","port":70,"open":true,"trouble":null},
      {"address":"::1","port":70,"open":false,"trouble":"bind failed"},{"address":null,"port":7,"open":false,"trouble":null}])");
    bench.rows.push_back(row);
    CAPTURE(state);
    CHECK(bench.health().grade() == grade);
    CHECK((bench.line().find("x is closed at [::1]:70: bind failed") != std::string::npos) ==
          (std::string_view(state) == "listening" || std::string_view(state) == "busy"));
  }
}

TEST_CASE("How full a service may be is up to the ranges") {
  Bench bench;
  bench.rows = {service("x", "listening", 8, "10")};
  CHECK(bench.health().grade() == Grade::ok);
  bench.rows = {service("x", "listening", 9, "10")};
  CHECK_THAT(bench.line(), Catch::StartsWith("WARNING: x has 9 of at most 10 servers|"));
  bench.rows = {service("x", "listening", 10, "10")};
  CHECK(bench.health().grade() == Grade::critical);
  bench.options.critical = *range_of("100");
  CHECK(bench.health().grade() == Grade::warning);
  bench.options.warning = *range_of("100");
  CHECK(bench.health().grade() == Grade::ok);
  bench.options.warning = *range_of("10:");
  bench.rows = {service("x", "listening", 0, "10")};
  CHECK(bench.health().grade() == Grade::warning);
}

TEST_CASE("A limit of none, and the one server of a waiting service, fill nothing") {
  Bench bench;
  bench.rows = {service("x", "listening", 3, "0"), service("y", "busy", 1, "1"), service("z", "listening", 900)};
  CHECK(bench.health().grade() == Grade::ok);
}

TEST_CASE("The limits of the daemon count like those of services") {
  Bench bench;
  bench.status["process_limit"] = 3;
  CHECK_THAT(bench.line(), Catch::StartsWith("CRITICAL: 3 of at most 3 servers in all"));
  bench.status["process_limit"] = nullptr;
  bench.status["descriptors"] = {{"used", 900}, {"limit", 1000}};
  CHECK_THAT(bench.line(), Catch::StartsWith("WARNING: 900 of at most 1000 descriptors"));
}

TEST_CASE("Failures are told as long as they are recent") {
  Bench bench;
  bench.rows[0]["last_failure"] = 9700.0;
  CHECK_THAT(bench.line(), Catch::StartsWith("WARNING: a server of a could not be started 5m"));
  bench.rows[0]["last_failure"] = 9399.0;
  CHECK(bench.health().grade() == Grade::ok);
  bench.options.recent = 1000;
  CHECK_THAT(bench.line(), Contains("a server of a could not be started") && Contains("a worker ended"));
}

TEST_CASE("A refused reload, errors of the configuration and no service at all are told") {
  Bench bench;
  bench.status["configuration"] = {{"errors", 2}, {"last_reload", {{"at", 9940}, {"outcome", "refused"}}}};
  CHECK_THAT(bench.line(), Catch::StartsWith("WARNING: the reload 1m"));
  bench.status["configuration"] = {{"errors", 2}, {"last_reload", {{"at", 9940}, {"outcome", "applied"}}}};
  bench.rows.push_back(left_out("bad", "in error", "in error"));
  bench.rows.push_back(left_out("off", "off", "disabled"));
  CHECK_THAT(bench.line(), Catch::StartsWith("WARNING: the configuration has 2 errors: without bad|"));
  bench.rows.push_back(left_out("a", "in error", "in error"));
  CHECK_THAT(bench.line(), Catch::StartsWith("WARNING: the configuration has 2 errors: without bad; as before: a|"));
  bench.options.services = {"a"};
  CHECK_THAT(bench.line(), Catch::StartsWith("WARNING: a has an error now and keeps running as before: /etc/x:3|"));
  bench.options.services.clear();
  bench.status["configuration"] = nullptr;
  bench.rows.clear();
  CHECK_THAT(bench.line(), Catch::StartsWith("WARNING: no service is being served|"));
}

TEST_CASE("Services that are named are looked at alone, and must be there") {
  Bench bench;
  bench.rows = {service("a", "listening", 1, "10"), service("b", "closed"), left_out("off", "off", "disabled")};
  bench.status["configuration"] = {{"errors", 2}};
  bench.options.services = {"A"};
  CHECK(bench.line() == "OK: a: 1 running, 4 served|a_running=1;;;0;10 a_served=4c a_refused=2c a_failed=1c\n");
  bench.options.services = {"a", "name-of-b"};
  CHECK_THAT(bench.line(), Catch::StartsWith("CRITICAL: b is closed"));
  bench.options.services = {"off"};
  CHECK(bench.line() == "CRITICAL: off is disabled: /etc/x:3\n");
  bench.options.services = {"nobody"};
  CHECK(bench.line() == "CRITICAL: no service is named nobody\n");
  bench.options.services = {"ofl"};
  CHECK(bench.line() == "CRITICAL: no service is named ofl; did you mean 'off'?\n");
}

TEST_CASE("The gravest comes first, and of many ten are told") {
  Bench bench;
  bench.rows.clear();
  for (int i = 0; i < 12; ++i) bench.rows.push_back(service(fmt::format("s{}", i), "paused"));
  bench.rows.push_back(service("worst", "closed"));
  CHECK_THAT(bench.line(), Catch::StartsWith("CRITICAL: worst is closed") && Contains("; and 3 more|"));
}

TEST_CASE("Nothing in a name ends the text or breaks a label") {
  Bench bench;
  bench.rows = {service("a|b=c'd", "closed")};
  bench.rows[0]["id"] = "a|b=c'd e\n";
  bench.options.services = {"a|b=c'd e\n"};
  const std::string line = bench.line();
  CHECK(std::count(line.begin(), line.end(), '|') == 1);
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  CHECK_THAT(line, Contains("|'a/b_c_d e"));
}

TEST_CASE("As JSON it has the same in members") {
  Bench bench;
  bench.rows.push_back(service("x", "closed"));
  const json::object all = json_of(bench.health());
  CHECK(all.at("status") == "CRITICAL");
  CHECK(all.at("exit") == 2);
  CHECK(all.at("problems").as_array().size() == 1);
  CHECK(all.at("problems").at(0).at("service") == "x");
  CHECK(all.at("measures").at("descriptors") == 50);
}

TEST_CASE("A daemon that tells little is not taken for ill") {
  const Answer rows{{json::parse(R"({"id":"x","counters":{}})").as_object()}, {}};
  CHECK(health_of({}, rows, {}).grade() == Grade::ok);
}

TEST_CASE("Ranges are those of monitoring plug-ins") {
  struct Case {
    const char* text;
    double value;
    bool alarms;
  };
  for (const Case& one : {Case{"10", 10, false}, Case{"10", 11, true}, Case{"10", -1, true}, Case{"10:", 9, true},
                          Case{"10:", 1e9, false}, Case{"~:10", -5, false}, Case{"~:10", 10.5, true},
                          Case{"10:20", 15, false}, Case{"@10:20", 15, true}, Case{"@10:20", 21, false}}) {
    CAPTURE(one.text, one.value);
    REQUIRE(range_of(one.text).has_value());
    CHECK(range_of(one.text)->alarms(one.value) == one.alarms);
  }
  for (const char* text : {"", "x", "20:10", "1:2:3", "80%", "@", "nan", "inf", " 5"}) {
    CAPTURE(text);
    CHECK_FALSE(range_of(text).has_value());
  }
}

TEST_CASE("Counters of any size are added up") {
  const auto row = json::parse(R"({"id":"x","name":"x","running":9223372036854775807,"limit":0,
                                  "counters":{"served":9223372036854775807,"refused":-9223372036854775808}})").as_object();
  HealthOptions options;
  options.services = {"x"};
  const Health health = health_of({}, {{row, row}, {}}, options);
  const auto served = std::find_if(health.measures.begin(), health.measures.end(), [](const Measure& m) { return m.label == "x_served"; });
  REQUIRE(served != health.measures.end());
  CHECK(served->value == Approx(9223372036854775807.0));
}

TEST_CASE("Certificates that end soon, or were not renewed, are told in time") {
  Bench bench;
  const auto with = [&](double until, const char* more = "") {
    json::object row = service("web", "listening");
    row["certificates"] = json::parse(fmt::format(R"([{{"host":null,"subject":"web","names":[],"issuer":"CN=us","serial":"01","sha256":"","until":{}}}{}])", until, more));
    bench.rows = {row};
    return bench.line().substr(0, bench.line().find('|'));
  };
  constexpr double day = 24 * 3600, now = 10000;
  CHECK(with(now + 15 * day).starts_with("OK: "));
  CHECK(with(now + 13.5 * day) == "WARNING: web: its certificate ends in 13d12h");
  CHECK(with(now - 3600) == "CRITICAL: web: its certificate has expired 1h00m ago");
  CHECK_THAT(with(now + 15 * day, R"(,{"host":"a.example","subject":"a","names":[],"issuer":"","serial":"","sha256":"","until":10060})"),
             Contains("web: its certificate for a.example ends in 1m"));
  bench.rows = {service("web", "listening")};
  bench.rows[0]["not_renewed"] = "Service web: /c: has expired";
  CHECK_THAT(bench.line(), Contains("WARNING: web keeps its old certificates: Service web: /c: has expired"));
}
