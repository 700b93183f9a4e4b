// SPDX-License-Identifier: MIT
#include "ctl/records.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

using namespace xsuperd::ctl;
namespace json = boost::json;

namespace {

struct Utc {
  Utc() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

std::string line(const char* record) {
  const Utc utc;
  return record_line(json::parse(record).as_object());
}

}  // namespace

TEST_CASE("a record is a line with time, kind, service, peer, and all other fields by their names") {
  CHECK(line(R"({"schema":1,"time":"2026-12-01T14:35:55.123456Z","event":"refuse","service":"telnet","id":"telnet-in",)"
             R"("connection_id":7,"peer":"192.0.2.7","port":4711,"reason":"address","rule":"/etc/xinetd.d/telnet:7"})") ==
        "12-01 14:35:55.123  refuse   telnet-in  from 192.0.2.7:4711  connection_id=7 reason=address rule=/etc/xinetd.d/telnet:7");
  CHECK(line(R"({"time":"2026-12-01T14:35:55.000001Z","event":"start","id":"a","peer":"2001:db8::7","port":1,"pid":9})") ==
        "12-01 14:35:55.000  start    a  from [2001:db8::7]:1  pid=9");
}

TEST_CASE("a record that concerns no service or peer has neither") {
  CHECK(line(R"({"time":"2026-12-01T14:35:55.5Z","event":"reload","outcome":"applied","errors":0})") ==
        "12-01 14:35:55.5Z  reload   outcome=applied errors=0");
  CHECK(line(R"({"time":"2026-12-01T14:35:55.000001Z","event":"ban","peer":"unix:uid=7"})") == "12-01 14:35:55.000  ban      from unix:uid=7");
}

TEST_CASE("seconds are written as in an event log") {
  const char* exit = R"({"time":"2026-12-01T14:35:55.000001Z","event":"exit","id":"a","pid":9,"duration":3.500000,"cpu_user":0.012345})";
  CHECK(line(exit) == "12-01 14:35:55.000  exit     a  pid=9 duration=3.500000 cpu_user=0.012345");
  CHECK(record_json(json::parse(exit).as_object()) == exit);
  CHECK(record_json({}) == "{}");
}

TEST_CASE("whatever a daemon says, it does nothing to the terminal") {
  CHECK(line(R"({"time":"soon","event":"odd\u001b[2J","reason":"a\nb\u0007"})").find('\x1b') == std::string::npos);
  CHECK(line("{}") == "         ");
}
